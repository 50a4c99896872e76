//! How recovery codes are read and hashed.

use aws_lc_rs::hmac;
use countersign_kernel::{Secret, UserId};
use countersign_store::RecoveryCodeHash;

/// Makes hashes of recovery codes.
pub(crate) struct RecoveryKeys(hmac::Key);

impl RecoveryKeys {
    pub(crate) fn new(lookup_root: &Secret<[u8; 32]>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, lookup_root.expose());
        let derived = hmac::sign(&root, b"countersign/recovery-codes/1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The hash of what was typed; none where that is no code.
    pub(crate) fn hash(&self, user: UserId, typed: &str) -> Option<RecoveryCodeHash> {
        let code = Secret::new(normal(typed)?);
        let mut context = hmac::Context::with_key(&self.0);
        // Of fixed length, so that no two pairs read alike.
        context.update(&user.to_bytes());
        context.update(code.expose().as_bytes());
        context.sign().as_ref().first_chunk().copied().map(RecoveryCodeHash)
    }
}

/// What was typed, as the alphabet has it; none where it cannot be a code.
fn normal(typed: &str) -> Option<String> {
    let mut text = String::with_capacity(LENGTH);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let is_known = u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !is_known || text.len() == LENGTH {
            return None;
        }
        text.push(c);
    }
    (text.len() == LENGTH).then_some(text)
}

/// Characters of a code: five bits each.
pub(crate) const LENGTH: usize = 16;
/// How many stand together.
pub(crate) const GROUP: usize = 4;
/// Crockford's base32.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_case_and_look_alikes_are_forgiven() {
        let code = "A0B1-CDEF-GHJK-MNPQ";
        for typed in [
            "A0B1-CDEF-GHJK-MNPQ",
            "a0b1cdefghjkmnpq",
            " aob1 cdef-ghjk mnpq ",
            "AOBL-CDEF-GHJK-MNPQ",
            "AoBi-CDEF-GHJK-MNPQ",
        ] {
            assert_eq!(normal(typed), normal(code), "{typed}");
        }
        for wrong in
            ["", "A0B1-CDEF-GHJK-MNP", "A0B1-CDEF-GHJK-MNPQR", "A0B1-CDEF-GHJK-MNPU", "A0B1-CDEF-GHJK-MNP\u{430}"]
        {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_hashes_to_something_else_for_everybody_and_everywhere() {
        let (here, there) = (RecoveryKeys::new(&Secret::new([1; 32])), RecoveryKeys::new(&Secret::new([2; 32])));
        let (ada, bob) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let code = "A0B1-CDEF-GHJK-MNPQ";
        assert_eq!(here.hash(ada, code), here.hash(ada, "a0b1cdefghjkmnpq"));
        assert_ne!(here.hash(ada, code), here.hash(bob, code));
        assert_ne!(here.hash(ada, code), there.hash(ada, code));
        assert_eq!(here.hash(ada, "nonsense"), None);
    }
}
