//! Keeps roots.

use async_trait::async_trait;
use countersign_store::{Error, Root, Roots};

use crate::engine::{change, find};
use crate::error::refused;
use crate::row::{micros, moment, row};
use crate::tx::SqlTx;

const KEEP: &str = "INSERT INTO roots (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
const FIND: &str = "SELECT name, sealed, created_at FROM roots WHERE name = $1";

row! {
    struct RootRow {
        name: String,
        sealed: Vec<u8>,
        created_at: i64,
    }
}

impl From<RootRow> for Root {
    fn from(row: RootRow) -> Self {
        Self { name: row.name, sealed: row.sealed, created_at: moment(row.created_at) }
    }
}

#[async_trait]
impl Roots for SqlTx {
    async fn keep_root(&mut self, root: &Root) -> Result<Root, Error> {
        change!(self, KEEP, root.name.as_str(), root.sealed.as_slice(), micros(root.created_at))?;
        self.find_root(&root.name).await?.ok_or_else(|| refused("the root is gone that was there a moment ago"))
    }

    async fn find_root(&mut self, name: &str) -> Result<Option<Root>, Error> {
        Ok(find!(self, RootRow, FIND, name)?.map(Root::from))
    }
}
