//! Buckets that were charged for a try.

use countersign_kernel::Timestamp;
use countersign_limit::{Key, Limiter, Quota, Reading, Receipt, Refused, Taken};

/// Buckets that were charged for a try.
pub(crate) struct Charge {
    buckets: Vec<(Quota, Key)>,
    receipt: Receipt,
    readings: Vec<Reading>,
}

impl Charge {
    /// Charges all, or none.
    pub(crate) async fn take_at(
        limiter: &dyn Limiter,
        buckets: Vec<(Quota, Key)>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        match limiter.take(&buckets, now).await {
            Taken::Allowed { readings, receipt } => Ok(Self { buckets, receipt, readings }),
            Taken::Refused(refused) => Err(refused),
        }
    }

    /// Counts one more act where there is room, and lets it pass where there is none.
    pub(crate) async fn note_at(mut self, limiter: &dyn Limiter, bucket: (Quota, Key), now: Timestamp) -> Self {
        match limiter.take(&[bucket], now).await {
            Taken::Allowed { readings, receipt } => {
                self.readings.extend(readings);
                self.receipt = self.receipt.and(receipt);
            }
            Taken::Refused(full) => self.readings.extend(full.readings),
        }
        self.buckets.push(bucket);
        self
    }

    /// Leaves the charge as it is: the try failed.
    pub(crate) fn keep(self) -> Vec<Reading> {
        self.readings
    }

    /// Returns the charge, and only it: the try was good, or was none.
    pub(crate) async fn give_back_at(self, limiter: &dyn Limiter, now: Timestamp) -> Vec<Reading> {
        limiter.give_back(self.receipt, &self.buckets, now).await
    }
}
