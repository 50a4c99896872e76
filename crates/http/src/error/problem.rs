//! Problem documents (RFC 9457) and the headers that go with them.
//!
//! A handler answers with a [`Problem`]; the edge layer completes it with the request id and the public URL, so that no
//! handler carries either. An extractor may run in a router without our edge: it answers with a [`Rejection`], which is
//! complete.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_kernel::{Lifetime, RequestId, Secret};
use countersign_limit::{Challenge, Reading};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::code::Code;
use crate::layer::limits;

/// One field of a request that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's name in the JSON body or the query; empty for the body as a whole.
    pub field: Cow<'static, str>,
    /// A stable code: `REQUIRED`, `WRONG_TYPE`, `UNKNOWN_FIELD`, `TOO_SHORT`, ….
    pub code: Cow<'static, str>,
    /// What to say to a person.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// An error with these three texts.
    pub(crate) fn new(
        field: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    more: Option<Box<More>>,
}

/// What only some problems carry.
#[derive(Debug, Clone, Default)]
struct More {
    errors: Vec<FieldError>,
    methods: Vec<&'static str>,
    mfa_token: Option<Secret<String>>,
    max_age: Option<Lifetime>,
    retry_after: Option<Lifetime>,
    challenge: Option<Box<Challenge>>,
    readings: Vec<Reading>,
    checks: BTreeMap<&'static str, &'static str>,
    headers: HeaderMap,
    cause: Option<String>,
}

/// The body, in the order of API.md.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    error: &'a str,
    message: &'a str,
    #[serde(rename = "requestId")]
    request_id: RequestId,
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(rename = "mfaToken", skip_serializing_if = "Option::is_none")]
    mfa_token: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    methods: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'a BTreeMap<&'static str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a Challenge>,
}

/// What the OpenAPI document says of every refusal.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemSchema {
    /// The public URL + `/errors/` + code: a page that says more.
    #[schema(example = "https://auth.example.com/errors/TOKEN_EXPIRED")]
    r#type: String,
    /// A title of a few words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What to say to a person.
    detail: String,
    /// The stable code to branch on.
    #[schema(example = "TOKEN_EXPIRED")]
    code: String,
    /// The same as `detail`.
    error: String,
    /// The same as `detail`.
    message: String,
    /// The request, as the log names it.
    request_id: String,
    /// Seconds to wait, with `RATE_LIMITED` and `OVERLOADED`.
    retry_after: Option<i64>,
    /// The fields at fault, with `VALIDATION_FAILED`.
    errors: Option<Vec<FieldError>>,
    /// What to go on with at `POST /api/auth/mfa/verify`, with `MFA_REQUIRED`.
    mfa_token: Option<String>,
    /// How to prove oneself, with `STEP_UP_REQUIRED` and `MFA_REQUIRED`.
    methods: Option<Vec<String>>,
    /// What serving needs, each `ok` or `failing`, from `GET /readyz`.
    checks: Option<BTreeMap<String, String>>,
    /// What to solve, with `CHALLENGE_REQUIRED`.
    challenge: Option<ChallengeSchema>,
}

/// A proof of work in the form of ALTCHA, version 1: sought is the `number` from 0 to `maxnumber` whose decimal digits, put
/// behind `salt`, have `challenge` as their SHA-256. `challengeResponse` is base64 of the JSON object
/// `{algorithm,challenge,number,salt,signature}`. Each solution works once.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Challenge)]
pub(crate) struct ChallengeSchema {
    /// Always `SHA-256`.
    #[schema(example = "SHA-256")]
    algorithm: String,
    /// The hash, 64 hexadecimal digits.
    challenge: String,
    /// The greatest number that is worth a try.
    #[schema(example = 50_000)]
    maxnumber: u32,
    /// What stands before the number. It says when the challenge expires (Unix seconds).
    #[schema(example = "9c5e0f21ab6d43e8c1d07f35?expires=1800000300&")]
    salt: String,
    /// To be sent back as it is.
    signature: String,
}

impl Problem {
    /// The problem with this code and its usual text.
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, detail: Cow::Borrowed(code.detail()), more: None }
    }

    /// Says something more exact than the code's usual text. Safe to show to a person.
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// `VALIDATION_FAILED` with these fields.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::ValidationFailed);
        problem.more().errors = errors;
        problem
    }

    /// `RATE_LIMITED`, with the limits that said so.
    pub(crate) fn limited(retry_after: Lifetime, readings: Vec<Reading>) -> Self {
        Self::new(Code::RateLimited).after(retry_after).readings(readings)
    }

    /// `CHALLENGE_REQUIRED`, with what is to be solved.
    pub(crate) fn challenged(challenge: Box<Challenge>) -> Self {
        let mut problem = Self::new(Code::ChallengeRequired);
        problem.more().challenge = Some(challenge);
        problem
    }

    /// `STEP_UP_REQUIRED`: a sign-in at most `max_age` old is needed, by one of `methods`.
    pub(crate) fn step_up(max_age: Lifetime, methods: &[&'static str]) -> Self {
        let mut problem = Self::new(Code::StepUpRequired);
        problem.more().max_age = Some(max_age);
        problem.more().methods = methods.to_vec();
        problem
    }

    /// `MFA_REQUIRED`: one of `methods` completes the sign-in that `token` names.
    pub(crate) fn second_factor(token: Secret<String>, methods: Vec<&'static str>) -> Self {
        let mut problem = Self::new(Code::MfaRequired);
        problem.more().mfa_token = Some(token);
        problem.more().methods = methods;
        problem
    }

    /// Says when to come back.
    pub(crate) fn after(mut self, retry_after: Lifetime) -> Self {
        self.more().retry_after = Some(retry_after);
        self
    }

    /// Reports limits, whatever the code.
    pub(crate) fn readings(mut self, readings: Vec<Reading>) -> Self {
        if !readings.is_empty() {
            self.more().readings = readings;
        }
        self
    }

    /// Names what serving needs, and how each is.
    pub(crate) fn checks(mut self, checks: BTreeMap<&'static str, &'static str>) -> Self {
        self.more().checks = checks;
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more().headers.append(name, value);
        self
    }

    /// Keeps what went wrong for the log.
    pub(super) fn caused_by(mut self, cause: String) -> Self {
        self.more().cause = Some(cause);
        self
    }

    /// What went wrong, for the log alone.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.more.as_ref()?.cause.as_deref()
    }

    /// The code.
    /// How long to wait, where that is known.
    pub(crate) fn retry_after(&self) -> Option<Lifetime> {
        self.more.as_ref().and_then(|more| more.retry_after)
    }

    /// What to say to a person on a page: the detail, or what is wrong with each field.
    pub(crate) fn words(&self) -> String {
        let errors = self.more.as_ref().map_or(&[][..], |more| &more.errors);
        if errors.is_empty() {
            return self.detail.clone().into_owned();
        }
        errors.iter().map(|error| error.message.as_ref()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The complete answer.
    pub(crate) fn render(&self, public_url: &str, request: RequestId) -> Response {
        let more = self.more.as_deref();
        let document = Document {
            r#type: format!("{public_url}/errors/{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            error: &self.detail,
            message: &self.detail,
            request_id: request,
            retry_after: more.and_then(|m| m.retry_after).map(|span| span.as_seconds_ceil().max(1)),
            errors: more.map_or(&[], |m| &m.errors),
            mfa_token: more.and_then(|m| m.mfa_token.as_ref()).map(|token| token.expose().as_str()),
            methods: more.map_or(&[], |m| &m.methods),
            checks: more.map(|m| &m.checks).filter(|checks| !checks.is_empty()),
            challenge: more.and_then(|m| m.challenge.as_deref()),
        };
        // Texts and numbers always serialise; an empty body with the right status is what would be left.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = document.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(value) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        if let Some(more) = more {
            limits::write(&more.readings, headers);
            headers.extend(more.headers.clone());
        }
        response.extensions_mut().insert(self.code);
        response
    }

    /// RFC 9110 section 15.5.2: each 401 carries a challenge; RFC 6750 section 3 gives its `error`, RFC 9470 the one for
    /// a sign-in that is too old.
    fn challenge(&self) -> Option<HeaderValue> {
        let text = match self.code {
            Code::TokenExpired => r#"Bearer error="invalid_token", error_description="expired""#,
            Code::TokenInvalid => r#"Bearer error="invalid_token", error_description="not valid""#,
            Code::TokenRevoked | Code::TokenReused => r#"Bearer error="invalid_token", error_description="revoked""#,
            Code::Forbidden => r#"Bearer error="insufficient_scope""#,
            Code::StepUpRequired => {
                let seconds = self.more.as_ref().and_then(|m| m.max_age).unwrap_or_default().as_seconds();
                let text = format!(r#"Bearer error="insufficient_user_authentication", max_age="{seconds}""#);
                return HeaderValue::try_from(text).ok();
            }
            // RFC 6750 section 3.1: no error code where the request carried no token at all.
            code if code.status() == StatusCode::UNAUTHORIZED => "Bearer",
            _ => return None,
        };
        Some(HeaderValue::from_static(text))
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

impl IntoResponse for Problem {
    /// An answer for the edge layer to complete: it finds the problem among the extensions.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// The refusal of an extractor or a guard layer: a complete problem document.
#[derive(Debug, Clone)]
pub struct Rejection {
    problem: Problem,
    public_url: Arc<str>,
    request: RequestId,
}

impl Rejection {
    pub(crate) const fn new(problem: Problem, public_url: Arc<str>, request: RequestId) -> Self {
        Self { problem, public_url, request }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.problem.code
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.problem.render(&self.public_url, self.request)
    }
}

#[cfg(test)]
mod tests;
