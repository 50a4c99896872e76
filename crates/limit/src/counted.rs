//! A limiter that counts its refusals.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_kernel::Timestamp;

use crate::answer::Answer;
use crate::limiter::{Limiter, Occupancy, Receipt, Taken};
use crate::quota::{Key, Quota, Reading};

/// Passes everything on and counts what is refused, by the name of the limit.
pub struct Counted {
    inner: Arc<dyn Limiter>,
    /// As many as there are names in the code.
    refused: Mutex<Vec<(&'static str, u64)>>,
}

impl Counted {
    /// Around this limiter.
    #[must_use]
    pub fn new(inner: Arc<dyn Limiter>) -> Self {
        Self { inner, refused: Mutex::default() }
    }

    fn count(&self, name: &'static str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => refused.push((name, 1)),
        }
    }
}

impl Limiter for Counted {
    fn key(&self, parts: &[&[u8]]) -> Key {
        self.inner.key(parts)
    }

    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken> {
        self.inner.take(charges, now).map(|taken| {
            if let Taken::Refused(refused) = &taken {
                self.count(refused.name);
            }
            taken
        })
    }

    fn give_back(&self, receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.inner.give_back(receipt, charges, now)
    }

    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.inner.readings(charges, now)
    }

    fn present(&self, quota: Quota) -> Option<Quota> {
        self.inner.present(quota)
    }

    /// Only limits that have refused any.
    fn refused(&self) -> Vec<(&'static str, u64)> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        refused.sort_unstable();
        refused
    }

    fn occupancy(&self) -> Occupancy {
        self.inner.occupancy()
    }
}
