//! The access token: the claims of API.md and no others, signed by the active key.
//!
//! Built from a list of what is allowed, never from a person's fields minus what is forbidden. Lives `Policy::access` with
//! a jitter of ±5 %, so that the clients of one busy minute do not come back in one busy second. Follows RFC 9068 and DESIGN
//! section 2.

use std::fmt;

use countersign_kernel::{DeviceId, Env, KeyId, Lifetime, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Session, StatusIndex, User};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::amr::strength;
use crate::error::Error;
use crate::policy::Policy;

/// The `typ` of an access token (RFC 9068 section 2.1). Every other kind of token has another.
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// An access token that was made.
#[derive(Clone)]
pub struct IssuedAccess {
    /// The JWT.
    pub token: String,
    /// Its `jti`.
    pub id: TokenId,
    /// How long it lives from now on, in whole seconds: `exp` minus `iat`.
    pub expires_in: Lifetime,
    /// When it expires: `exp`.
    pub expires_at: Timestamp,
}

impl fmt::Debug for IssuedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedAccess").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The claims of API.md, in its order.
#[derive(Serialize)]
pub(crate) struct AccessClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: UserId,
    exp: i64,
    iat: i64,
    jti: TokenId,
    sid: SessionId,
    ver: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    roles: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    permissions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusClaim>,
    auth_time: i64,
    amr: &'a [String],
    acr: &'static str,
    #[serde(flatten)]
    own: Map<String, Value>,
}

/// Where the status of a token is (draft-ietf-oauth-status-list section 6).
#[derive(Serialize)]
struct StatusClaim {
    status_list: StatusReference,
}

#[derive(Serialize)]
struct StatusReference {
    idx: u64,
    uri: String,
}

impl<'a> AccessClaims<'a> {
    /// The claims of a new token for this session at this moment.
    pub(crate) fn new(
        session: &'a Session,
        user: &'a User,
        own: Map<String, Value>,
        policy: &'a Policy,
        now: Timestamp,
        env: &Env,
    ) -> Self {
        let iat = now.as_seconds();
        Self {
            iss: &policy.issuer,
            aud: &policy.audience,
            sub: user.id,
            exp: iat.saturating_add(jittered(policy.access, env).as_seconds().max(1)),
            iat,
            jti: TokenId::new(env),
            sid: session.id,
            ver: user.ver,
            did: session.device,
            email: policy.email_claim.then_some(user.email.as_str()),
            roles: &user.roles,
            permissions: &user.permissions,
            status: None,
            auth_time: session.auth_time.as_seconds(),
            amr: &session.amr,
            acr: strength(&session.amr),
            own,
        }
    }

    /// Whose an index in the status list is that these claims will name; which one is yet to be drawn.
    pub(crate) fn status_index(&self, key: KeyId) -> StatusIndex {
        let until = Timestamp::from_seconds(self.exp) + CLOCKS_APART;
        StatusIndex { index: 0, token: self.jti, session: self.sid, user: self.sub, ver: self.ver, key, until }
    }

    /// Names the index that was drawn.
    pub(crate) fn set_status(&mut self, index: u64, uri: &str) {
        self.status = Some(StatusClaim { status_list: StatusReference { idx: index, uri: uri.to_owned() } });
    }

    /// Signs them.
    pub(crate) fn sign(&self, key: &countersign_jose::SigningKey) -> Result<IssuedAccess, Error> {
        Ok(IssuedAccess {
            token: key.sign(ACCESS_TOKEN_TYPE, self).map_err(Error::Signing)?,
            id: self.jti,
            expires_in: Lifetime::from_seconds(self.exp.saturating_sub(self.iat)),
            expires_at: Timestamp::from_seconds(self.exp),
        })
    }
}

/// For how long after its end somebody with a slow clock may still take a token, generously.
const CLOCKS_APART: Lifetime = Lifetime::from_seconds(150);

/// `access` ±5 %, to the microsecond.
fn jittered(access: Lifetime, env: &Env) -> Lifetime {
    let (whole, twentieth) = (access.as_micros(), access.as_micros() / 20);
    let width = twentieth.unsigned_abs().saturating_mul(2).saturating_add(1);
    let drawn = i64::try_from(env.entropy().below(width)).unwrap_or(0);
    Lifetime::from_micros(whole.saturating_sub(twentieth).saturating_add(drawn))
}

#[cfg(test)]
mod tests;
