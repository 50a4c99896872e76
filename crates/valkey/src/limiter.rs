//! Sliding windows that all nodes share, and each node's own beside them.
//!
//! Promises: those of the port, over all nodes, while Valkey answers; over this node, always. An act is counted here and there,
//! and refused where either has no room: so a Valkey that was flushed, or was away, lets nobody have more of one node than he would
//! without it. Valkey is asked once a call, in one script; what it does not answer in time is decided here, without a word to
//! whoever asks. An act of which it is not known whether it was counted there stays counted there.

use std::sync::Arc;

use countersign_kernel::Timestamp;
use countersign_limit::{Answer, Key, Limiter, MemoryLimiter, Occupancy, Quota, Reading, Receipt, Taken};

use crate::link::{Inner, Link};
use crate::script::Shared;

/// Counts in this process and in Valkey.
pub struct SharedLimiter {
    own: MemoryLimiter,
    link: Arc<Inner>,
}

impl SharedLimiter {
    /// Shares what `own` counts.
    #[must_use]
    pub fn new(own: MemoryLimiter, link: &Link) -> Self {
        Self { own, link: Arc::clone(&link.inner) }
    }

    async fn ask_take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Option<Shared> {
        let Inner { scripts, names, .. } = self.link.as_ref();
        let taken = self.link.ask(|connection| scripts.take(connection, names.prefix(), charges, now)).await;
        self.count(taken.is_some());
        taken
    }

    async fn ask_read(
        &self,
        charged: &[(u128, Timestamp)],
        charges: &[(Quota, Key)],
        now: Timestamp,
    ) -> Option<Vec<Reading>> {
        let Inner { scripts, names, .. } = self.link.as_ref();
        let prefix = names.prefix();
        let asked = |connection| scripts.give_back_and_read(connection, prefix, charged, charges, now);
        let read = self.link.ask(asked).await;
        self.count(read.is_some());
        read
    }

    fn count(&self, is_answered: bool) {
        if is_answered { self.link.answered.one() } else { self.link.alone.one() }
    }
}

impl Limiter for SharedLimiter {
    /// Under a secret of the installation: the same on all nodes, and nothing to anybody else.
    fn key(&self, parts: &[&[u8]]) -> Key {
        self.link.names.key(parts)
    }

    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken> {
        // First here, where a flood that has had its share of this node ends: it costs Valkey nothing.
        let (own, receipt) = match self.own.take(charges, now) {
            Taken::Allowed { readings, receipt } => (readings, receipt),
            refused @ Taken::Refused(_) => return Answer::now(refused),
        };
        if !self.link.is_up() {
            self.count(false);
            return Answer::now(Taken::Allowed { readings: own, receipt });
        }
        let (held, charges) = (Held { own: &self.own, receipt: Some(receipt) }, charges.to_vec());
        Answer::later(async move {
            match self.ask_take(&charges, now).await {
                Some(Shared::Refused(refused)) => Taken::Refused(refused),
                Some(Shared::Allowed(shared, noted)) => {
                    Taken::Allowed { readings: tightest(own, shared), receipt: held.keep().with_shared(noted) }
                }
                None => Taken::Allowed { readings: own, receipt: held.keep() },
            }
        })
    }

    fn give_back(&self, mut receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        let shared = receipt.take_shared();
        self.own.give_back(receipt);
        self.read(shared, charges, now)
    }

    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.read(Vec::new(), charges, now)
    }

    /// Of this node.
    fn occupancy(&self) -> Occupancy {
        self.own.occupancy()
    }
}

impl SharedLimiter {
    fn read(
        &self,
        charged: Vec<(u128, Timestamp)>,
        charges: &[(Quota, Key)],
        now: Timestamp,
    ) -> Answer<'_, Vec<Reading>> {
        let own = self.own.readings(charges, now);
        if !self.link.is_up() {
            self.count(false);
            return Answer::now(own);
        }
        let charges = charges.to_vec();
        Answer::later(async move {
            match self.ask_read(&charged, &charges, now).await {
                Some(shared) => tightest(own, shared),
                None => own,
            }
        })
    }
}

/// A charge of this node that is returned unless it is kept, also where whoever asked goes away.
struct Held<'a> {
    own: &'a MemoryLimiter,
    receipt: Option<Receipt>,
}

impl Held<'_> {
    fn keep(mut self) -> Receipt {
        self.receipt.take().unwrap_or_default()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            self.own.give_back(receipt);
        }
    }
}

fn tightest(mut own: Vec<Reading>, shared: Vec<Reading>) -> Vec<Reading> {
    for reading in shared {
        Reading::keep_tightest(&mut own, reading);
    }
    own
}
