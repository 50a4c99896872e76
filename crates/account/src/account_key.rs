//! An address as it is counted and audited.
//!
//! Accounts are counted by a MAC of the address's key, whether or not there is such an account: so a limit says the same of
//! both, and neither the table of buckets nor the audit trail tells a stranger's address.

use aws_lc_rs::{digest, hmac};
use countersign_kernel::{DeviceId, Secret, hex};

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
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// 64 bits of a hash of this account and a device, as text: enough to see in the audit trail that two tries came from one
    /// device, without telling which other accounts it knows.
    pub(crate) fn device_text(self, device: DeviceId) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.0);
        context.update(&device.to_bytes());
        short(context.finish().as_ref())
    }

    /// 64 bits as text: enough to see in the audit trail that two tries were for one unknown account.
    pub(crate) fn to_text(self) -> String {
        short(&self.0)
    }
}

/// The first 64 bits.
fn short(bytes: &[u8]) -> String {
    hex::encode(bytes.get(..8).unwrap_or(bytes))
}
