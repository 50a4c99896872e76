//! Brings in a key from outside: from another system whose tokens must go on, or a known one for tests.
//!
//! Promises: the key keeps the name that its verifiers know; no name and no key is there twice (one key, one algorithm, one
//! name: RFC 8725 section 3.1); what is weaker than RFC 7518 allows is refused.

use countersign_audit::Actor;
use countersign_jose::{Algorithm, Jwk, SigningKey};
use countersign_kernel::{KeyId, Origin, Secret, Timestamp};
use countersign_store::signing_key::KeyState;

use crate::change::{By, Changed, Step};
use crate::error::Error;
use crate::key::{RingKey, Standing};
use crate::material::Draft;
use crate::ring::Keyring;

/// When an imported key begins to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// At once, although no verifier has seen it published. The active key retires.
    Now,
    /// With the next rotation. It is published now and takes the place of the next key of its algorithm.
    WithNextRotation,
}

/// A key to be imported.
#[derive(Debug)]
pub struct ImportKey<'a> {
    /// The private key: a JWK, or PEM with PKCS#8, SEC 1 or PKCS#1.
    pub text: &'a Secret<String>,
    /// What an RSA key in PEM is for; RS256 where nothing is said. Other keys have one algorithm or name it themselves.
    pub algorithm: Option<Algorithm>,
    /// What it shall be called; else as the JWK says; else by its thumbprint (RFC 7638).
    pub kid: Option<&'a str>,
    /// When it begins to sign.
    pub activation: Activation,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The key is in the ring.
    Done(Box<RingKey>),
    /// Another key of that name is there.
    KidTaken(String),
    /// This very key is there under this name.
    Known(String),
    /// Somebody else changed the ring at the same moment; nothing was imported.
    Beaten,
}

/// Why a plan refused.
enum Refusal {
    KidTaken,
    Known(String),
}

impl Keyring {
    /// Imports a private key.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] with the reason; [`Error::SymmetricNotConfigured`]; [`Error::Store`]. Nothing has changed
    /// then, save with [`Error::Unread`].
    pub async fn import(&self, import: ImportKey<'_>, actor: Actor, origin: &Origin) -> Result<Imported, Error> {
        let changes = self.changes();
        let key = SigningKey::import(import.text.expose(), import.algorithm, import.kid).map_err(Error::Unsuitable)?;
        if key.algorithm().is_symmetric() && changes.policy.algorithm != key.algorithm() {
            return Err(Error::SymmetricNotConfigured);
        }
        let thumbprint = key.public_jwk().map(Jwk::thumbprint);
        let draft = Draft::of(KeyId::new(&changes.env), &key, &changes.master, &changes.env)?;
        let kid = draft.kid.clone();

        let plan = |keys: &[RingKey], _: Timestamp| {
            let actives = || keys.iter().filter(|key| key.standing == Standing::Active).map(|key| Step::Retire(key.id));
            if let Some(same) = keys.iter().find(|key| thumbprint.is_some() && thumbprint_of(key) == thumbprint) {
                return match (same.standing, import.activation) {
                    // Imported before, to wait; now it shall wait no longer. A key that has retired never signs again.
                    (Standing::Next, Activation::Now) if same.kid == draft.kid => {
                        Ok(actives().chain([Step::Activate(same.id)]).collect())
                    }
                    _ => Err(Refusal::Known(same.kid.clone())),
                };
            }
            if keys.iter().any(|key| key.kid == draft.kid) {
                return Err(Refusal::KidTaken);
            }
            Ok(match import.activation {
                Activation::Now => actives().chain([Step::Insert(draft.row(KeyState::Active))]).collect(),
                // What is in its place never signed, so nothing is lost with it.
                Activation::WithNextRotation => keys
                    .iter()
                    .filter(|key| key.standing == Standing::Next && key.algorithm == draft.algorithm.name())
                    .map(|key| Step::Remove(key.id))
                    .chain([Step::Insert(draft.row(KeyState::Next))])
                    .collect(),
            })
        };
        Ok(match self.change(&By::new(actor, origin, "imported"), plan).await? {
            Changed::Done => match self.ring().keys.iter().find(|key| key.kid == kid) {
                Some(key) => Imported::Done(Box::new(key.clone())),
                None => Imported::Beaten,
            },
            Changed::Refused(Refusal::KidTaken) => Imported::KidTaken(kid),
            Changed::Refused(Refusal::Known(as_kid)) => Imported::Known(as_kid),
            Changed::Nothing | Changed::Beaten => Imported::Beaten,
        })
    }
}

fn thumbprint_of(key: &RingKey) -> Option<String> {
    key.public_jwk.as_deref().and_then(|jwk| Jwk::parse(jwk).ok()).map(|jwk| jwk.thumbprint())
}
