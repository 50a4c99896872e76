//! Gives tokens their indexes, and lets the list grow.

use std::sync::atomic::Ordering;

use countersign_jose::SigningKey;
use countersign_kernel::KeyId;
use countersign_store as store;

use super::STATUS_LIST_TTL;
use crate::access_token::AccessClaims;
use crate::error::Error;
use crate::sessions::Sessions;

impl Sessions {
    /// Gives the token with these claims an index, where the policy has a list.
    pub(crate) async fn take_status(&self, claims: &mut AccessClaims<'_>, signer: &SigningKey) -> Result<(), Error> {
        let Some(list) = &self.0.status else { return Ok(()) };
        let key = self.0.keyring.standing(signer.kid()).map(|(key, _)| key);
        let mut tx = self.0.store.begin().await?;
        let mut wanted = claims.status_index(key.unwrap_or(KeyId::from_bytes(NO_KEY)));
        for _ in 0..TRIES {
            wanted.index = self.0.env.entropy().below(list.size.load(Ordering::Relaxed).max(1));
            if tx.take_status_index(&wanted).await? {
                tx.commit().await?;
                claims.set_status(wanted.index, &list.uri);
                return Ok(());
            }
        }
        Err(store::Error::Unavailable("the status list is full".into()).into())
    }

    /// Doubles the list where it is half full, and takes up what others have doubled. Not twice within two lives of a list: what a
    /// verifier has kept must show every index that is given out.
    pub(crate) async fn fit_status_list(&self) -> Result<(), Error> {
        let Some(list) = &self.0.status else { return Ok(()) };
        let found = self.0.store.snapshot().await?.status_list_size().await?;
        let mut size = found.size;
        if found.taken.saturating_mul(2) >= size && size < MOST {
            let mut tx = self.0.store.begin().await?;
            let now = tx.now();
            if tx.grow_status_list(size, now, now - STATUS_LIST_TTL - STATUS_LIST_TTL).await? {
                tx.commit().await?;
                size = size.saturating_mul(2);
            }
        }
        list.size.store(size, Ordering::Relaxed);
        Ok(())
    }
}

/// A list that is half full is missed this often once in four thousand million tokens.
const TRIES: u32 = 32;

/// No list is longer: 8 MB before it is packed.
const MOST: u64 = 1 << 25;

/// The key that no key is: of a signer that has just left the ring.
const NO_KEY: [u8; 16] = [0; 16];
