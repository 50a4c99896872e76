//! The tables as the file's own schema tells them: nobody keeps a list that could lack one.

use aws_lc_rs::digest::Context;
use rusqlite::Connection;

use super::error::MoveError;
use crate::error::from_rusqlite;
use crate::mark::SOURCE_MARK;

/// The migrations of a database are its engine's own.
pub(super) const MIGRATIONS: &str = "_sqlx_migrations";

/// Where the audit trail is.
pub(super) const AUDIT_RECORDS: &str = "audit_records";

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key, in its order.
    key: Vec<Column>,
    /// The tables that its rows point to.
    parents: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The five types of columns (docs/design/one-sql-text.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Bytes,
    Text,
    Number,
    Truth,
}

impl Kind {
    fn of_declared(declared: &str) -> Option<Self> {
        match declared {
            "UUID" => Some(Self::Uuid),
            "BYTEA" => Some(Self::Bytes),
            "TEXT" => Some(Self::Text),
            "BIGINT" => Some(Self::Number),
            "BOOLEAN" => Some(Self::Truth),
            _ => None,
        }
    }

    /// What PostgreSQL calls it in `information_schema`.
    pub(super) const fn in_postgres(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Bytes => "bytea",
            Self::Text => "text",
            Self::Number => "bigint",
            Self::Truth => "boolean",
        }
    }
}

impl Table {
    /// Its columns, quoted, for a statement of either engine.
    pub(super) fn list(&self) -> String {
        self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }

    /// Its key for `ORDER BY`: the order of bytes, on both engines.
    pub(super) fn order(&self, of_text: &str) -> String {
        let one = |column: &Column| match column.kind {
            Kind::Text => format!("{}{of_text}", quoted(&column.name)),
            _ => quoted(&column.name),
        };
        self.key.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Whether the move itself writes to it.
    pub(super) fn is_audit(&self) -> bool {
        self.name == AUDIT_RECORDS
    }

    /// How many rows the file has of it.
    pub(super) fn count(&self, connection: &Connection) -> Result<u64, MoveError> {
        count(connection, &self.name)
    }
}

/// Every table of the file, those that others point to first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Table>, MoveError> {
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut waiting = Vec::new();
    for name in texts(connection, names, "")? {
        if name != MIGRATIONS && name != SOURCE_MARK {
            waiting.push(table(connection, name)?);
        }
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let (ready, rest): (Vec<Table>, Vec<Table>) =
            waiting.into_iter().partition(|table| table.parents.iter().all(|p| *p == table.name || is_there(p)));
        if ready.is_empty() {
            return Err(MoveError::Shape("tables point to each other in a circle".to_owned()));
        }
        ordered.extend(ready);
        waiting = rest;
    }
    Ok(ordered)
}

/// How many audit records the file has.
pub(super) fn audit_records(connection: &Connection) -> Result<u64, MoveError> {
    count(connection, AUDIT_RECORDS)
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn finished(digest: Context) -> [u8; 32] {
    // SHA-256 is as long as that.
    digest.finish().as_ref().try_into().unwrap_or_default()
}

fn table(connection: &Connection, name: String) -> Result<Table, MoveError> {
    let about = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
    let mut statement = connection.prepare(about).map_err(from_rusqlite)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?));
    let found = statement.query_map([&name], read).map_err(from_rusqlite)?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for column in found {
        let (column, declared, place) = column.map_err(from_rusqlite)?;
        let kind = Kind::of_declared(&declared)
            .ok_or_else(|| MoveError::Shape(format!("{name}.{column} is of the type {declared}")))?;
        let column = Column { name: column, kind };
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push(column);
    }
    key.sort_by_key(|(place, _)| *place);
    if key.is_empty() {
        return Err(MoveError::Shape(format!("{name} has no key")));
    }
    let parents = texts(connection, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)", &name)?;
    Ok(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect(), parents })
}

fn texts(connection: &Connection, text: &str, about: &str) -> Result<Vec<String>, MoveError> {
    let mut statement = connection.prepare(text).map_err(from_rusqlite)?;
    let about: &[&str] = if about.is_empty() { &[] } else { &[about] };
    let found = statement.query_map(rusqlite::params_from_iter(about), |row| row.get(0)).map_err(from_rusqlite)?;
    Ok(found.collect::<Result<_, _>>().map_err(from_rusqlite)?)
}

fn count(connection: &Connection, name: &str) -> Result<u64, MoveError> {
    let text = format!("SELECT count(*) FROM {}", quoted(name));
    let count: i64 = connection.query_row(&text, [], |row| row.get(0)).map_err(from_rusqlite)?;
    Ok(count.unsigned_abs())
}
