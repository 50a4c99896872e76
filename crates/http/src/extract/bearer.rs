//! The bearer token of a request.

use countersign_kernel::Bearer;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

/// What the `Authorization` field holds.
pub(crate) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    Bearer::read(headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes))
}
