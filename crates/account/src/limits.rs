//! What an act is charged, and when.

use countersign_kernel::{Origin, UserId};
use countersign_limit::{Key, Quota, Reading, Refused};

use crate::accounts::Accounts;
use crate::buckets::Source;
pub(crate) use crate::charge::Charge;

impl Charge {
    /// Charges all, or none.
    pub(crate) async fn take(accounts: &Accounts, buckets: Vec<(Quota, Key)>) -> Result<Self, Refused> {
        Self::take_at(accounts.limiter(), buckets, accounts.store().now()).await
    }

    /// Returns the charge, and only it: the try was good, or was none.
    pub(crate) async fn give_back(self, accounts: &Accounts) -> Vec<Reading> {
        self.give_back_at(accounts.limiter(), accounts.store().now()).await
    }
}

/// What a request comes from.
pub(crate) fn source(origin: &Origin) -> Source {
    Source::of(origin.address, origin.location)
}

/// The buckets of a registration.
pub(crate) fn register(accounts: &Accounts, origin: &Origin) -> Vec<(Quota, Key)> {
    accounts.buckets().sign_up(&source(origin))
}

/// The bucket of a check of the password inside a session.
pub(crate) fn recheck(accounts: &Accounts, user: UserId) -> Vec<(Quota, Key)> {
    accounts.buckets().recheck(&user.to_bytes())
}

/// The buckets of a mail that is asked for.
pub(crate) fn mail(accounts: &Accounts, account: &[u8], origin: &Origin) -> Vec<(Quota, Key)> {
    accounts.buckets().mail(account, &source(origin))
}

/// The buckets of a mailed link, or of a code for this account, that may not work.
pub(crate) fn proof(accounts: &Accounts, account: Option<&[u8]>, origin: &Origin) -> Vec<(Quota, Key)> {
    accounts.buckets().proof(account, &source(origin))
}
