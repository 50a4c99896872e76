//! PostgreSQL: a pool for transactions, a small one for the hot path, and the server's clock.

mod address;
mod lease;
mod listener;

use std::time::Duration;

use countersign_kernel::{Secret, Timestamp};
use countersign_store::Error;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

pub use address::PostgresAddress;
pub(crate) use lease::{Lease, in_time};
pub use listener::RevocationListener;

use crate::clock::DatabaseClock;
use crate::engine::{Connection, on_postgres};
use crate::error::{OpenError, from_sqlx, unavailable};
use crate::mark;
use crate::measure::{self, PoolReading};
use crate::migrate;
use crate::open::Options;

/// How long a connection is waited for.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const BEGIN: &str = "BEGIN";
const BEGIN_TO_READ: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What no statement of ours comes near; a stuck one must not hold its locks, nor a node that has vanished its rows.
const TIMEOUTS: [(&str, &str); 3] =
    [("statement_timeout", "5s"), ("lock_timeout", "4s"), ("idle_in_transaction_session_timeout", "10s")];

/// Whether the server takes writes comes with the clock: a standby, or a server that was closed to them, lets a transaction begin.
const CLOCK_AND_DOOR: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT), \
                              current_setting('transaction_read_only') = 'on'";

pub(crate) const CLOCK: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

pub(crate) struct Postgres {
    pool: PgPool,
    /// Commits are durable a moment after they are acknowledged (DESIGN section 8): for refreshes alone.
    pub(crate) hot: PgPool,
    /// What connections are made with.
    base: Box<PgConnectOptions>,
}

impl Postgres {
    pub(crate) async fn open(url: &Secret<String>, options: &Options) -> Result<Self, OpenError> {
        let base = connect_options(url)?;
        // A migration may take longer than any statement of ours.
        let mut connection = connect(&base).await?;
        if !options.accepts_unfinished && mark::is_unfinished(&mut connection).await? {
            return Err(OpenError::Unfinished);
        }
        migrate::postgres(&mut connection).await?;
        connection.close().await.map_err(from_sqlx)?;

        let base = base.options(TIMEOUTS);
        let pool = sized(options.connections).connect_lazy_with(base.clone());
        // A dead connection is found by the refresh that uses it, which is answered 503 and comes again; asking first would
        // cost each refresh a second trip.
        let hot = sized(options.hot_connections).test_before_acquire(false);
        let hot = hot.connect_lazy_with(base.clone().options([("synchronous_commit", "off")]));
        Ok(Self { pool, hot, base: Box::new(base) })
    }

    /// Begins to write, and the moment of that.
    pub(crate) async fn begin(&self, clock: &DatabaseClock) -> Result<(Connection, Timestamp), Error> {
        let mut lease = Lease::begin(&self.pool, BEGIN).await.map_err(from_sqlx)?;
        if !clock.asks_server() {
            return Ok((Connection::Postgres(lease), clock.now()));
        }
        let (micros, is_closed): (i64, bool) =
            on_postgres!(&mut lease, |c| sqlx::query_as(CLOCK_AND_DOOR).fetch_one(c).await).map_err(from_sqlx)?;
        if is_closed {
            return Err(unavailable("the server takes no writes: it is a standby, or closed to them"));
        }
        Ok((Connection::Postgres(lease), Timestamp::from_micros(micros)))
    }

    /// Begins to read, all from one moment.
    pub(crate) async fn snapshot(&self, clock: &DatabaseClock) -> Result<(Connection, Timestamp), Error> {
        let mut lease = Lease::begin(&self.pool, BEGIN_TO_READ).await.map_err(from_sqlx)?;
        let now = if clock.asks_server() { read_clock(&mut lease).await? } else { clock.now() };
        Ok((Connection::Postgres(lease), now))
    }

    /// Measures how far the server's clock is ahead.
    pub(crate) async fn measure(&self, clock: &DatabaseClock) -> Result<(), Error> {
        let mut lease = Lease::take(&self.pool).await.map_err(from_sqlx)?;
        let mut samples = Vec::new();
        for _ in 0..3 {
            let asked = clock.local();
            let server = read_clock(&mut lease).await?;
            samples.push((asked, server, clock.local()));
        }
        clock.set_from(&samples);
        Ok(())
    }

    /// Whoever listens for revocations.
    pub(crate) fn listener(&self) -> RevocationListener {
        RevocationListener::new(self.base.as_ref().clone())
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

async fn read_clock(lease: &mut Lease) -> Result<Timestamp, Error> {
    let micros: i64 = on_postgres!(lease, |c| sqlx::query_scalar(CLOCK).fetch_one(c).await).map_err(from_sqlx)?;
    Ok(Timestamp::from_micros(micros))
}

/// A connection of its own, whose statements may take as long as they need.
pub(crate) async fn connect_alone(url: &Secret<String>) -> Result<PgConnection, OpenError> {
    connect(&connect_options(url)?).await
}

/// Whether a migration was ever run on this database. Changes nothing.
pub(crate) async fn is_made(url: &Secret<String>) -> Result<bool, OpenError> {
    let mut connection = connect(&connect_options(url)?).await?;
    let made = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    let made = in_time(async { Ok::<_, Error>(made.fetch_one(&mut connection).await) }).await?.map_err(from_sqlx)?;
    connection.close().await.map_err(from_sqlx)?;
    Ok(made)
}

fn connect_options(url: &Secret<String>) -> Result<PgConnectOptions, OpenError> {
    let base = PostgresAddress::parse(url)?.into_options();
    let base = if base.get_application_name().is_none() { base.application_name("countersign") } else { base };
    Ok(sqlx::ConnectOptions::disable_statement_logging(base))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(options)).await {
        Ok(connected) => Ok(connected.map_err(from_sqlx)?),
        Err(_) => Err(unavailable("the server did not answer within 10 s").into()),
    }
}

fn sized(connections: u32) -> PoolOptions<sqlx::Postgres> {
    PoolOptions::new().max_connections(connections.max(1)).acquire_timeout(ACQUIRE_TIMEOUT)
}
