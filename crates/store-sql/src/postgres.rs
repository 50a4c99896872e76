//! PostgreSQL: a pool for transactions, a small one for the hot path, and the server's clock.

use std::str::FromStr;
use std::time::Duration;

use countersign_kernel::{Secret, Timestamp};
use countersign_store::Error;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{Connection as _, PgConnection, PgExecutor};
use tokio::time::timeout;

use crate::clock::DatabaseClock;
use crate::engine::Connection;
use crate::error::{OpenError, from_sqlx};
use crate::measure::{self, PoolReading};
use crate::migrate;
use crate::open::Options;

/// How long a connection is waited for.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// What no statement of ours comes near; a stuck one must not hold its locks, nor a node that has vanished its rows.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "5s"), ("lock_timeout", "4s"), ("idle_in_transaction_session_timeout", "10s")];

const CLOCK: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

pub(crate) struct Postgres {
    pool: PgPool,
    /// Commits are durable a moment after they are acknowledged (DESIGN section 8): for refreshes alone.
    pub(crate) hot: PgPool,
}

impl Postgres {
    pub(crate) async fn open(url: &Secret<String>, options: &Options) -> Result<Self, OpenError> {
        let base = PgConnectOptions::from_str(url.expose()).map_err(|error| OpenError::Address(Box::new(error)))?;
        let base = if base.get_application_name().is_none() { base.application_name("countersign") } else { base };
        let base = sqlx::ConnectOptions::disable_statement_logging(base);

        // A migration may take longer than any statement of ours.
        let mut connection = PgConnection::connect_with(&base).await.map_err(from_sqlx)?;
        migrate::postgres(&mut connection).await?;
        connection.close().await.map_err(from_sqlx)?;

        let base = base.options(TIMEOUTS);
        let pool = sized(options.connections).connect_lazy_with(base.clone());
        // A dead connection is found by the refresh that uses it, which is answered 503 and comes again; asking first would
        // cost each refresh a second trip.
        let hot = sized(options.hot_connections).test_before_acquire(false);
        let hot = hot.connect_lazy_with(base.options([("synchronous_commit", "off")]));
        Ok(Self { pool, hot })
    }

    /// Begins to write, and the moment of that.
    pub(crate) async fn begin(&self, clock: &DatabaseClock) -> Result<(Connection, Timestamp), Error> {
        let mut transaction = self.pool.begin().await.map_err(from_sqlx)?;
        let now = if clock.asks_server() { read_clock(&mut *transaction).await? } else { clock.now() };
        Ok((Connection::Postgres(transaction), now))
    }

    /// Begins to read, all from one moment.
    pub(crate) async fn snapshot(&self, clock: &DatabaseClock) -> Result<(Connection, Timestamp), Error> {
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = self.pool.begin_with(begin).await.map_err(from_sqlx)?;
        let now = if clock.asks_server() { read_clock(&mut *transaction).await? } else { clock.now() };
        Ok((Connection::Postgres(transaction), now))
    }

    /// Measures how far the server's clock is ahead.
    pub(crate) async fn measure(&self, clock: &DatabaseClock) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let mut samples = Vec::new();
        for _ in 0..3 {
            let asked = clock.local();
            let server = read_clock(&mut *connection).await?;
            samples.push((asked, server, clock.local()));
        }
        clock.set_from(&samples);
        Ok(())
    }

    /// How full its pools are.
    pub(crate) fn pools(&self) -> Vec<PoolReading> {
        vec![measure::pool("transactions", &self.pool), measure::pool("hot", &self.hot)]
    }

    pub(crate) async fn close(&self) {
        // A transaction that somebody still holds must not keep the process from ending.
        let both = async {
            self.hot.close().await;
            self.pool.close().await;
        };
        let _ = timeout(ACQUIRE_TIMEOUT, both).await;
    }
}

async fn read_clock(executor: impl PgExecutor<'_>) -> Result<Timestamp, Error> {
    let micros: i64 = sqlx::query_scalar(CLOCK).fetch_one(executor).await.map_err(from_sqlx)?;
    Ok(Timestamp::from_micros(micros))
}

fn sized(connections: u32) -> PoolOptions<sqlx::Postgres> {
    PoolOptions::new().max_connections(connections.max(1)).acquire_timeout(ACQUIRE_TIMEOUT)
}
