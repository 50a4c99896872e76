//! The scrypt of Firebase projects.
//!
//! What is stored is the project's signer key, encrypted with AES-256 in counter mode from zero, under a key that scrypt makes of
//! the password and of the person's salt with the project's separator behind it. Whoever lacks the signer key can test no guess.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use countersign_kernel::Secret;

use super::scrypt::Cost;
use super::{Unusable, encoding, lengths};

pub(super) const KIND: &str = "firebase-scrypt";

/// What an AES-256 key takes.
const KEY_BYTES: usize = 32;

/// A hash of a Firebase project.
#[derive(Clone)]
pub struct FirebaseScrypt {
    /// The name under which the signer key is kept.
    signer_key: Option<String>,
    cost: Cost,
    separator: Vec<u8>,
    salt: Vec<u8>,
    output: Secret<Vec<u8>>,
}

impl FirebaseScrypt {
    /// `$fbscrypt$k=name,ln=14,r=8,ss=Bw$salt$hash`. `k` may be missing; it never holds the signer key itself.
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let read = || {
            let mut parts = text.strip_prefix("$fbscrypt$")?.split('$');
            let (parameters, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
            let number = |name| encoding::parameter(parameters, name).and_then(encoding::number);
            let separator = encoding::bytes(encoding::parameter(parameters, "ss").unwrap_or_default())?;
            let read =
                (parameters, number("ln")?, number("r")?, separator, encoding::bytes(salt)?, encoding::bytes(output)?);
            parts.next().is_none().then_some(read)
        };
        let (parameters, log_n, r, separator, salt, output) = read().ok_or(Unusable::Damaged(KIND))?;
        let signer_key = match encoding::parameter(parameters, "k") {
            Some(name) if (1..=32).contains(&name.len()) && name.bytes().all(encoding::is_name_byte) => {
                Some(name.to_owned())
            }
            Some(_) => return Err(Unusable::Damaged(KIND)),
            None => None,
        };
        let cost = Cost::new(KIND, log_n, r, 1)?;
        lengths(KIND, &[salt.as_slice(), &separator].concat(), &output)?;
        Ok(Self { signer_key, cost, separator, salt, output: Secret::new(output) })
    }

    pub(super) fn to_text(&self) -> String {
        let name = self.signer_key.as_ref().map(|name| format!("k={name},")).unwrap_or_default();
        let [separator, salt, output] =
            [&self.separator, &self.salt, self.output.expose()].map(|bytes| encoding::text(bytes));
        format!("$fbscrypt${name}ln={},r={},ss={separator}${salt}${output}", self.cost.log_n, self.cost.r)
    }

    pub(super) fn signer_key(&self) -> Option<&str> {
        self.signer_key.as_deref()
    }

    pub(super) fn with_signer_key(self, name: &str) -> Self {
        Self { signer_key: Some(name.to_owned()), ..self }
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.cost.memory_kib()
    }

    pub(super) fn compute(&self, password: &[u8], signer_key: &[u8]) -> Option<Secret<Vec<u8>>> {
        let salt = [self.salt.as_slice(), &self.separator].concat();
        let derived = self.cost.derive(password, &salt, KEY_BYTES)?;
        let key = UnboundCipherKey::new(&AES_256, derived.expose()).and_then(EncryptingKey::ctr).ok()?;
        let mut text = signer_key.to_vec();
        // Each key encrypts this one text only: a counter that begins at zero never repeats.
        key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from([0; 16]))).ok()?;
        Some(Secret::new(text))
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.output
    }
}
