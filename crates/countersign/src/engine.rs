//! What an [`Auth`](crate::Auth) runs on.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_account::Accounts;
use countersign_http::Refusal;
use countersign_kernel::{Counter, Env, Lifetime};
use countersign_keys::{AuditKey, Keyring, MasterKey};
use countersign_limit::{Counted, Tunable};
use countersign_session::Sessions;
use countersign_store_sql::SqlStore;
use tokio::sync::Notify;

use crate::data_lock::DataLock;
use crate::event_counts::EventCounts;
use crate::forwarding::ForwardingSeen;
use crate::journal::FileJournal;
use crate::mail_room::MailRoom;
use crate::valkey::Valkey;

/// The parts below the handle.
pub(crate) struct Engine {
    pub(crate) env: Env,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) keyring: Keyring,
    pub(crate) trail: Trail,
    pub(crate) sessions: Sessions,
    pub(crate) accounts: Accounts,
    pub(crate) custody: Custody,
    pub(crate) limits: Option<Arc<Tunable>>,
    pub(crate) limiter: Arc<Counted>,
    pub(crate) valkey: Option<Valkey>,
    /// How often the database said that another process, or this one, has revoked something.
    pub(crate) heard: Arc<Counter>,
    pub(crate) events: Arc<EventCounts>,
    pub(crate) events_dropped: Arc<Counter>,
    pub(crate) waiting: Waiting,
    pub(crate) mail: Option<MailRoom>,
}

/// What was seen and is to be written down.
#[derive(Default)]
pub(crate) struct Waiting {
    refusals: Mutex<Vec<Refusal>>,
    unaudited: Counter,
    forwarded: Mutex<Option<ForwardingSeen>>,
    moved: Notify,
}

/// What goes with a database: the key to what is sealed in it, the journal beside it, and the lock that says it is in use.
pub(crate) struct Custody {
    pub(crate) master: MasterKey,
    pub(crate) journal: Option<Arc<FileJournal>>,
    #[expect(dead_code, reason = "held for as long as the engine lives")]
    pub(crate) lock: Option<DataLock>,
}

/// What the audit trail is kept by.
pub(crate) struct Trail {
    pub(crate) key: AuditKey,
    /// How often its end is signed.
    pub(crate) checkpoint_every: Lifetime,
    /// For how long a record is kept; none for ever.
    pub(crate) keep: Option<Lifetime>,
}

impl Engine {
    /// Remembers a refusal until it is written down. Under a flood further ones are counted alone.
    pub(crate) fn refused(&self, refusal: Refusal) {
        let mut waiting = self.refusals();
        if waiting.len() < MOST_REFUSALS {
            waiting.push(refusal);
        } else {
            self.waiting.unaudited.one();
        }
    }

    /// How many were counted alone.
    pub(crate) fn refusals_unaudited(&self) -> u64 {
        self.waiting.unaudited.count()
    }

    /// Remembers a forwarding header that was not heeded until it is written down.
    pub(crate) fn forwarded(&self, peer: IpAddr) {
        let last_at = self.env.now();
        let mut seen = self.waiting.forwarded.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.as_ref().map_or(0, |seen| seen.count).saturating_add(1);
        *seen = Some(ForwardingSeen { count, last_at, peer });
    }

    /// Tells whoever waits for it that the database is closed.
    pub(crate) fn note_moved(&self) {
        self.waiting.moved.notify_one();
    }

    /// Comes back when the database is closed.
    pub(crate) async fn moved(&self) {
        self.waiting.moved.notified().await;
    }

    pub(crate) fn take_forwarded(&self) -> Option<ForwardingSeen> {
        self.waiting.forwarded.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut *self.refusals())
    }

    fn refusals(&self) -> MutexGuard<'_, Vec<Refusal>> {
        // Each holder leaves the list whole.
        self.waiting.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many refusals may wait for the next second.
const MOST_REFUSALS: usize = 256;
