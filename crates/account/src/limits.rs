//! What is counted, under which keys.
//!
//! Accounts are counted by a MAC of the address's key, whether or not there is such an account: so a limit says the same of
//! both, and no table of buckets tells who was tried.

use aws_lc_rs::hmac;
use countersign_kernel::{DeviceId, Origin, Secret, UserId};
use countersign_limit::{AddressTiers, Key, Quota, Reading, Receipt, Refused, Taken};

use crate::accounts::Accounts;
use crate::email::EmailAddress;

/// Makes the keys of accounts.
pub(crate) struct AccountKeys(hmac::Key);

/// An address as it is counted and, where there is no account to name, audited.
#[derive(Clone, Copy)]
pub(crate) struct AccountKey([u8; 32]);

impl AccountKeys {
    pub(crate) fn new(lookup_root: &Secret<[u8; 32]>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, lookup_root.expose());
        let derived = hmac::sign(&root, b"countersign/account-keys/1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The key of what was given as an address. What is none is counted too, by its text without regard to case.
    pub(crate) fn of(&self, given: &str, parsed: Option<&EmailAddress>) -> AccountKey {
        let tag = match parsed {
            Some(email) => hmac::sign(&self.0, email.key().as_bytes()),
            None => hmac::sign(&self.0, given.trim().to_lowercase().as_bytes()),
        };
        AccountKey(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl AccountKey {
    /// 64 bits as text: enough to see in the audit trail that two tries were for one unknown account.
    pub(crate) fn to_text(self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

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
        return vec![(policies.sign_in_device, limiter.key(&[&account.0, &device.to_bytes()]))];
    }
    let address = AddressTiers::of(origin.address);
    let mut buckets = address.charges(limiter, policies.sign_in_address);
    buckets.extend(address.charge_with(limiter, policies.sign_in_address_account, &account.0));
    buckets.push((policies.sign_in_account, limiter.key(&[&account.0])));
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
