//! Which engine a transaction runs on, and the macros that run one text on either.
//!
//! A body is expanded once an engine: the compiler sees two ordinary sqlx calls, and the reader one. Reads are [`find`] and
//! [`list`]; writes are [`change`], [`take`] and [`take_all`], which refuse in a snapshot.

use std::sync::Arc;

use sqlx::{Sqlite, Transaction};
use tokio::sync::OwnedMutexGuard;

use crate::flush::Flusher;
use crate::hot::Readers;
use crate::postgres::Lease;

/// An open transaction of either engine.
pub(crate) enum Connection {
    /// SQLite. The guard is the turn at the gate; a snapshot needs none. Fields drop in order: first the rollback, then the turn.
    Sqlite {
        transaction: Transaction<'static, Sqlite>,
        turn: Option<OwnedMutexGuard<()>>,
        /// What reads for it, until its first statement; none in a snapshot, whose moment is its own.
        in_place: Option<Arc<Readers>>,
        /// What brings its commit to the disk; none in a snapshot.
        flusher: Option<Arc<Flusher>>,
    },
    /// PostgreSQL. Dropped, it rolls back.
    Postgres(Lease),
}

impl Connection {
    /// What reads for this transaction without a hop to the driver's thread, where the answer is the same: whoever has the one
    /// writer's lock of SQLite and has written nothing sees what was committed last, and nobody else can commit.
    pub(crate) fn in_place(&self) -> Option<&Readers> {
        match self {
            Self::Sqlite { in_place, .. } => in_place.as_deref(),
            Self::Postgres(_) => None,
        }
    }
}

/// Expands `$body` once an engine, with `$connection` bound to its connection and `Engine` naming it.
macro_rules! on_engine {
    ($tx:expr, |$connection:ident| $body:expr) => {
        match &mut $tx.connection {
            $crate::engine::Connection::Sqlite { transaction, in_place, .. } => {
                // It may write: from here on only the transaction itself knows what it sees.
                *in_place = None;
                #[allow(dead_code, reason = "only dynamic texts need the name")]
                type Engine = sqlx::Sqlite;
                let $connection = &mut **transaction;
                $body
            }
            $crate::engine::Connection::Postgres(lease) => {
                #[allow(dead_code, reason = "only dynamic texts need the name")]
                type Engine = sqlx::Postgres;
                $crate::engine::on_postgres!(lease, |$connection| $body)
            }
        }
    };
}

/// Runs `$body`, one statement, on a lease, in bounded time. A value that cannot be bound is the error of whoever asks.
macro_rules! on_postgres {
    ($lease:expr, |$connection:ident| $body:expr) => {{
        let lease: &mut $crate::postgres::Lease = $lease;
        let work = async {
            let $connection = &mut **lease;
            Ok::<_, countersign_store::Error>($body)
        };
        let done = $crate::postgres::in_time(work).await?;
        lease.heed(&done);
        done
    }};
}

/// Reads at most one row.
macro_rules! find {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::on_engine!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(c).await)
            .map_err($crate::error::from_sqlx)
    };
}

/// Reads the rows of a text that limits their number.
macro_rules! list {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::on_engine!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(c).await)
            .map_err($crate::error::from_sqlx)
    };
}

/// Writes; how many rows were touched.
macro_rules! change {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::on_engine!($tx, |c| sqlx::query($sql)$(.bind($bind))*
            .execute(c).await.map(|done| done.rows_affected()))
            .map_err($crate::error::from_sqlx)
    }};
}

/// Writes at most one row and reads it back.
macro_rules! take {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::find!($tx, $row, $sql $(, $bind)*)
    }};
}

/// Writes rows and reads them back.
macro_rules! take_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::list!($tx, $row, $sql $(, $bind)*)
    }};
}

pub(crate) use {change, find, list, on_engine, on_postgres, take, take_all};
