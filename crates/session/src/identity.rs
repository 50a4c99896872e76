//! Who a verified access token speaks for.

use std::fmt;
use std::sync::Arc;

use countersign_jose::{Verified, base64url};
use countersign_kernel::{DeviceId, KeyId, SessionId, Timestamp, TokenId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::revocations::Names;

/// Who a verified access token speaks for. One for all requests that carry the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// `sub`.
    pub user: UserId,
    /// `sid`.
    pub session: SessionId,
    /// `jti`.
    pub token: TokenId,
    /// The key that signed it.
    pub key: KeyId,
    /// `did`.
    pub device: Option<DeviceId>,
    /// `ver`.
    pub ver: u64,
    /// `roles`, in their order.
    pub roles: Vec<String>,
    /// `permissions`, sorted.
    pub permissions: Vec<String>,
    /// `email`.
    pub email: Option<String>,
    /// `auth_time`; 0 where the person has not been proven where the session is used and the policy wants it.
    pub auth_time: Timestamp,
    /// `amr`.
    pub amr: Vec<String>,
    /// `acr`.
    pub acr: String,
    /// `exp`.
    pub expires_at: Timestamp,
    /// The whole token. Its claims are read from it again where somebody wants them as they were signed: remembered tokens are
    /// many, and a second copy of each would be as long again.
    pub(crate) text: Arc<str>,
}

impl Identity {
    /// Reads the claims of `token`, which was verified; none where one is missing or mistyped.
    pub(crate) fn read(token: &str, verified: Verified, key: KeyId) -> Option<Self> {
        let claims = verified.claims;
        let ours: Ours = serde_json::from_value(Value::Object(claims.rest)).ok()?;
        Some(Self {
            user: claims.sub.parse().ok()?,
            session: ours.sid,
            token: claims.jti.parse().ok()?,
            key,
            device: ours.did,
            ver: ours.ver,
            roles: ours.roles,
            permissions: ours.permissions,
            email: ours.email,
            auth_time: Timestamp::from_seconds(ours.auth_time),
            amr: ours.amr,
            acr: ours.acr,
            expires_at: Timestamp::from_seconds(claims.exp),
            text: token.into(),
        })
    }

    /// Whether the person was proven where the session is used; false where the policy wants a proof there and there was none
    /// (`auth_time` is 0).
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.auth_time > Timestamp::EPOCH
    }

    /// Appends the claims as the JSON object that was signed, to be handed on as it is. Decoded on each call.
    pub fn write_claims(&self, target: &mut Vec<u8>) {
        // Looked for from both ends: the claims are most of the token. They could be decoded when it was verified.
        if let Some((_, rest)) = self.text.split_once('.')
            && let Some((payload, _)) = rest.rsplit_once('.')
        {
            let _ = base64url::decode_onto(payload, target);
        }
    }

    /// Every claim. Decoded and parsed on each call.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let mut json = Vec::new();
        self.write_claims(&mut json);
        serde_json::from_slice(&json).unwrap_or_default()
    }

    /// One claim by name, as `T`; none where it is missing or of another shape.
    #[must_use]
    pub fn claim<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.claims().remove(name).and_then(|value| serde_json::from_value(value).ok())
    }

    /// Whether the person has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    /// Whether the person's roles permit this.
    #[must_use]
    pub fn has_permission(&self, permission: &str) -> bool {
        self.permissions.iter().any(|p| p == permission)
    }

    /// What revocations are looked up by.
    #[must_use]
    pub const fn names(&self) -> Names {
        Names { token: self.token, session: self.session, user: self.user, ver: self.ver, key: self.key }
    }
}

impl fmt::Debug for Identity {
    /// Without personal data and without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Identity");
        shown.field("user", &self.user).field("session", &self.session).field("token", &self.token);
        shown.finish_non_exhaustive()
    }
}

/// The claims of API.md beside those of every JWT.
#[derive(Deserialize)]
struct Ours {
    sid: SessionId,
    ver: u64,
    #[serde(default, deserialize_with = "present")]
    did: Option<DeviceId>,
    #[serde(default, deserialize_with = "present")]
    email: Option<String>,
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
    auth_time: i64,
    amr: Vec<String>,
    acr: String,
}

/// A claim that may be missing, but is not `null`.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Why an access token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// Anything that is wrong with it, undifferentiated: `TOKEN_INVALID`.
    #[error("the token is not valid")]
    Invalid,
    /// Authentic, and past its time or superseded while its session lives: `TOKEN_EXPIRED`, refresh and try again.
    #[error("the token has expired")]
    Expired,
    /// Authentic, and its session has ended, its person is disabled, or it was itself revoked: `TOKEN_REVOKED`.
    #[error("the token was revoked")]
    Revoked,
    /// Good as far as this process knows, which has not heard of revocations for too long and refuses on that account: 503, and
    /// nobody's sign-out.
    #[error("revocations have not been heard of for too long")]
    Stale,
}
