//! What is counted for which act.

use countersign_kernel::{DeviceId, Origin, UserId};
use countersign_limit::{AddressTiers, Key, Quota, Reading, Receipt, Refused, Taken};

use crate::account_key::AccountKey;
use crate::accounts::Accounts;

/// Buckets that were charged for a try.
pub(crate) struct Charge {
    buckets: Vec<(Quota, Key)>,
    receipt: Receipt,
    readings: Vec<Reading>,
}

impl Charge {
    /// Charges all, or none.
    pub(crate) fn take(accounts: &Accounts, buckets: Vec<(Quota, Key)>) -> Result<Self, Refused> {
        match accounts.limiter().take(&buckets, accounts.store().now()) {
            Taken::Allowed { readings, receipt } => Ok(Self { buckets, receipt, readings }),
            Taken::Refused(refused) => Err(refused),
        }
    }

    /// Leaves the charge as it is: the try failed.
    pub(crate) fn keep(self) -> Vec<Reading> {
        self.readings
    }

    /// Returns the charge, and only it: the try was good, or was none.
    pub(crate) fn give_back(self, accounts: &Accounts) -> Vec<Reading> {
        accounts.limiter().give_back(self.receipt);
        accounts.limiter().readings(&self.buckets, accounts.store().now())
    }
}

/// The buckets of a sign-in. From a device that the account knows, one of its own and no other, so that whoever floods the
/// account, or sits behind the same address, cannot lock its owner out.
pub(crate) fn sign_in(
    accounts: &Accounts,
    account: AccountKey,
    known_device: Option<DeviceId>,
    origin: &Origin,
) -> Vec<(Quota, Key)> {
    let (limiter, policies) = (accounts.limiter(), accounts.policies());
    if let Some(device) = known_device {
        return vec![(policies.sign_in_device, limiter.key(&[account.as_bytes(), &device.to_bytes()]))];
    }
    let address = AddressTiers::of(origin.address);
    let mut buckets = address.charges(limiter, policies.sign_in_address);
    buckets.extend(address.charge_with(limiter, policies.sign_in_address_account, account.as_bytes()));
    buckets.push((policies.sign_in_account, limiter.key(&[account.as_bytes()])));
    buckets
}

/// The buckets of a registration.
pub(crate) fn register(accounts: &Accounts, origin: &Origin) -> Vec<(Quota, Key)> {
    AddressTiers::of(origin.address).charges(accounts.limiter(), accounts.policies().register_address)
}

/// The bucket of a check of the password inside a session.
pub(crate) fn recheck(accounts: &Accounts, user: UserId) -> Vec<(Quota, Key)> {
    vec![(accounts.policies().password_account, accounts.limiter().key(&[&user.to_bytes()]))]
}
