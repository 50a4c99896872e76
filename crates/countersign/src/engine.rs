//! What an [`Auth`](crate::Auth) runs on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_account::Accounts;
use countersign_http::{Host, Refusal};
use countersign_kernel::Env;
use countersign_keys::Keyring;
use countersign_session::Sessions;
use countersign_store::Store;
use countersign_store_sql::SqlStore;

use crate::janitor::Janitor;

/// How many refusals may wait for the next second; further ones are counted alone.
const MOST_REFUSALS: usize = 256;

/// The parts below the handle, shared by the handle and its janitor.
pub(crate) struct Engine {
    pub(crate) env: Env,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) keyring: Keyring,
    pub(crate) sessions: Sessions,
    pub(crate) accounts: Accounts,
    refusals: Mutex<Vec<Refusal>>,
    janitor: Mutex<Option<Janitor>>,
}

impl Engine {
    pub(crate) fn new(
        env: Env,
        store: Arc<SqlStore>,
        keyring: Keyring,
        sessions: Sessions,
        accounts: Accounts,
    ) -> Self {
        Self { env, store, keyring, sessions, accounts, refusals: Mutex::default(), janitor: Mutex::default() }
    }

    pub(crate) fn keep(&self, janitor: Janitor) {
        *lock(&self.janitor) = Some(janitor);
    }

    /// Remembers a refusal until the next second.
    pub(crate) fn refused(&self, refusal: Refusal) {
        let mut waiting = lock(&self.refusals);
        if waiting.len() < MOST_REFUSALS {
            waiting.push(refusal);
        } else {
            metrics::counter!("countersign_refusals_unaudited_total").increment(1);
        }
    }

    pub(crate) fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut *lock(&self.refusals))
    }

    /// Stops the janitor, seals what waits, and closes the database.
    pub(crate) async fn shut_down(&self) {
        let janitor = lock(&self.janitor).take();
        if let Some(janitor) = janitor {
            janitor.stop().await;
        }
        if let Err(error) = self.every_second().await {
            tracing::warn!(error = %error, "could not seal the end of the audit trail");
        }
        self.store.close().await;
    }
}

/// The engine as the HTTP floor knows it.
pub(crate) struct Housed(pub(crate) Arc<Engine>);

#[async_trait]
impl Host for Housed {
    async fn is_ready(&self) -> bool {
        self.0.store.ping().await.is_ok()
    }

    fn refused(&self, refusal: Refusal) {
        self.0.refused(refusal);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each holder leaves the value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
