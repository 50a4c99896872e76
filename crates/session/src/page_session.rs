//! The page session: a handle of a session for the hosted pages (API.md, "Other cookies").
//!
//! It names its session and proves by its MAC that we made it. Alone it authorises no `/api` call; beside a refresh cookie it
//! says which of several is the right one. 49 bytes as 66 characters: version, session id, HMAC-SHA-256.

use countersign_kernel::{Secret, SessionId};

use crate::mac::{Fields, MacKey, TAG, from_text, to_text};

/// Makes and recognises page sessions.
pub(crate) struct PageKeys(MacKey);

impl PageKeys {
    pub(crate) fn new(root: &Secret<[u8; 32]>) -> Self {
        Self(MacKey::derive(root, "countersign/page-session/1", &[]))
    }

    /// The handle of a session: always the same text.
    pub(crate) fn seal(&self, session: SessionId) -> Secret<String> {
        let id = session.to_bytes();
        let tag = self.0.sign(&[&[VERSION], &id]);
        Secret::new(to_text(&[&[VERSION], id.as_slice(), &tag].concat()))
    }

    /// The session of a handle that we made.
    pub(crate) fn open(&self, text: &str) -> Option<SessionId> {
        let bytes = from_text::<LENGTH>(text)?;
        let mut fields = Fields(&bytes);
        let version: [u8; 1] = fields.take()?;
        let id: [u8; 16] = fields.take()?;
        let tag: [u8; TAG] = fields.take()?;
        (version == [VERSION] && self.0.verifies(&[&version, &id], &tag)).then(|| SessionId::from_bytes(id))
    }
}

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 16 + TAG;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_its_session_and_nobody_else_can_make_one() {
        let keys = PageKeys::new(&Secret::new([1; 32]));
        let session = SessionId::from_bytes([9; 16]);
        let text = keys.seal(session);

        assert_eq!(keys.open(text.expose()), Some(session));
        assert_eq!(PageKeys::new(&Secret::new([2; 32])).open(text.expose()), None);
        for place in 0..text.expose().len() {
            let mut forged = text.expose().clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys.open(std::str::from_utf8(&forged).unwrap()), None, "place {place}");
        }
    }
}
