//! Sessions as this process wrote them last: the next refresh of one need not read what it is about to write.
//!
//! Promises: nothing is decided by what is remembered. It is judged like a row that was read, and counts only through the
//! conditional write of a rotation, which happens only if the row is still in the state that was judged; whatever else would
//! come of it is judged again, by the row as it is (`rotate.rs`). A session that another process has refreshed meanwhile brings a
//! later generation than the remembered one: that is no rotation, and costs no write in vain. What is remembered is bounded, and
//! used once (docs/design/hot-path.md).

use std::sync::Arc;

use countersign_kernel::{SessionId, Timestamp};
use countersign_store::{Session, User};
use quick_cache::sync::Cache;

/// The sessions that this process wrote last.
pub(crate) struct Recalls(Cache<SessionId, Arc<Recalled>>);

/// One of them, and its person at that moment.
#[derive(Clone)]
struct Recalled {
    session: Session,
    user: User,
    until: Timestamp,
}

impl Recalls {
    /// Room for so many.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity))
    }

    /// Remembers what has just been written, `until` then: whoever has not come by then comes seldom.
    pub(crate) fn keep(&self, session: &Session, user: &User, until: Timestamp) {
        let recalled = Recalled { session: session.clone(), user: user.clone(), until };
        self.0.insert(session.id, Arc::new(recalled));
    }

    /// What was remembered of the session, once.
    pub(crate) fn take(&self, session: SessionId) -> Option<(Session, User)> {
        let (_, recalled) = self.0.remove(&session)?;
        let Recalled { session, user, .. } = Arc::unwrap_or_clone(recalled);
        Some((session, user))
    }

    /// Forgets whose time has come.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.0.retain(|_, recalled| now < recalled.until);
    }
}
