//! Verifies an access token: from memory, save for the issuer's keys every few minutes.
//!
//! Promises: nothing of a token is believed before its signature is good; a token is accepted only if no live revocation means it,
//! whether it was seen before or not; one that was seen before costs a look-up by its whole text, compared in full, and the
//! revocation check; what is remembered is bounded, dropped at `exp`, and void once the keys have changed that vouched for it. Follows
//! DESIGN section 2.

use std::sync::Arc;

use countersign_jose::{self as jose, KeySet, Rules};
use countersign_kernel::{Bearer, Timestamp};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use quick_cache::sync::Cache;
use tokio::task::AbortHandle;

use crate::identity::{Identity, Known, Policy};
use crate::jwks::Keys;
use crate::refusal::{Code, Refusal};
use crate::revocations::{FeedStatus, Revocations, Verdict};

/// Verifies access tokens of one issuer for one audience. Cheap to clone; made by [`Verifier::discover`].
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) policy: Arc<Policy>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) revocations: Option<Arc<Revocations>>,
    pub(crate) remembered: Cache<Box<str>, Seen>,
    /// What works for this verifier ends with it.
    pub(crate) tasks: Vec<AbortHandle>,
}

/// A token whose signature and claims are good, by the keys of this version.
#[derive(Clone)]
pub(crate) struct Seen {
    known: Arc<Known>,
    version: u64,
}

/// How a verifier is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether there are keys to rely on. Without them every token is answered 503.
    pub has_keys: bool,
    /// The feed of revocations; none where none is followed.
    pub feed: Option<FeedStatus>,
}

impl Status {
    /// Whether tokens can be judged as they should be: there are keys and, where a feed is followed, it is current. What a
    /// readiness probe asks.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.has_keys && self.feed.as_ref().is_none_or(|feed| feed.is_current)
    }
}

impl Verifier {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Who `token` speaks for. Waits for nothing, save for a fetch of the keys where the token names one that is unknown, and that
    /// at most once in the cool-down.
    ///
    /// For whatever has a token and is no axum service: gRPC, workers, commands.
    ///
    /// # Errors
    /// `TOKEN_EXPIRED` if the token is authentic and its time is over, or it was superseded while its session lives; `TOKEN_REVOKED` if it
    /// is authentic and taken back; `OVERLOADED` if nobody can tell; `TOKEN_INVALID` for anything else.
    pub async fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        match self.check(token) {
            Err(refusal) if refusal.is_unknown_key => {
                if self.0.keys.look_again().await {
                    self.check(token).map_err(|checked| checked.refusal)
                } else {
                    Err(refusal.refusal)
                }
            }
            checked => checked.map_err(|checked| checked.refusal),
        }
    }

    /// Who speaks by the `Authorization` field of these headers; none where there is no such field.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; `TOKEN_INVALID` also if the field is not one bearer token.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        match Bearer::read(headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes)) {
            Bearer::Absent => Ok(None),
            Bearer::Malformed => Err(self.refusal(Code::TokenInvalid, "not one bearer token")),
            Bearer::Token(token) => self.verify(token).await.map(Some),
        }
    }

    /// How things stand: for readiness probes and metrics.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = self.0.policy.env.now();
        let feed = self.0.revocations.as_ref().map(|revocations| revocations.status(now));
        Status { has_keys: self.0.keys.version(now).is_some(), feed }
    }

    /// The answer to a request without a credential.
    pub(crate) fn missing(&self) -> Refusal {
        self.refusal(Code::TokenMissing, "no credential")
    }

    pub(crate) fn refusal(&self, code: Code, reason: &'static str) -> Refusal {
        Refusal::new(code, reason, &self.0.policy.issuer)
    }

    /// Whether it was this verifier, or a clone, that found out who this is.
    pub(crate) fn vouches_for(&self, identity: &Identity) -> bool {
        Arc::ptr_eq(&self.0.policy, &identity.known.policy)
    }

    #[cfg(feature = "testing")]
    pub(crate) fn revocations(&self) -> Option<Arc<Revocations>> {
        self.0.revocations.clone()
    }

    fn check(&self, token: &str) -> Result<Identity, Checked> {
        let Inner { policy, keys, revocations, remembered, .. } = &*self.0;
        let now = policy.env.now();
        let version = keys.version(now);
        let found = remembered.get(token).filter(|seen| Some(seen.version) == version);
        let is_new = found.is_none();
        let seen = match found {
            Some(seen) => seen,
            None => self.read(token, now)?,
        };
        // RFC 7519 section 4.1.4: on or after exp it MUST NOT be accepted.
        if now.as_seconds() >= seen.known.expires_at.as_seconds().saturating_add(policy.leeway_seconds) {
            remembered.remove(token);
            return Err(self.refusal(Code::TokenExpired, "expired").into());
        }
        let verdict = revocations.as_ref().map_or(Verdict::Live, |held| held.judge(&seen.known.names(), now));
        let is_stale = match verdict {
            Verdict::Live => false,
            Verdict::Flagged => true,
            Verdict::Ended => return Err(self.refusal(Code::TokenRevoked, "revoked").into()),
            Verdict::Superseded => return Err(self.refusal(Code::TokenExpired, "superseded").into()),
            Verdict::Stale => {
                return Err(self.refusal(Code::Overloaded, "revocations were not heard of for too long").into());
            }
        };
        if is_new {
            remembered.insert(token.into(), seen.clone());
        }
        Ok(Identity { known: seen.known, is_stale })
    }

    /// Checks signature and claims.
    fn read(&self, token: &str, now: Timestamp) -> Result<Seen, Checked> {
        let policy = &self.0.policy;
        let rules = Rules {
            typ: ACCESS_TOKEN_TYPE,
            issuer: &policy.issuer,
            audience: &policy.audience,
            now: now.as_seconds(),
            leeway: policy.leeway_seconds,
        };
        let kept = self.0.keys.believed(now);
        let none = KeySet::default();
        let set = kept.as_ref().map_or(&none, |kept| &kept.set);
        let verified = jose::verify(token, set, &rules).map_err(|error| match error {
            jose::Error::Expired => self.refusal(Code::TokenExpired, "expired").into(),
            // Nobody is signed out because we have no keys. They are asked for already.
            jose::Error::UnknownKey if kept.is_none() => {
                self.refusal(Code::Overloaded, "the issuer's keys cannot be had").into()
            }
            jose::Error::UnknownKey => {
                Checked { is_unknown_key: true, ..self.refusal(Code::TokenInvalid, "by an unknown key").into() }
            }
            error => Refusal::new(Code::TokenInvalid, error.to_string(), &policy.issuer).into(),
        })?;
        let known = Known::read(verified, policy);
        let known = known.ok_or_else(|| self.refusal(Code::TokenInvalid, "a claim is missing or mistyped"))?;
        Ok(Seen { known: Arc::new(known), version: kept.map_or(0, |kept| kept.version) })
    }
}

/// Why a token is not accepted, and whether another set of keys might change that.
struct Checked {
    refusal: Refusal,
    is_unknown_key: bool,
}

impl From<Refusal> for Checked {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, is_unknown_key: false }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Policy { issuer, audience, .. } = &*self.0.policy;
        f.debug_struct("Verifier").field("issuer", issuer).field("audience", audience).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// RFC 9068 section 2.1.
const ACCESS_TOKEN_TYPE: &str = "at+jwt";
