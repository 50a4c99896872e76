//! How secrets of other systems are named and sealed.
//!
//! Promises: whoever has the database alone has neither the secret nor a way to test guesses of it: its name is a MAC and its
//! bytes are sealed, both under keys that follow from a root, which the master key seals. One secret has one name, so that a
//! second import of the same system adds nothing.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use countersign_kernel::{Env, Secret, hex};

use crate::error::Error;

/// How many bytes of the MAC make the name: 64 bits tell the few secrets of one installation apart.
const NAME_BYTES: usize = 8;

/// Names and seals.
pub(crate) struct ImportKeys {
    name: hmac::Key,
    seal: Secret<[u8; 32]>,
}

impl ImportKeys {
    pub(crate) fn new(lookup_root: &Secret<[u8; 32]>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, lookup_root.expose());
        let derive = |label: &[u8]| hmac::sign(&root, label);
        Self {
            name: hmac::Key::new(hmac::HMAC_SHA256, derive(b"countersign/import-secret-name/1").as_ref()),
            seal: Secret::new(
                derive(b"countersign/import-secret-seal/1").as_ref().first_chunk().copied().unwrap_or_default(),
            ),
        }
    }

    /// The name of a secret.
    pub(crate) fn name_of(&self, secret: &Secret<Vec<u8>>) -> String {
        let tag = hmac::sign(&self.name, secret.expose());
        hex::encode(tag.as_ref().get(..NAME_BYTES).unwrap_or(tag.as_ref()))
    }

    /// A nonce, the ciphertext and a tag. They open under this name alone.
    pub(crate) fn seal(&self, name: &str, secret: &Secret<Vec<u8>>, env: &Env) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = env.entropy().bytes();
        let mut text = Vec::with_capacity(secret.expose().len() + AES_256_GCM_SIV.tag_len());
        text.extend_from_slice(secret.expose());
        let (nonce_of, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()));
        self.cipher()?.seal_in_place_append_tag(nonce_of, aad, &mut text).map_err(|_| Error::ImportSecret)?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What was sealed under this name.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::ImportSecret)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::ImportSecret)?;
        let mut buffer = text.to_vec();
        let opened = self.cipher()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut buffer);
        let length = opened.map_err(|_| Error::ImportSecret)?.len();
        buffer.truncate(length);
        Ok(Secret::new(buffer))
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, self.seal.expose()).map_err(|_| Error::ImportSecret)?;
        Ok(LessSafeKey::new(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_own_name_and_root_alone() {
        let (env, pepper) = (Env::system(), Secret::new(b"a pepper of old".to_vec()));
        let keys = ImportKeys::new(&Secret::new([7; 32]));
        let name = keys.name_of(&pepper);
        let sealed = keys.seal(&name, &pepper, &env).unwrap();

        assert_eq!(keys.open(&name, &sealed).unwrap().expose(), pepper.expose());
        assert!(keys.open("another", &sealed).is_err());
        assert!(ImportKeys::new(&Secret::new([8; 32])).open(&name, &sealed).is_err());
        for length in [0, NONCE_LEN, sealed.len() - 1] {
            assert!(keys.open(&name, &sealed[..length]).is_err(), "{length}");
        }
        assert!(!sealed.windows(6).any(|six| six == b"pepper"));
    }

    #[test]
    fn one_secret_has_one_name_here_and_another_elsewhere() {
        let pepper = Secret::new(b"a pepper of old".to_vec());
        let (here, elsewhere) = (ImportKeys::new(&Secret::new([7; 32])), ImportKeys::new(&Secret::new([8; 32])));
        assert_eq!(here.name_of(&pepper), here.name_of(&pepper.clone()));
        assert_ne!(here.name_of(&pepper), elsewhere.name_of(&pepper));
        assert_ne!(here.name_of(&pepper), here.name_of(&Secret::new(b"another".to_vec())));
        assert_eq!(here.name_of(&pepper).len(), 16);
    }
}
