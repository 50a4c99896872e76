//! How the guard asks: one question, one answer, nothing followed and nothing kept.

use std::future::Future;
use std::pin::Pin;

use axum_core::body::Body;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderValue, Request, Response};

use crate::address::Address;

/// Carries a request to where it belongs.
///
/// Promises of an implementation: no redirect is followed and no answer is kept; a dropped future or body ends the connection.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Sends `request` to `address`.
    fn send<'a>(&'a self, address: &'a Address, request: Request<Body>) -> Sending<'a>;
}

/// An answer that is on its way; its text says what went wrong.
pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, String>> + Send + 'a>>;

/// A request for what is at `address`.
pub(crate) fn get(address: &Address, accept: &'static str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    // Both were parsed as parts of an address.
    *request.uri_mut() = address.path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("countersign-guard/", env!("CARGO_PKG_VERSION"))));
    if let Ok(host) = HeaderValue::try_from(&address.authority) {
        headers.insert(HOST, host);
    }
    request
}
