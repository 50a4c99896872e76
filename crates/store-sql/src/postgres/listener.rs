//! Listens for the news that something was revoked.
//!
//! Each transaction that takes numbers tells so (`NOTIFY`, at its commit). Nothing hangs on it: whatever is not heard is found by its
//! number a moment later (DESIGN section 2).

use std::time::Duration;

use countersign_store::Error;
use sqlx::postgres::{PgConnectOptions, PgListener};
use sqlx::{Executor as _, PgPool};
use tokio::time::timeout;

use super::{CONNECT_TIMEOUT, sized};
use crate::error::{from_sqlx, unavailable};

/// Hears what other processes say. Has a connection of its own, apart from the pools.
#[derive(Debug)]
pub struct RevocationListener {
    pool: PgPool,
}

impl RevocationListener {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { pool: sized(1).connect_lazy_with(options) }
    }

    /// Calls `heard` once it listens, with `false`, because of what was said before nothing was heard; and whenever somebody who
    /// shares the database has revoked something, this process included, with `true`. Returns when it can hear no longer: listen
    /// anew.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where the server does not let us listen.
    pub async fn listen(&self, heard: impl Fn(bool)) -> Result<(), Error> {
        let listening = timeout(CONNECT_TIMEOUT, self.begin()).await;
        let mut listener =
            listening.map_err(|_| unavailable("the server did not answer within 10 s"))?.map_err(from_sqlx)?;
        heard(false);
        loop {
            match timeout(QUIET, listener.try_recv()).await {
                Ok(Ok(Some(_))) => heard(true),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(from_sqlx(error)),
                // A connection that was cut in the middle says nothing either.
                Err(_) => match timeout(CONNECT_TIMEOUT, listener.execute("SELECT 1")).await {
                    Ok(answered) => {
                        answered.map_err(from_sqlx)?;
                    }
                    Err(_) => return Err(unavailable("the server has fallen silent")),
                },
            }
        }
    }

    async fn begin(&self) -> sqlx::Result<PgListener> {
        let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&self.pool).await?;
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(&channel).await?;
        Ok(listener)
    }
}

/// The table's own number is in it: installations may share a database by schemas, and its name is never too long.
const CHANNEL: &str = "SELECT 'countersign_revoked_' || CAST(CAST('revocation_head' AS regclass) AS oid)";

/// After this long without a word it is asked whether anybody is there.
const QUIET: Duration = Duration::from_secs(30);
