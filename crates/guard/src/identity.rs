//! Who a verified access token speaks for.

use std::fmt;
use std::sync::Arc;

use countersign_jose::Verified;
use countersign_kernel::{DeviceId, Env, SessionId, Timestamp, TokenId, UserId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::live::Names;

/// Who a verified access token speaks for. Cheap to clone: one for all requests that carry the token.
///
/// As an extractor it refuses a request without a good token. `Option<Identity>` is `None` where there is no credential at all; a
/// token that is not accepted is refused there too, so that nobody is silently taken for a stranger.
#[derive(Clone)]
pub struct Identity {
    pub(crate) known: Arc<Known>,
    pub(crate) is_stale: bool,
}

/// What a token says, and to whom it was shown.
pub(crate) struct Known {
    pub(crate) policy: Arc<Policy>,
    pub(crate) expires_at: Timestamp,
    user: UserId,
    session: SessionId,
    token: TokenId,
    ver: u64,
    kid: Arc<str>,
    ours: Ours,
    claims_json: Box<str>,
}

/// What a verifier holds a token against.
pub(crate) struct Policy {
    pub(crate) issuer: Arc<str>,
    pub(crate) audience: String,
    pub(crate) leeway_seconds: i64,
    pub(crate) second_factor_roles: Vec<String>,
    pub(crate) env: Env,
}

/// The claims beside those of every JWT. Some may be missing; none may be of another type, or null.
#[derive(Deserialize)]
struct Ours {
    sid: SessionId,
    ver: u64,
    #[serde(default, deserialize_with = "present")]
    did: Option<DeviceId>,
    #[serde(default, deserialize_with = "present")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    email: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default, deserialize_with = "scopes")]
    scope: Option<Vec<String>>,
    #[serde(default)]
    auth_time: i64,
    #[serde(default)]
    amr: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    acr: Option<String>,
}

impl Known {
    /// Reads the claims of a verified token; none where one is missing or mistyped.
    pub(crate) fn read(verified: Verified, policy: &Arc<Policy>) -> Option<Self> {
        let claims = verified.claims;
        let ours: Ours = serde_json::from_value(Value::Object(claims.rest)).ok()?;
        Some(Self {
            policy: Arc::clone(policy),
            expires_at: Timestamp::from_seconds(claims.exp),
            user: claims.sub.parse().ok()?,
            session: ours.sid,
            token: claims.jti.parse().ok()?,
            ver: ours.ver,
            kid: verified.kid,
            ours,
            claims_json: verified.json.into_boxed_str(),
        })
    }

    /// What revocations are looked up by.
    pub(crate) fn names(&self) -> Names<'_> {
        Names { token: self.token, session: self.session, user: self.user, ver: self.ver, kid: &self.kid }
    }
}

impl Identity {
    /// The person: `sub`. Never given to another.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.known.user
    }

    /// The session: `sid`.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.known.session
    }

    /// The token: `jti`.
    #[must_use]
    pub fn token(&self) -> TokenId {
        self.known.token
    }

    /// The device: `did`.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.known.ours.did
    }

    /// The program that speaks for the person: `client_id`.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.known.ours.client_id.as_deref()
    }

    /// `email`, where the server says it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.known.ours.email.as_deref()
    }

    /// `roles`. What one of them grants may need a second factor: ask [`Identity::demand`].
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.known.ours.roles
    }

    /// `permissions`: what the roles permit.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.known.ours.permissions
    }

    /// `scope` (RFC 8693 section 4.2): what a program may do in the person's name; none where the person's own session speaks.
    #[must_use]
    pub fn scopes(&self) -> Option<&[String]> {
        self.known.ours.scope.as_deref()
    }

    /// Whether a second factor was proven in this session, and where it is used.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.authenticated_at().is_some() && self.known.ours.amr.iter().any(|name| name == MULTI_FACTOR)
    }

    /// When the person last proved who it is: `auth_time`. None where the token does not say, or says that nobody has where the
    /// session is used (0).
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        let seconds = self.known.ours.auth_time;
        (seconds > 0).then(|| Timestamp::from_seconds(seconds))
    }

    /// How: `amr` (RFC 8176).
    #[must_use]
    pub fn methods(&self) -> &[String] {
        &self.known.ours.amr
    }

    /// How surely: `acr`.
    #[must_use]
    pub fn assurance(&self) -> Option<&str> {
        self.known.ours.acr.as_deref()
    }

    /// When the token expires: `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.known.expires_at
    }

    /// Whether the token was accepted though revocations have not been heard of for too long
    /// ([`WhenStale::AcceptAndFlag`](crate::WhenStale::AcceptAndFlag)).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// All claims as `T`; none where they are of another shape. Parsed on each call.
    #[must_use]
    pub fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.known.claims_json).ok()
    }

    /// One claim by name, as `T`; none where it is missing or of another shape.
    #[must_use]
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let mut claims: serde_json::Map<String, Value> = self.claims()?;
        claims.remove(name).and_then(|value| serde_json::from_value(value).ok())
    }
}

impl fmt::Debug for Identity {
    /// Without personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Identity");
        shown.field("id", &self.id()).field("session", &self.session()).field("token", &self.token());
        shown.finish_non_exhaustive()
    }
}

/// A claim that may be missing, but is not `null`.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn scopes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Some(text.split(' ').filter(|one| !one.is_empty()).map(str::to_owned).collect()))
}

/// The server writes it into `amr` where two kinds of proof were given.
const MULTI_FACTOR: &str = "mfa";
