//! What is secret about mail: links, the codes beside them, the handles of browsers that wait for them, and the outbox.
//!
//! Promises: a link's secret has 256 bits and is kept as its SHA-256. A code has 39 bits, which is enough for a few tries and not
//! for a search at leisure: it is kept as a MAC under a key that the database alone does not give away. What a mail says is sealed
//! in the outbox under another such key.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use countersign_kernel::{Env, Lifetime, MailId, Secret, Timestamp, UserId, hex};
use countersign_mail::Facts;
use countersign_store::LinkPurpose;

use crate::error::Error;

/// Makes and checks them.
pub(crate) struct MailKeys {
    code: hmac::Key,
    handle: hmac::Key,
    seal: Secret<[u8; 32]>,
}

/// The handle of a browser that has asked for a mail, as it is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle {
    /// SHA-256 of its text: what the link is found by.
    pub(crate) hash: [u8; 32],
    /// When it was asked.
    pub(crate) asked_at: Timestamp,
}

/// How long a link, the code beside it and the handle of whoever asked work.
pub(crate) const LIFETIME: Lifetime = Lifetime::from_minutes(15);

/// How many characters a code has, its hyphen left out.
const CODE_LENGTH: usize = 8;
/// What codes are made of: figures and letters of which none looks like another.
const CODE_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Bytes of a handle: the moment, a random value, a tag.
const HANDLE: usize = 8 + 16 + 16;

impl MailKeys {
    pub(crate) fn new(lookup_root: &Secret<[u8; 32]>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, lookup_root.expose());
        let derive = |label: &[u8]| hmac::sign(&root, label);
        Self {
            code: hmac::Key::new(hmac::HMAC_SHA256, derive(b"countersign/mail-code/1").as_ref()),
            handle: hmac::Key::new(hmac::HMAC_SHA256, derive(b"countersign/mail-handle/1").as_ref()),
            seal: Secret::new(derive(b"countersign/outbox-seal/1").as_ref().first_chunk().copied().unwrap_or_default()),
        }
    }

    /// What is kept of a code of this person; none where the text can be no code. Case, spaces and hyphens are forgiven.
    pub(crate) fn hash_code(&self, text: &str, purpose: LinkPurpose, user: UserId) -> Option<[u8; 32]> {
        let bare: Secret<Vec<u8>> = Secret::new(
            text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'-').map(|b| b.to_ascii_uppercase()).collect(),
        );
        if bare.expose().len() != CODE_LENGTH || !bare.expose().iter().all(|b| CODE_ALPHABET.contains(b)) {
            return None;
        }
        let mut context = hmac::Context::with_key(&self.code);
        context.update(purpose.as_str().as_bytes());
        context.update(&user.to_bytes());
        context.update(bare.expose());
        context.sign().as_ref().first_chunk().copied()
    }

    /// A new handle of this moment.
    pub(crate) fn new_handle(&self, now: Timestamp, env: &Env) -> Secret<String> {
        let mut bytes = Vec::with_capacity(HANDLE);
        bytes.extend_from_slice(&now.as_micros().to_be_bytes());
        bytes.extend_from_slice(&env.entropy().bytes::<16>());
        let tag = hmac::sign(&self.handle, &bytes);
        bytes.extend_from_slice(tag.as_ref().get(..16).unwrap_or_default());
        Secret::new(hex::encode(&bytes))
    }

    /// The handle of this text; none where we did not make it.
    pub(crate) fn read_handle(&self, text: &str) -> Option<Handle> {
        let bytes: [u8; HANDLE] = hex::decode(text)?;
        let (body, tag) = bytes.split_at_checked(HANDLE - 16)?;
        let wanted = hmac::sign(&self.handle, body);
        if !Secret::new(tag.to_vec()).matches(wanted.as_ref().get(..16)?) {
            return None;
        }
        let asked_at = Timestamp::from_micros(i64::from_be_bytes(*body.first_chunk()?));
        Some(Handle { hash: hash_of(text), asked_at })
    }

    /// A nonce, the ciphertext and a tag. They open for this mail alone.
    pub(crate) fn seal(&self, mail: MailId, facts: &Facts, env: &Env) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = env.entropy().bytes();
        let mut text = facts.to_bytes().expose().clone();
        let (nonce_of, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(mail.to_bytes()));
        self.cipher()?.seal_in_place_append_tag(nonce_of, aad, &mut text).map_err(|_| Error::Mail)?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What was sealed for this mail.
    pub(crate) fn open(&self, mail: MailId, sealed: &[u8]) -> Result<Facts, Error> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Mail)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Mail)?;
        let mut buffer = text.to_vec();
        let opened = self.cipher()?.open_in_place(nonce, Aad::from(mail.to_bytes()), &mut buffer);
        let length = opened.map_err(|_| Error::Mail)?.len();
        buffer.truncate(length);
        Facts::from_bytes(Secret::new(buffer).expose()).ok_or(Error::Mail)
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, self.seal.expose()).map_err(|_| Error::Mail)?;
        Ok(LessSafeKey::new(key))
    }
}

/// The secret of a new link: 256 bits as 64 hexadecimal characters.
pub(crate) fn new_secret(env: &Env) -> Secret<String> {
    let bytes = Secret::new(env.entropy().bytes::<32>());
    Secret::new(hex::encode(bytes.expose()))
}

/// A new code, with a hyphen in its middle.
pub(crate) fn new_code(env: &Env) -> Secret<String> {
    let mut code = String::with_capacity(CODE_LENGTH + 1);
    for place in 0..CODE_LENGTH {
        if place == CODE_LENGTH / 2 {
            code.push('-');
        }
        let at = usize::try_from(env.entropy().below(CODE_ALPHABET.len() as u64)).unwrap_or(0);
        code.push(CODE_ALPHABET.get(at).copied().map_or('2', char::from));
    }
    Secret::new(code)
}

/// What is kept of a link's secret, and of a handle.
pub(crate) fn hash_of(secret: &str) -> [u8; 32] {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use countersign_mail::Fact;

    use super::*;

    fn keys(fill: u8) -> MailKeys {
        MailKeys::new(&Secret::new([fill; 32]))
    }

    #[test]
    fn a_code_is_read_as_people_write_it_and_is_its_persons_alone() {
        let (env, ada, bob) = (Env::system(), UserId::new(&Env::system()), UserId::new(&Env::system()));
        let code = new_code(&env);
        let code = code.expose();
        assert_eq!((code.len(), code.find('-')), (9, Some(4)), "{code}");
        let hash = |text: &str, user| keys(1).hash_code(text, LinkPurpose::SignIn, user);
        let own = hash(code, ada);

        assert!(own.is_some());
        for same in [code.to_lowercase(), code.replace('-', ""), code.replace('-', " "), format!("  {code}\n")] {
            assert_eq!(hash(&same, ada), own, "{same}");
        }
        assert_ne!(hash(code, bob), own);
        assert_ne!(keys(2).hash_code(code, LinkPurpose::SignIn, ada), own);
        assert_ne!(keys(1).hash_code(code, LinkPurpose::VerifyEmail, ada), own);
        for wrong in ["", "23456789A", "2345678", "0000-0000", "\u{0}"] {
            assert_eq!(hash(wrong, ada), None, "{wrong}");
        }
    }

    #[test]
    fn a_handle_is_ours_or_none() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let handle = keys(1).new_handle(now, &Env::system());

        assert_eq!(keys(1).read_handle(handle.expose()).map(|handle| handle.asked_at), Some(now));
        assert_eq!(keys(2).read_handle(handle.expose()), None);
        for place in [0, 20, 79] {
            let mut forged = handle.expose().clone().into_bytes();
            forged[place] = if forged[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(keys(1).read_handle(std::str::from_utf8(&forged).unwrap()), None, "{place}");
        }
        assert_eq!(keys(1).read_handle(""), None);
    }

    #[test]
    fn what_a_mail_says_opens_for_that_mail_alone() {
        let env = Env::system();
        let (mail, other) = (MailId::new(&env), MailId::new(&env));
        let facts = Facts::default().with(Fact::Code, "7KQX-M2PD");
        let sealed = keys(1).seal(mail, &facts, &env).unwrap();

        assert_eq!(keys(1).open(mail, &sealed).unwrap(), facts);
        assert!(keys(1).open(other, &sealed).is_err());
        assert!(keys(2).open(mail, &sealed).is_err());
        assert!(keys(1).open(mail, &sealed[..sealed.len() - 1]).is_err());
        assert!(!sealed.windows(4).any(|four| four == b"7KQX"));
    }
}
