//! The CSRF token (API.md, "CSRF rule"): for browsers that send neither `Origin` nor `Sec-Fetch-Site`.
//!
//! The `csrf` cookie holds it, `HttpOnly`; the page gets the same text from the API and sends it back in `X-CSRF-Token` or
//! in a form's `csrfToken`. It is an HMAC over (session, or a pre-session id, and a random value), so that one that was
//! planted from a sibling domain belongs to another session and does not count. 66 bytes as 88 characters: version, kind, id
//! (16), random value (16), HMAC-SHA-256 (32).

use countersign_kernel::{Env, Secret, SessionId};

use crate::mac::{Fields, MacKey, TAG, from_text, to_text};

/// Whom a CSRF token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfOwner {
    /// A session. Each sign-in mints a new one of these.
    Session(SessionId),
    /// A browser that is not signed in: the pre-session id is made with the token and lives in it.
    Visitor,
}

/// What the request carries besides the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// No refresh cookie and no page session: any token of ours counts.
    Nothing,
    /// A refresh cookie or page session of this session: only a token of the same session counts.
    Session(SessionId),
    /// One that proves no session: no token counts.
    Unproven,
}

/// Makes and checks CSRF tokens.
pub struct CsrfKeys {
    key: MacKey,
    env: Env,
}

impl CsrfKeys {
    /// The keys under the root of cookies.
    #[must_use]
    pub fn new(root: &Secret<[u8; 32]>, env: Env) -> Self {
        Self { key: MacKey::derive(root, "countersign/csrf/1", &[]), env }
    }

    /// A new token: the cookie's value, and what is to be sent back.
    #[must_use]
    pub fn mint(&self, owner: CsrfOwner) -> String {
        let (kind, id) = match owner {
            CsrfOwner::Session(session) => (SESSION, session.to_bytes()),
            CsrfOwner::Visitor => (VISITOR, self.env.entropy().bytes()),
        };
        let random: [u8; 16] = self.env.entropy().bytes();
        let tag = self.key.sign(&[&[VERSION, kind], &id, &random]);
        to_text(&[&[VERSION, kind], id.as_slice(), &random, &tag].concat())
    }

    /// Whether the sent token is the cookie's, is ours, and may count beside what else came. Compares in constant time.
    #[must_use]
    pub fn verify(&self, cookie: &str, sent: &str, beside: Beside) -> bool {
        let same: bool = subtle::ConstantTimeEq::ct_eq(cookie.as_bytes(), sent.as_bytes()).into();
        let Some(owner) = self.open(cookie).filter(|_| same) else { return false };
        match beside {
            Beside::Nothing => true,
            Beside::Session(session) => owner == CsrfOwner::Session(session),
            Beside::Unproven => false,
        }
    }

    /// Whose token this is; none where we did not make it.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<CsrfOwner> {
        let bytes = from_text::<LENGTH>(text)?;
        let mut fields = Fields(&bytes);
        let head: [u8; 2] = fields.take()?;
        let id: [u8; 16] = fields.take()?;
        let random: [u8; 16] = fields.take()?;
        let tag: [u8; TAG] = fields.take()?;
        if !self.key.verifies(&[&head, &id, &random], &tag) {
            return None;
        }
        match head {
            [VERSION, SESSION] => Some(CsrfOwner::Session(SessionId::from_bytes(id))),
            [VERSION, VISITOR] => Some(CsrfOwner::Visitor),
            _ => None,
        }
    }
}

impl std::fmt::Debug for CsrfKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfKeys(..)")
    }
}

const VERSION: u8 = 1;
const SESSION: u8 = 1;
const VISITOR: u8 = 2;
const LENGTH: usize = 2 + 16 + 16 + TAG;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADA: SessionId = SessionId::from_bytes([1; 16]);
    const EVE: SessionId = SessionId::from_bytes([2; 16]);

    fn keys() -> CsrfKeys {
        CsrfKeys::new(&Secret::new([1; 32]), Env::system())
    }

    #[test]
    fn a_token_counts_beside_its_own_session_only() {
        let keys = keys();
        let own = keys.mint(CsrfOwner::Session(ADA));
        let planted = keys.mint(CsrfOwner::Session(EVE));
        let visitor = keys.mint(CsrfOwner::Visitor);

        assert!(keys.verify(&own, &own, Beside::Session(ADA)));
        assert!(!keys.verify(&planted, &planted, Beside::Session(ADA)));
        assert!(!keys.verify(&visitor, &visitor, Beside::Session(ADA)));
        for token in [own, planted, visitor] {
            assert!(keys.verify(&token, &token, Beside::Nothing));
            assert!(!keys.verify(&token, &token, Beside::Unproven));
        }
    }

    #[test]
    fn the_sent_token_must_be_the_cookie() {
        let keys = keys();
        let [one, two] = [(); 2].map(|()| keys.mint(CsrfOwner::Session(ADA)));

        assert_ne!(one, two, "each is new");
        assert!(!keys.verify(&one, &two, Beside::Session(ADA)));
        assert!(!keys.verify(&one, "", Beside::Nothing));
        assert!(!keys.verify("", "", Beside::Nothing));
    }

    proptest! {
        #[test]
        fn nobody_else_can_make_one(text in "[A-Za-z0-9_-]{88}|.{0,100}") {
            prop_assert_eq!(keys().open(&text), None);
        }

        #[test]
        fn no_character_can_be_changed(place in 0_usize..88) {
            let keys = keys();
            let mut text = keys.mint(CsrfOwner::Session(ADA)).into_bytes();
            text[place] = if text[place] == b'A' { b'B' } else { b'A' };
            prop_assert_eq!(keys.open(std::str::from_utf8(&text).unwrap()), None);
        }
    }
}
