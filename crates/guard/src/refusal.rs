//! What is refused, and how that is said: the same codes, words and challenges as the server's own.

use std::borrow::Cow;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use countersign_kernel::Lifetime;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A stable error code. Branch on it, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// No credential where one is needed.
    TokenMissing,
    /// Authentic, and past its time or superseded while its session lives: refresh, and repeat the call.
    TokenExpired,
    /// Anything else wrong with a token, undifferentiated.
    TokenInvalid,
    /// Authentic, and its session has ended, its person is disabled, or it was itself revoked.
    TokenRevoked,
    /// A stronger or more recent sign-in is needed.
    StepUpRequired,
    /// Authenticated, not permitted.
    Forbidden,
    /// Nobody can tell now: the keys cannot be had, or revocations have not been heard of for too long. It never means signed out.
    Overloaded,
}

/// A request that is refused: a complete problem document (RFC 9457) with its challenge (RFC 6750 section 3).
///
/// The answer says no more than its code; [`Refusal::reason`] says why, for a log, and holds nothing of the token.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {reason}", code.as_str())]
pub struct Refusal {
    code: Code,
    reason: Cow<'static, str>,
    issuer: Arc<str>,
    more: Option<Box<More>>,
}

/// What only some refusals say.
#[derive(Debug, Clone, Default)]
struct More {
    detail: Option<&'static str>,
    scope: Option<String>,
    max_age: Option<Lifetime>,
    methods: &'static [&'static str],
}

/// The body, in the order of the server's. It has no `requestId`: requests here are not the server's.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    error: &'a str,
    message: &'a str,
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    methods: &'a [&'static str],
}

impl Code {
    /// The text form, as it stands in bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenRevoked => "TOKEN_REVOKED",
            Self::StepUpRequired => "STEP_UP_REQUIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::Overloaded => "OVERLOADED",
        }
    }

    /// The HTTP status it is sent with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::TokenMissing => "Sign-in needed",
            Self::TokenExpired => "Token expired",
            Self::TokenInvalid => "Token not valid",
            Self::TokenRevoked => "Signed out",
            Self::StepUpRequired => "Please confirm it is you",
            Self::Forbidden => "Not permitted",
            Self::Overloaded => "Busy",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::TokenMissing => "Please sign in first.",
            Self::TokenExpired => "The token has expired.",
            Self::TokenInvalid => "The token is not valid.",
            Self::TokenRevoked => "This session has ended. Please sign in again.",
            Self::StepUpRequired => "Please confirm your password to go on.",
            Self::Forbidden => "You are not permitted to do this.",
            Self::Overloaded => "The service is busy. Please try again shortly.",
        }
    }

    /// RFC 6750 section 3.1: no error code where the request carried no token at all.
    const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::TokenMissing => Some("Bearer"),
            Self::TokenExpired => Some(r#"Bearer error="invalid_token", error_description="expired""#),
            Self::TokenInvalid => Some(r#"Bearer error="invalid_token", error_description="not valid""#),
            Self::TokenRevoked => Some(r#"Bearer error="invalid_token", error_description="revoked""#),
            Self::StepUpRequired => Some(r#"Bearer error="insufficient_user_authentication""#),
            Self::Forbidden => Some(r#"Bearer error="insufficient_scope""#),
            Self::Overloaded => None,
        }
    }
}

impl Refusal {
    /// A refusal of this code; `reason` is for logs.
    pub(crate) fn new(code: Code, reason: impl Into<Cow<'static, str>>, issuer: &Arc<str>) -> Self {
        Self { code, reason: reason.into(), issuer: Arc::clone(issuer), more: None }
    }

    /// Names the scopes, one of which is needed. One that cannot stand in a header is not said.
    pub(crate) fn scopes(mut self, scopes: &[String]) -> Self {
        // RFC 6749 section 3.3: the characters of a scope.
        let is_plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scopes.iter().all(|scope| !scope.is_empty() && scope.bytes().all(is_plain)) {
            self.more().scope = Some(scopes.join(" "));
        }
        self
    }

    /// Says how to prove oneself, and how old a proof may be.
    pub(crate) fn methods(mut self, methods: &'static [&'static str], max_age: Option<Lifetime>) -> Self {
        self.more().methods = methods;
        self.more().max_age = max_age;
        self
    }

    /// Says something more exact than the code's usual text.
    pub(crate) fn detail(mut self, detail: &'static str) -> Self {
        self.more().detail = Some(detail);
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What was wrong, for a log: nothing of it is in the answer, and nothing of the token is in it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        let mut text = self.code.challenge()?.to_owned();
        if let Some(More { scope, max_age, .. }) = self.more.as_deref() {
            text += &scope.as_ref().map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
            // RFC 9470 section 3.
            text += &max_age.map(|age| format!(", max_age=\"{}\"", age.as_seconds())).unwrap_or_default();
        }
        HeaderValue::try_from(text).ok()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.code;
        let more = self.more.as_deref();
        let detail = more.and_then(|more| more.detail).unwrap_or(code.detail());
        let document = Document {
            r#type: format!("{}/errors/{}", self.issuer, code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            code: code.as_str(),
            error: detail,
            message: detail,
            retry_after: (code == Code::Overloaded).then_some(RETRY_SECONDS),
            methods: more.map_or(&[], |more| more.methods),
        };
        // Texts and numbers always serialise; an empty body with the right status is what would be left.
        let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
        *response.status_mut() = code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = document.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(code);
        response
    }
}

/// After so many seconds another try is worth it: keys are asked for again within that time, and the feed too.
const RETRY_SECONDS: u32 = 5;
