//! Which engine a transaction runs on, and the macros that run one text on either.
//!
//! A body is expanded once a driver. Reads are [`find`] and [`list`]; writes are [`change`], [`change_many`], [`take`] and [`take_all`],
//! which refuse in a snapshot; [`change_or`] and [`take_or`] translate what fails in another way than the rest. Texts that are put
//! together are [`Text`](crate::text::Text)s.

use sqlx::{Sqlite, Transaction};

use crate::postgres::Lease;
use crate::turn::Turn;

/// An open transaction of either engine. Dropped, it rolls back.
pub(crate) enum Connection {
    /// SQLite: the turn to write. Statements run in place.
    Turn(Turn),
    /// SQLite: a moment that is only read. Statements run on the driver's thread, since what they read may be long.
    Snapshot(Transaction<'static, Sqlite>),
    /// PostgreSQL.
    Postgres(Lease),
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

/// Runs `$in_place` on a turn, or `$statement`, one statement of sqlx, on a connection of either engine.
macro_rules! run {
    ($tx:expr, |$turn:ident| $in_place:expr, |$connection:ident| $statement:expr) => {
        match &mut $tx.connection {
            $crate::engine::Connection::Turn($turn) => $in_place,
            $crate::engine::Connection::Snapshot(transaction) => {
                let $connection = &mut **transaction;
                $statement.map_err($crate::error::Failure::from)
            }
            $crate::engine::Connection::Postgres(lease) => {
                $crate::engine::on_postgres!(lease, |$connection| $statement).map_err($crate::error::Failure::from)
            }
        }
    };
}

/// Reads at most one row.
macro_rules! find {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::find_or!($crate::error::from_driver, $tx, $row, $sql $(, $bind)*)
    };
}

/// Reads at most one row, and translates what fails by `$translate`.
macro_rules! find_or {
    ($translate:path, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)*) => {
        $crate::engine::run!($tx, |turn| turn.find::<$row>($sql, &[$(&$bind),*]),
            |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(c).await)
            .map_err($translate)
    };
}

/// Reads the rows of a text that limits their number.
macro_rules! list {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::run!($tx, |turn| turn.list::<$row>($sql, &[$(&$bind),*]),
            |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(c).await)
            .map_err($crate::error::from_driver)
    };
}

/// Writes; how many rows were touched.
macro_rules! change {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::change_or!($crate::error::from_driver, $tx, $sql $(, $bind)*)
    };
}

/// Writes, and translates what fails by `$translate`; how many rows were touched.
macro_rules! change_or {
    ($translate:path, $tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::run!($tx, |turn| turn.change($sql, &[$(&$bind),*]),
            |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
            .map_err($translate)
    }};
}

/// Writes what may be very many rows; how many were touched.
macro_rules! change_many {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::run!($tx, |turn| {
            let values = vec![$($crate::turn::owned(&$bind).map_err($crate::error::from_driver)?),*];
            turn.change_at_length($sql.into(), values).await
        }, |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
            .map_err($crate::error::from_driver)
    }};
}

/// Writes at most one row and reads it back.
macro_rules! take {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::engine::take_or!($crate::error::from_driver, $tx, $row, $sql $(, $bind)*)
    };
}

/// Writes at most one row and reads it back, and translates what fails by `$translate`.
macro_rules! take_or {
    ($translate:path, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::find_or!($translate, $tx, $row, $sql $(, $bind)*)
    }};
}

/// Writes rows and reads them back.
macro_rules! take_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        $tx.writing()?;
        $crate::engine::list!($tx, $row, $sql $(, $bind)*)
    }};
}

pub(crate) use {change, change_many, change_or, find, find_or, list, on_postgres, run, take, take_all, take_or};
