//! What is remembered of tokens that were verified, and of their sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_kernel::{Timestamp, UserId};

use crate::identity::Identity;

/// A token whose signature and claims are good.
pub(crate) struct Seen {
    pub(crate) identity: Arc<Identity>,
    is_admitted: AtomicBool,
}

impl Seen {
    /// One that was verified just now.
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity: Arc::new(identity), is_admitted: AtomicBool::new(false) }
    }

    /// Notes that its session was found in the database.
    pub(crate) fn admit(&self) {
        self.is_admitted.store(true, Ordering::Relaxed);
    }

    /// Whether its session was found in the database.
    pub(crate) fn is_admitted(&self) -> bool {
        self.is_admitted.load(Ordering::Relaxed)
    }
}

/// A session that was found in the database: whose it is, with rights of which `ver`, and how long that may be believed.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    user: UserId,
    ver: u64,
    until: Timestamp,
}

impl Found {
    /// As a token names them.
    pub(crate) const fn by(identity: &Identity, until: Timestamp) -> Self {
        Self { user: identity.user, ver: identity.ver, until }
    }

    /// Whether a token that says this need not be looked up at `now`.
    pub(crate) fn vouches_for(&self, identity: &Identity, now: Timestamp) -> bool {
        (self.user, self.ver) == (identity.user, identity.ver) && self.is_believed(now)
    }

    /// Whether its time is yet to come.
    pub(crate) fn is_believed(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
