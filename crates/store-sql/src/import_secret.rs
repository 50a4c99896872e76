//! Keeps secrets of other systems.

use async_trait::async_trait;
use countersign_store::{Error, ImportSecret, ImportSecrets};

use crate::engine::{change, find};
use crate::row::{micros, moment, row};
use crate::tx::SqlTx;

const KEEP: &str =
    "INSERT INTO import_secrets (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
const FIND: &str = "SELECT name, sealed, created_at FROM import_secrets WHERE name = $1";

row! {
    struct ImportSecretRow {
        name: String,
        sealed: Vec<u8>,
        created_at: i64,
    }
}

impl From<ImportSecretRow> for ImportSecret {
    fn from(row: ImportSecretRow) -> Self {
        Self { name: row.name, sealed: row.sealed, created_at: moment(row.created_at) }
    }
}

#[async_trait]
impl ImportSecrets for SqlTx {
    async fn keep_import_secret(&mut self, secret: &ImportSecret) -> Result<bool, Error> {
        let (name, sealed) = (secret.name.as_str(), secret.sealed.as_slice());
        Ok(change!(self, KEEP, name, sealed, micros(secret.created_at))? == 1)
    }

    async fn find_import_secret(&mut self, name: &str) -> Result<Option<ImportSecret>, Error> {
        Ok(find!(self, ImportSecretRow, FIND, name)?.map(ImportSecret::from))
    }
}
