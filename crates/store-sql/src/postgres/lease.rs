//! Connections on loan from a pool.
//!
//! Promises: no wait for the server is endless, whatever it does, also where it has stopped to answer and the network says nothing of
//! that; a connection that has failed is closed at once; whoever goes away in the middle leaves neither an open transaction nor a
//! place in the pool behind.

use std::future::Future;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection as _, Executor as _, Postgres};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long one statement may take, a little more than the server gives it: where the server can still say why, it does.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

/// A connection on loan. Dropped, it goes back, without what was begun on it.
pub(crate) struct Lease {
    /// None when it has gone back.
    connection: Option<PoolConnection<Postgres>>,
    state: State,
}

/// What has to be done before somebody else may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    Idle,
    /// The answer to a statement may be on its way.
    Asked,
    /// A transaction is open.
    Begun,
    /// It is of no use to anybody.
    Lost,
}

impl Lease {
    /// The next free connection, for one statement.
    pub(crate) async fn take(pool: &PgPool) -> Result<Self, sqlx::Error> {
        // Bounded by the pool itself.
        Ok(Self { connection: Some(pool.acquire().await?), state: State::Asked })
    }

    /// The next free connection, with a transaction that `statement` has begun.
    pub(crate) async fn begin(pool: &PgPool, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut lease = Self { connection: Some(pool.acquire().await?), state: State::Begun };
        lease.run(statement).await?;
        Ok(lease)
    }

    /// Ends the transaction. Where this fails, nobody knows whether it was committed, save that an answer of the server's says so.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.run("COMMIT").await?;
        self.state = State::Idle;
        Ok(())
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let silent = |_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into()));
        let done = timeout(PATIENCE, self.execute(statement)).await.unwrap_or_else(silent).map(drop);
        self.heed(&done);
        done
    }

    /// Learns from what became of a statement.
    pub(crate) fn heed<T>(&mut self, done: &Result<T, sqlx::Error>) {
        match done {
            Ok(_) | Err(sqlx::Error::Database(_)) if self.state == State::Asked => self.state = State::Idle,
            Err(sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) => self.state = State::Lost,
            _ => {}
        }
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "dropping alone takes it, and nobody sees it afterwards")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "dropping alone takes it, and nobody sees it afterwards")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let state = self.state;
        match (state, Handle::try_current()) {
            (State::Idle, Ok(_)) => drop(connection),
            (State::Asked | State::Begun, Ok(runtime)) => {
                runtime.spawn(async move {
                    let tidied = async {
                        match state {
                            State::Begun => connection.execute("ROLLBACK").await.map(drop),
                            _ => connection.ping().await,
                        }
                    };
                    if !matches!(timeout(PATIENCE, tidied).await, Ok(Ok(()))) {
                        drop(connection.detach());
                    }
                });
            }
            // What is on the wire is of no use, or nobody is left to tidy up.
            (State::Lost, _) | (_, Err(_)) => drop(connection.detach()),
        }
    }
}

/// Waits for the answer to one statement, for as long as anybody does. An error of another kind goes through.
pub(crate) async fn in_time<T, E>(
    work: impl Future<Output = Result<Result<T, sqlx::Error>, E>>,
) -> Result<Result<T, sqlx::Error>, E> {
    let silent = |_| Ok(Err(sqlx::Error::Io(ErrorKind::TimedOut.into())));
    timeout(PATIENCE, work).await.unwrap_or_else(silent)
}
