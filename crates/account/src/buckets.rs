//! What is counted for which act, and what the limits say to a sign-in: one rule for the acts themselves and for their replay out
//! of the audit trail.

use std::net::IpAddr;

use countersign_kernel::{Lifetime, Location, Timestamp};
use countersign_limit::{AddressTiers, Key, Limiter, Policies, Quota, Reading, Refused};

use crate::charge::Charge;

/// Finds and charges the buckets of acts. Accounts and devices are whatever tells them apart.
pub(crate) struct Buckets<'a> {
    /// Keeps them.
    pub(crate) limiter: &'a dyn Limiter,
    /// Says how many acts they hold.
    pub(crate) policies: &'a Policies,
}

/// Where an act comes from, as limits count it.
pub(crate) struct Source {
    tiers: AddressTiers,
    location: Location,
}

impl Source {
    /// Of an address, and of what the operator's tables know of it.
    pub(crate) fn of(address: Option<IpAddr>, location: Location) -> Self {
        Self { tiers: AddressTiers::of(address), location }
    }
}

/// What the limits say to a sign-in.
pub(crate) enum Judged {
    /// It may be tried.
    Free(Charge),
    /// It may be tried for a proof of work: the account's limit, this one, is full. Nothing was counted.
    Challenged(Refused),
    /// It may not. Nothing was counted.
    Refused {
        /// The limit that refuses.
        refused: Refused,
        /// The account's limit, where that is full as well.
        also_full: Option<Refused>,
    },
}

impl Buckets<'_> {
    /// Charges a sign-in, all of its buckets in one step or none. From a device that the account knows it is a bucket of its own
    /// and no other, so that whoever floods the account, or sits behind the same address, cannot lock its owner out.
    pub(crate) async fn judge_sign_in(
        &self,
        account: &[u8],
        known_device: Option<&[u8]>,
        source: &Source,
        now: Timestamp,
    ) -> Judged {
        if let Some(device) = known_device {
            let own = vec![(self.policies.sign_in_device, self.limiter.key(&[account, device]))];
            return Charge::take_at(self.limiter, own, now).await.map_or_else(Judged::refused, Judged::Free);
        }
        let of_network = self.sign_in_from(source, account);
        let of_account = (self.policies.sign_in_account, self.limiter.key(&[account]));
        let full = match Charge::take_at(self.limiter, [of_network.clone(), vec![of_account]].concat(), now).await {
            Ok(charge) => return Judged::Free(charge),
            Err(refused) if refused.name != of_account.0.name => return Judged::refused(refused),
            Err(full) => full,
        };
        // Of each name the bucket with the least left was read, in the same step.
        if full.readings.iter().any(|reading| reading.name != of_account.0.name && reading.remaining == 0) {
            // Asked once more for its own wait: the account's is longer, and a proof of work would end that one.
            match Charge::take_at(self.limiter, of_network, now).await {
                Err(refused) => return Judged::Refused { refused, also_full: Some(full) },
                // There is room again, this very moment.
                Ok(charge) => drop(charge.give_back_at(self.limiter, now).await),
            }
        }
        Judged::Challenged(full)
    }

    /// Charges a sign-in whose proof of work was good.
    pub(crate) async fn take_proven_sign_in(
        &self,
        account: &[u8],
        source: &Source,
        now: Timestamp,
    ) -> Result<Charge, Refused> {
        let charge = Charge::take_at(self.limiter, self.sign_in_from(source, account), now).await?;
        Ok(charge.note_at(self.limiter, self.challenges_of(account), now).await)
    }

    /// How full the bucket of failed sign-ins is that had cost a proof of work.
    pub(crate) async fn challenges(&self, account: &[u8], now: Timestamp) -> Reading {
        let (quota, key) = self.challenges_of(account);
        self.limiter.peek(quota, key, now).await
    }

    /// A registration.
    pub(crate) fn sign_up(&self, source: &Source) -> Vec<(Quota, Key)> {
        source.tiers.charges(self.limiter, self.policies.register_address)
    }

    /// A check of the password inside a session.
    pub(crate) fn recheck(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.password_account, self.limiter.key(&[account]))]
    }

    /// A try at somebody's second factor, at a sign-in or in a session.
    pub(crate) fn second_factor(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.second_factor_account, self.limiter.key(&[account]))]
    }

    /// A try at the first code of a new authenticator app.
    pub(crate) fn second_factor_setup(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.second_factor_account, self.limiter.key(&[account, b"setup"]))]
    }

    /// A try at the link that makes the first administrator.
    pub(crate) fn claim_admin(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.claim_admin_account, self.limiter.key(&[account]))]
    }

    /// A mail that is asked for.
    pub(crate) fn mail(&self, account: &[u8], source: &Source) -> Vec<(Quota, Key)> {
        let mut buckets = source.tiers.charges(self.limiter, self.policies.mail_address);
        buckets.push((self.policies.mail_account, self.limiter.key(&[account])));
        buckets
    }

    /// A mailed link, or a code for this account, that may not work.
    pub(crate) fn proof(&self, account: Option<&[u8]>, source: &Source) -> Vec<(Quota, Key)> {
        let mut buckets = source.tiers.charges(self.limiter, self.policies.link_address);
        buckets.extend(account.map(|account| (self.policies.code_account, self.limiter.key(&[account]))));
        buckets
    }

    /// A call of an administrator.
    pub(crate) fn admin(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.admin_account, self.limiter.key(&[account]))]
    }

    /// Every bucket that is one account's own, whatever the address: failed sign-ins count it by `account`, what it does signed
    /// in by `user`.
    pub(crate) fn of_account(&self, account: &[u8], user: &[u8]) -> Vec<(Quota, Key)> {
        let by_account = [self.policies.sign_in_account, self.policies.challenge_account];
        let by_user = [
            self.policies.password_account,
            self.policies.second_factor_account,
            self.policies.claim_admin_account,
            self.policies.admin_account,
            self.policies.passkey_account,
        ];
        let by_account = by_account.into_iter().map(|quota| (quota, self.limiter.key(&[account])));
        by_account.chain(by_user.into_iter().map(|quota| (quota, self.limiter.key(&[user])))).collect()
    }

    /// A question to an authenticator that a stranger has asked, or his answer.
    pub(crate) fn passkey_from(&self, source: &Source) -> Vec<(Quota, Key)> {
        source.tiers.charges(self.limiter, self.policies.passkey_address)
    }

    /// A question to an authenticator that somebody known has asked.
    pub(crate) fn passkey_of(&self, account: &[u8]) -> Vec<(Quota, Key)> {
        vec![(self.policies.passkey_account, self.limiter.key(&[account]))]
    }

    fn sign_in_from(&self, source: &Source, account: &[u8]) -> Vec<(Quota, Key)> {
        let Source { tiers, location } = source;
        let mut buckets = tiers.charges(self.limiter, self.policies.sign_in_address);
        buckets.extend(tiers.charge_with(self.limiter, self.policies.sign_in_address_account, account));
        // Where the operator's table knows nothing of the address, or no limit is set, nothing is counted.
        let located = [
            (self.policies.sign_in_network, location.asn.map(|asn| asn.to_string())),
            (self.policies.sign_in_country, location.country.map(|country| country.to_string())),
        ];
        for (quota, place) in located {
            if let Some(place) = place.filter(|_| quota.window > Lifetime::ZERO) {
                buckets.push((quota, self.limiter.key(&[place.as_bytes()])));
            }
        }
        buckets
    }

    fn challenges_of(&self, account: &[u8]) -> (Quota, Key) {
        (self.policies.challenge_account, self.limiter.key(&[account]))
    }
}

impl Judged {
    fn refused(refused: Refused) -> Self {
        Self::Refused { refused, also_full: None }
    }
}
