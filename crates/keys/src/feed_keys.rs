//! The keys that sign heartbeats of the revocation feed.
//!
//! Promises: they sign nothing else, and no other key signs heartbeats; the key of each period of 90 days is derived from a root
//! of its own, which is sealed under the master key like every root, so that none is stored, all nodes agree without asking
//! each other, and each is made again after a restart; the JWKS names the key of the period before, of the present one and of the
//! next, so that whoever has it can check what any node signs. Follows DESIGN sections 2 and 3.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use countersign_jose::{Algorithm, KeySet, SigningKey};
use countersign_kernel::{Secret, Timestamp};

use crate::derive::derive;
use crate::error::Error;

/// The keys that sign heartbeats.
pub struct FeedKeys {
    root: Secret<[u8; 32]>,
    present: ArcSwapOption<Present>,
}

/// The keys of one period and its neighbours.
struct Present {
    period: i64,
    signer: Arc<SigningKey>,
    jwks: Arc<str>,
}

impl FeedKeys {
    /// The keys under this root.
    #[must_use]
    pub fn new(root: Secret<[u8; 32]>) -> Self {
        Self { root, present: ArcSwapOption::empty() }
    }

    /// What signs at `now`.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn signer(&self, now: Timestamp) -> Result<Arc<SigningKey>, Error> {
        Ok(Arc::clone(&self.at(now)?.signer))
    }

    /// The JWKS at `now`: public halves alone.
    ///
    /// # Errors
    /// As [`FeedKeys::signer`].
    pub fn jwks_json(&self, now: Timestamp) -> Result<Arc<str>, Error> {
        Ok(Arc::clone(&self.at(now)?.jwks))
    }

    fn at(&self, now: Timestamp) -> Result<Arc<Present>, Error> {
        let period = now.as_seconds().div_euclid(PERIOD_SECONDS);
        if let Some(present) = self.present.load_full().filter(|present| present.period == period) {
            return Ok(present);
        }
        // Racing callers make the same.
        let signer = self.key(period)?;
        let published =
            [self.key(period - 1)?.verifying_key(), signer.verifying_key(), self.key(period + 1)?.verifying_key()];
        let published = KeySet::new(published.into()).map_err(|_| Error::Crypto("publishing the keys of the feed"))?;
        let jwks = published.to_jwks_json().into();
        let present = Arc::new(Present { period, signer: Arc::new(signer), jwks });
        self.present.store(Some(Arc::clone(&present)));
        Ok(present)
    }

    fn key(&self, period: i64) -> Result<SigningKey, Error> {
        let seed = derive(&self.root, "revocation feed", &period.to_be_bytes());
        let key = SigningKey::from_private_bytes(seed.expose(), Algorithm::EdDSA, None);
        key.map_err(|_| Error::Crypto("deriving a key of the feed"))
    }
}

impl fmt::Debug for FeedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedKeys").finish_non_exhaustive()
    }
}

/// How long a key signs: 90 days.
const PERIOD_SECONDS: i64 = 90 * 86_400;

#[cfg(test)]
mod tests {
    use countersign_jose::verify_jws;

    use super::*;

    fn keys(fill: u8) -> FeedKeys {
        FeedKeys::new(Secret::new([fill; 32]))
    }

    fn at(period: i64) -> Timestamp {
        Timestamp::from_seconds(period * PERIOD_SECONDS + 7)
    }

    #[test]
    fn whoever_has_the_jwks_of_a_neighbouring_period_can_check() {
        let (ours, theirs) = (keys(1), keys(1));
        let signed = ours.signer(at(230)).unwrap().sign("test", &serde_json::json!({})).unwrap();
        for (period, is_good) in [(228, false), (229, true), (230, true), (231, true), (232, false)] {
            let known = KeySet::from_jwks(&theirs.jwks_json(at(period)).unwrap()).unwrap();
            assert_eq!(verify_jws(&signed, &known, Some("test")).is_ok(), is_good, "{period}");
        }
    }

    #[test]
    fn each_period_and_each_root_has_a_key_of_its_own() {
        let names = [(1, 230), (1, 231), (2, 230)]
            .map(|(fill, period)| keys(fill).signer(at(period)).unwrap().kid().to_owned());
        assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
    }

    // attack 35
    #[test]
    fn nothing_private_is_published() {
        let jwks = keys(1).jwks_json(at(230)).unwrap();
        let jwks: serde_json::Value = serde_json::from_str(&jwks).unwrap();
        let published = jwks["keys"].as_array().unwrap();
        assert_eq!(published.len(), 3);
        for key in published {
            assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&"OKP".into(), &"EdDSA".into(), &"sig".into()));
            assert!(key["d"].is_null());
        }
    }
}
