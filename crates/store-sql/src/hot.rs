//! What does not go the ordinary way (docs/design/hot-path.md): the statements of a refresh, and what a transaction reads before it
//! writes.
//!
//! On SQLite they do not go through sqlx, whose hop to a thread and back costs several times the statement: reads run where
//! they are asked for, on a few connections of their own; writes go to one thread that commits up to 64 of them at once. On
//! PostgreSQL they are one statement each, on connections that do not wait for the disk.

pub(crate) mod postgres;
mod read;
mod row;
pub(crate) mod sql;
mod write;

pub(crate) use read::Readers;
pub(crate) use write::Writer;
