//! What a move writes into the file beside its data: the mark, and the fence.
//!
//! The fence is a trigger on every table. It holds for whoever has the file open, a server of today or of an older version: what was
//! prepared before is prepared anew, and refused.

use aws_lc_rs::digest::{Context, SHA256};
use countersign_kernel::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::error::MoveError;
use super::table::{Table, finished, quoted};
use crate::error::from_rusqlite;
use crate::mark::IS_MOVED;
use crate::row::micros;

/// What the triggers of the fence begin with.
const FENCE: &str = "moved_to_fence_";

/// The mark of a file that was moved.
pub(super) struct Mark {
    pub(super) id: Uuid,
    pub(super) to: String,
}

/// The mark of the file, if it has one.
pub(super) fn find(connection: &Connection) -> Result<Option<Mark>, MoveError> {
    let is_moved: bool = connection.query_row(IS_MOVED, [], |row| row.get(0)).map_err(from_rusqlite)?;
    if !is_moved {
        return Ok(None);
    }
    let read = |row: &rusqlite::Row<'_>| Ok(Mark { id: row.get(0)?, to: row.get(1)? });
    let found = connection.query_row("SELECT move_id, target FROM moved_to", [], read).optional();
    Ok(found.map_err(from_rusqlite)?)
}

/// What tells this installation from others: a hash of its sealed refresh root.
pub(super) fn installation(connection: &Connection) -> Result<[u8; 32], MoveError> {
    let root = connection.query_row("SELECT sealed FROM roots WHERE name = 'refresh'", [], |row| row.get(0)).optional();
    let root: Option<Vec<u8>> = root.map_err(from_rusqlite)?;
    Ok(installation_of(&root.unwrap_or_default()))
}

/// The same, of a sealed refresh root.
pub(super) fn installation_of(sealed: &[u8]) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    digest.update(b"countersign installation 1\0");
    digest.update(sealed);
    finished(digest)
}

/// Marks the file, puts the fence around every table, and commits.
pub(super) fn close(
    connection: &Connection,
    tables: &[Table],
    id: Uuid,
    to: &str,
    now: Timestamp,
) -> Result<(), MoveError> {
    let closed = || -> rusqlite::Result<()> {
        connection.execute_batch(
            "CREATE TABLE moved_to (only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row), move_id UUID NOT NULL, \
             target TEXT NOT NULL, moved_at BIGINT NOT NULL)",
        )?;
        connection.execute(
            "INSERT INTO moved_to (only_row, move_id, target, moved_at) VALUES (TRUE, ?1, ?2, ?3)",
            (id, to, micros(now)),
        )?;
        for table in tables {
            for act in ["INSERT", "UPDATE", "DELETE"] {
                let name = quoted(&format!("{FENCE}{}_{}", table.name, act.to_lowercase()));
                connection.execute_batch(&format!(
                    "CREATE TRIGGER {name} BEFORE {act} ON {} BEGIN SELECT RAISE(ABORT, 'the database was moved'); END",
                    quoted(&table.name)
                ))?;
            }
        }
        connection.execute_batch("COMMIT")
    };
    Ok(closed().map_err(from_rusqlite)?)
}

/// Takes mark and fence away, and commits.
pub(super) fn open_again(connection: &Connection) -> Result<(), MoveError> {
    let opened = || -> rusqlite::Result<()> {
        let fence = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1";
        let names: Vec<String> =
            connection.prepare(fence)?.query_map([FENCE], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            connection.execute_batch(&format!("DROP TRIGGER {}", quoted(&name)))?;
        }
        connection.execute_batch("DROP TABLE moved_to; COMMIT")
    };
    Ok(opened().map_err(from_rusqlite)?)
}
