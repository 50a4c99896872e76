//! The named limits as they hold at present, what they have refused, and how full an account's own buckets are.

use countersign_kernel::UserId;
use countersign_limit::{Quota, Reading};

use crate::accounts::Accounts;
use crate::email::EmailAddress;
use crate::error::Error;
use crate::replay::Effect;

/// A named limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReading {
    /// How many acts in which span, as it holds at present.
    pub quota: Quota,
    /// Whether it holds: not where limits are switched off, nor where its window is zero.
    pub holds: bool,
    /// What happens beyond it.
    pub effect: Effect,
    /// How often this process has refused by it.
    pub refused: u64,
    /// How full the bucket of the account is that was asked about, where the limit has one for it.
    pub account: Option<Reading>,
}

impl Accounts {
    /// Every named limit; with the buckets of this account, where one is named. None where there is no such account.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn limit_readings(&self, user: Option<UserId>) -> Result<Option<Vec<LimitReading>>, Error> {
        let own = match user {
            None => Vec::new(),
            Some(user) => match self.account_readings(user).await? {
                Some(own) => own,
                None => return Ok(None),
            },
        };
        let refused = self.limiter().refused();
        let reading = |built: Quota| {
            let present = self.limiter().present(built);
            let quota = present.unwrap_or(built);
            LimitReading {
                quota,
                holds: present.is_some() && quota.window.as_micros() > 0,
                effect: Effect::of(quota.name),
                refused: refused.iter().find(|(name, _)| *name == quota.name).map_or(0, |(_, count)| *count),
                account: own.iter().find(|reading| reading.name == quota.name).copied(),
            }
        };
        Ok(Some(self.policies().all().into_iter().map(reading).collect()))
    }

    /// How full the buckets of this account are; nothing where limits are switched off.
    async fn account_readings(&self, user: UserId) -> Result<Option<Vec<Reading>>, Error> {
        let Some(user) = self.profile(user).await? else { return Ok(None) };
        let email = EmailAddress::parse(&user.email).ok();
        let account = self.keys().of(&user.email, email.as_ref());
        let buckets = self.buckets().of_account(account.as_bytes(), &user.id.to_bytes());
        Ok(Some(self.limiter().readings(&buckets, self.store().now()).await))
    }
}
