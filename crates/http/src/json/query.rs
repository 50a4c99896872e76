//! The query of a request, read as strictly as a body.
//!
//! Promises: a parameter that is unknown, there twice or of the wrong form is named in `errors`; nothing is guessed.

use axum::extract::FromRequestParts;
use countersign_account::{Cursor, PageRequest};
use http::request::Parts;
use serde_json::Value;

use super::{Members, Shape};
use crate::error::Problem;

/// A query of a certain shape.
pub(crate) struct Query<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: Shape,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut members = Members::default();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            members.add(name.into_owned(), Value::String(value.into_owned()));
        }
        members.into_shape().map(Self)
    }
}

impl Members {
    /// Which page of a list is wanted: `limit`, 50 unless said otherwise, and `cursor`.
    pub(crate) fn page(&mut self) -> PageRequest {
        let limit = self.optional_parsed("limit", "This must be a number from 1 to 200.");
        let Limit(limit) = limit.unwrap_or(Limit(USUAL));
        match self.optional_string("cursor") {
            Some(cursor) => PageRequest::after(Cursor(cursor), limit),
            None => PageRequest::first(limit),
        }
    }
}

/// Just a page.
pub(crate) struct JustAPage(pub(crate) PageRequest);

impl Shape for JustAPage {
    fn take(members: &mut Members) -> Self {
        Self(members.page())
    }
}

/// How long a page may be.
struct Limit(u32);

impl std::str::FromStr for Limit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).map(Self).ok_or(())
    }
}

const USUAL: u32 = 50;
const MOST: u32 = 200;
