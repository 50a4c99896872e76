//! Bodies of hosted forms: `application/x-www-form-urlencoded`, read strictly.
//!
//! Promises: at most 64 KiB; a field that is there twice is nobody's; what was read is wiped from memory, because forms carry
//! passwords and codes.

use axum::extract::{FromRequest, Request};
use countersign_kernel::{Origin, Secret};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;

use crate::app::Auth;
use crate::cookie::Jar;
use crate::error::{Code, Problem};
use crate::json::collect;
use crate::request::{RequestInfo, origin_of};

/// A hosted form that was sent.
pub(crate) struct Form {
    parts: Parts,
    fields: Vec<(String, Secret<String>)>,
}

impl Form {
    /// A field that is there once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then(|| value.expose().as_str())
    }

    /// A field that is there once; else empty.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.field(name).unwrap_or_default()
    }

    /// A field that must not be seen.
    pub(crate) fn secret(&self, name: &str) -> Secret<String> {
        Secret::new(self.text(name).to_owned())
    }

    /// The header fields.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Our cookies.
    pub(crate) fn jar(&self, auth: &Auth) -> Jar<'_> {
        Jar::new(&self.parts.headers, auth.is_https())
    }

    /// Where it came from.
    pub(crate) fn origin(&self, auth: &Auth) -> Origin {
        origin_of(&self.parts, auth)
    }

    /// The request's name in the log.
    pub(crate) fn info(&self, auth: &Auth) -> RequestInfo {
        RequestInfo::of(&self.parts.extensions, auth)
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_form(&parts.headers) {
            return Err(Code::UnsupportedMediaType.into());
        }
        let bytes = collect(&parts.headers, body).await?;
        let fields = url::form_urlencoded::parse(bytes.expose());
        let fields = fields.map(|(name, value)| (name.into_owned(), Secret::new(value.into_owned()))).collect();
        Ok(Self { parts, fields })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (values.next(), values.next()) else { return false };
    let essence = one.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !headers.contains_key(CONTENT_ENCODING)
}
