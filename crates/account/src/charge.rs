//! Buckets that were charged for a try.

use countersign_kernel::Timestamp;
use countersign_limit::{Key, Limiter, Quota, Reading, Receipt, Refused, Taken};

/// Buckets that were charged for a try.
pub(crate) struct Charge {
    buckets: Vec<(Quota, Key)>,
    receipts: Vec<Receipt>,
    readings: Vec<Reading>,
}

impl Charge {
    /// Charges all, or none.
    pub(crate) fn take_at(limiter: &dyn Limiter, buckets: Vec<(Quota, Key)>, now: Timestamp) -> Result<Self, Refused> {
        match limiter.take(&buckets, now) {
            Taken::Allowed { readings, receipt } => Ok(Self { buckets, receipts: vec![receipt], readings }),
            Taken::Refused(refused) => Err(refused),
        }
    }

    /// Counts one more act where there is room, and lets it pass where there is none.
    pub(crate) fn note_at(&mut self, limiter: &dyn Limiter, bucket: (Quota, Key), now: Timestamp) {
        match limiter.take(&[bucket], now) {
            Taken::Allowed { readings, receipt } => {
                self.readings.extend(readings);
                self.receipts.push(receipt);
            }
            Taken::Refused(full) => self.readings.extend(full.readings),
        }
        self.buckets.push(bucket);
    }

    /// Leaves the charge as it is: the try failed.
    pub(crate) fn keep(self) -> Vec<Reading> {
        self.readings
    }

    /// Returns the charge, and only it: the try was good, or was none.
    pub(crate) fn give_back_at(self, limiter: &dyn Limiter, now: Timestamp) -> Vec<Reading> {
        for receipt in self.receipts {
            limiter.give_back(receipt);
        }
        limiter.readings(&self.buckets, now)
    }
}
