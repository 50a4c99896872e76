//! The marks that a move leaves (docs/design/moving.md), as whoever opens a database reads them.

use countersign_store::Error;
use sqlx::{PgConnection, SqliteConnection};

use crate::error::from_sqlx;

/// The table of the mark in the file.
pub(crate) const SOURCE_MARK: &str = "moved_to";

/// The table of the mark in the target.
pub(crate) const TARGET_MARK: &str = "unfinished_move";

/// Whether the file is closed, for the reads of a running server.
pub(crate) const IS_MOVED: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved_to')";

/// Where the file was moved to, if it was.
pub(crate) async fn moved_to(connection: &mut SqliteConnection) -> Result<Option<String>, Error> {
    let is_moved: bool = sqlx::query_scalar(IS_MOVED).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    if !is_moved {
        return Ok(None);
    }
    let target = sqlx::query_scalar("SELECT target FROM moved_to").fetch_optional(connection).await;
    Ok(Some(target.map_err(from_sqlx)?.unwrap_or_default()))
}

/// Whether a database is the copy of a move that was not finished.
pub(crate) async fn is_unfinished(connection: &mut PgConnection) -> Result<bool, Error> {
    let found = sqlx::query_scalar("SELECT to_regclass('unfinished_move') IS NOT NULL").fetch_one(connection).await;
    found.map_err(from_sqlx)
}
