//! A token that was verified once, as it is remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
