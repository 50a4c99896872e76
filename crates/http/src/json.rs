//! JSON bodies, read strictly.
//!
//! Promises: only `application/json` in UTF-8 is a body, at most 64 KiB of it; a duplicate, unknown, missing or mistyped
//! member is named in `errors`, all of them at once; nothing is converted or guessed. What was read is wiped from memory
//! after parsing, because bodies carry passwords.

mod members;
mod query;
mod read;

pub(crate) use members::Members;
pub(crate) use query::{JustAPage, Query};
pub(crate) use read::{LARGEST_BODY, collect, read_body};

use axum::extract::{FromRequest, Request};
use countersign_kernel::Origin;
use http::HeaderMap;
use http::request::Parts;

use crate::app::Auth;
use crate::cookie::Jar;
use crate::error::{Code, Problem};
use crate::request::{RequestInfo, origin_of};

/// A body of a certain shape.
pub(crate) trait Shape: Sized {
    /// Whether the body may be left out: it then counts as one without members.
    const OPTIONAL: bool = false;

    /// Takes the shape's members. Whatever is missing or wrong is noted in `members`; the value made from it is then never
    /// seen by anyone.
    fn take(members: &mut Members) -> Self;
}

/// A request with its body read: what a handler with a body extracts.
///
/// A body of the wrong type or size is refused before the handler; one of the wrong shape only when the handler asks for it,
/// so that the CSRF rule comes first.
pub(crate) struct Call<T> {
    parts: Parts,
    body: Result<T, Problem>,
}

impl<T> Call<T> {
    /// The body.
    ///
    /// # Errors
    /// `VALIDATION_FAILED`.
    pub(crate) fn body(&self) -> Result<&T, Problem> {
        self.body.as_ref().map_err(Clone::clone)
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

impl<S, T> FromRequest<S> for Call<T>
where
    S: Send + Sync,
    T: Shape,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = match read_body(&parts.headers, body).await {
            Ok(Some(members)) => members.into_shape(),
            Ok(None) if T::OPTIONAL => Members::default().into_shape(),
            Ok(None) => Err(Members::missing_body()),
            Err(problem) if problem.code() == Code::ValidationFailed => Err(problem),
            Err(problem) => return Err(problem),
        };
        Ok(Self { parts, body })
    }
}

/// The shape of a body that says nothing, and may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nothing;

impl Shape for Nothing {
    const OPTIONAL: bool = true;

    fn take(_members: &mut Members) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests;
