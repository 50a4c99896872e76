//! Whether a sign-in may be tried (DESIGN section 5).
//!
//! Promises: everything is charged in one step, before any work. From a device that the account knows only that device's own
//! failures count. From elsewhere the network's limits refuse, and the account's asks for a proof of work instead, so that
//! nobody can lock anybody else out. A solution is spent by the try that carries it, whatever becomes of the try; an answer to
//! nothing that was asked is not looked at. Whether there is such an account changes nothing.

use countersign_audit::Record;
use countersign_kernel::{DeviceId, Origin, Timestamp, UserId};
use countersign_limit::{Challenge, Quota, Refused, Solution, Taken, challenge, max_number};

use crate::account_key::AccountKey;
use crate::accounts::Accounts;
use crate::buckets::Judged;
use crate::limits::{Charge, source};

/// What became of the wish to try.
pub(crate) enum Admission {
    /// It may be tried.
    Admitted {
        /// What was counted.
        charge: Charge,
        /// Whether it cost a proof of work.
        is_proven: bool,
    },
    /// Not without a proof of work. Nothing was counted.
    Challenged {
        /// The account's limit.
        full: Refused,
        /// What is to be solved.
        challenge: Box<Challenge>,
    },
    /// Not now. Nothing was counted.
    Refused {
        /// The limit that refuses.
        refused: Refused,
        /// The account's limit, where that is full as well.
        also_full: Option<Refused>,
    },
}

impl Accounts {
    /// Counts a sign-in before it is tried. `response` is what came as the answer to an earlier challenge.
    pub(crate) async fn admit_sign_in(
        &self,
        approach: &Approach,
        response: Option<&str>,
        origin: &Origin,
    ) -> Admission {
        let (buckets, source, now) = (self.buckets(), source(origin), self.store().now());
        let account = approach.account.as_bytes();
        let device = approach.known_device.map(|device| device.to_bytes());
        let full = match buckets.judge_sign_in(account, device.as_ref().map(<[u8; 16]>::as_slice), &source, now).await {
            Judged::Free(charge) => return Admission::Admitted { charge, is_proven: false },
            Judged::Refused { refused, also_full } => return Admission::Refused { refused, also_full },
            Judged::Challenged(full) => full,
        };
        let subject: [&[u8]; 2] = [SIGN_IN, account];
        let solution = response.and_then(|response| self.challenges().judge(&subject, response, now));
        let is_spent = match solution {
            Some(solution) => self.spend(solution, now).await,
            None => false,
        };
        if !is_spent {
            let most = max_number(self.challenge_difficulty(), &buckets.challenges(account, now).await);
            let challenge = Box::new(self.challenges().issue(&subject, most, now, self.env()));
            return Admission::Challenged { full, challenge };
        }
        match buckets.take_proven_sign_in(account, &source, now).await {
            Ok(charge) => Admission::Admitted { charge, is_proven: true },
            Err(refused) => Admission::Refused { refused, also_full: Some(full) },
        }
    }

    /// Takes the solution; whether it was still to be had.
    async fn spend(&self, solution: Solution, now: Timestamp) -> bool {
        let taken = self.limiter().take(&[(SOLUTION, self.limiter().key(&[&solution.id]))], now).await;
        matches!(taken, Taken::Allowed { .. })
    }
}

/// How a try came: what its records say besides what became of it, so that the trail can be replayed under other limits.
#[derive(Clone, Copy)]
pub(crate) struct Approach {
    /// The account that was named, whether or not there is one.
    pub(crate) account: AccountKey,
    /// The device, if the account knows it.
    pub(crate) known_device: Option<DeviceId>,
    /// Whether it cost a proof of work.
    pub(crate) is_proven: bool,
}

impl Approach {
    /// Writes it into a record about `subject`, or about a keyed hash of the address where there is no account to name.
    pub(crate) fn note(&self, record: Record, subject: Option<UserId>) -> Record {
        let record = match subject {
            Some(subject) => record.of(subject),
            None => record.of_unknown(&self.account.to_text()),
        };
        let record = match self.known_device {
            Some(device) => {
                record.with(facts::DEVICE, facts::KNOWN).with(facts::DEVICE_KEY, self.account.device_text(device))
            }
            None => record.with(facts::DEVICE, facts::NEW),
        };
        if self.is_proven { record.with(facts::CHALLENGE, facts::SOLVED) } else { record }
    }
}

/// The names and words of facts in records of sign-ins.
pub(crate) mod facts {
    /// Whether the account knows the device.
    pub(crate) const DEVICE: &str = "device";
    /// It does.
    pub(crate) const KNOWN: &str = "known";
    /// It does not.
    pub(crate) const NEW: &str = "new";
    /// That the account did not know the device, in records that say nothing else of how the try came.
    pub(crate) const NEW_DEVICE: &str = "newDevice";
    /// A hash of account and device, where the account knows the device.
    pub(crate) const DEVICE_KEY: &str = "deviceKey";
    /// Whether the try cost a proof of work.
    pub(crate) const CHALLENGE: &str = "challenge";
    /// It did, and the proof was good.
    pub(crate) const SOLVED: &str = "solved";
}

/// Each solution once. It limits nobody, so it has no line in the configuration and is not reported.
const SOLUTION: Quota = Quota { name: "challenge_solution", limit: 1, window: challenge::LIFETIME };

/// What the challenges are for.
const SIGN_IN: &[u8] = b"sign_in";
