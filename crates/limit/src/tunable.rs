//! A limiter whose named limits can be changed while it counts.

use std::sync::{Arc, PoisonError, RwLock};

use countersign_kernel::Timestamp;

use crate::answer::Answer;
use crate::limiter::{Limiter, Occupancy, Receipt, Taken};
use crate::policy::Policies;
use crate::quota::{Key, Quota, Reading};

/// Puts the present limit of a name in the place of the one that a caller was built with. What has been counted stays counted.
pub struct Tunable {
    inner: Arc<dyn Limiter>,
    built: Policies,
    present: RwLock<Policies>,
}

impl Tunable {
    /// Counts with `inner`, for callers that were built with `policies`.
    #[must_use]
    pub fn new(inner: Arc<dyn Limiter>, policies: Policies) -> Self {
        Self { inner, present: RwLock::new(policies.clone()), built: policies }
    }

    /// Changes the limits: the next call is judged by the new ones.
    pub fn tune(&self, policies: Policies) {
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// A wider network has a multiple of the limit under the same name: it has the same multiple of the new one.
    fn tuned(&self, quota: Quota) -> Quota {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner).named(quota.name);
        match (self.built.named(quota.name), present) {
            (Some(built), Some(present)) => {
                let times = quota.limit / built.limit.max(1);
                Quota { limit: present.limit.saturating_mul(times.max(1)), window: present.window, ..quota }
            }
            _ => quota,
        }
    }

    fn all_tuned(&self, charges: &[(Quota, Key)]) -> Vec<(Quota, Key)> {
        charges.iter().map(|(quota, key)| (self.tuned(*quota), *key)).collect()
    }
}

impl Limiter for Tunable {
    fn key(&self, parts: &[&[u8]]) -> Key {
        self.inner.key(parts)
    }

    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken> {
        self.inner.take(&self.all_tuned(charges), now)
    }

    fn give_back(&self, receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.inner.give_back(receipt, &self.all_tuned(charges), now)
    }

    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.inner.readings(&self.all_tuned(charges), now)
    }

    fn present(&self, quota: Quota) -> Option<Quota> {
        self.inner.present(self.tuned(quota))
    }

    fn refused(&self) -> Vec<(&'static str, u64)> {
        self.inner.refused()
    }

    fn occupancy(&self) -> Occupancy {
        self.inner.occupancy()
    }
}
