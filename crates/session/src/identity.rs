//! Who a verified access token speaks for.

use countersign_kernel::{DeviceId, SessionId, Timestamp, TokenId, UserId};
use serde_json::{Map, Value};

/// Who a verified access token speaks for. Shared by all requests that carry the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `sub`.
    pub user: UserId,
    /// `sid`.
    pub session: SessionId,
    /// `jti`.
    pub token: TokenId,
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
    /// `auth_time`.
    pub auth_time: Timestamp,
    /// `amr`.
    pub amr: Vec<String>,
    /// `acr`.
    pub acr: String,
    /// `exp`.
    pub expires_at: Timestamp,
    /// The claims as the JSON object that was signed: parse it with [`Identity::claims`] or hand it on as it is.
    pub claims_json: Box<str>,
}

impl Identity {
    /// Every claim. Parsed on each call: kept as text, because remembered tokens are many.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        serde_json::from_str(&self.claims_json).unwrap_or_default()
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
}
