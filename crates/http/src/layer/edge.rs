//! The edge: what holds for every request and every answer.
//!
//! On the way in: a request id; a preflight is answered; a body that announces more than 64 KiB is refused. On the way out: a
//! panic becomes a plain 500, a refusal becomes a problem document, security headers and CORS are set, and one access log
//! line and one measurement are written. Nothing here knows any endpoint.

mod record;

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use countersign_kernel::Timestamp;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower::{Layer, Service};

use crate::app::Auth;
use crate::current::Answering;
use crate::error::{Code, Problem};
use crate::json::LARGEST_BODY;
use crate::layer::cors::Cors;
use crate::request::RequestInfo;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the edge around a router.
#[derive(Debug, Clone)]
pub(crate) struct EdgeLayer(Auth);

impl EdgeLayer {
    pub(crate) fn new(auth: &Auth) -> Self {
        Self(auth.clone())
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = Edge<S>;

    fn layer(&self, inner: S) -> Edge<S> {
        Edge { auth: self.0.clone(), inner }
    }
}

/// A service inside the edge.
#[derive(Debug, Clone)]
pub(crate) struct Edge<S> {
    auth: Auth,
    inner: S,
}

impl<S> Service<Request> for Edge<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let started = self.auth.env().now();
        let info = RequestInfo::new(self.auth.new_request_id(started));
        let cors_origin = self.auth.cors().origin_of(request.headers());
        let early = early_answer(&request, cors_origin.is_some());
        let exchange = Exchange {
            auth: self.auth.clone(),
            method: request.method().clone(),
            // Taken out: who comes after us does not ask, and one entry less needs no greater map.
            route: request.extensions_mut().remove(),
            started,
            info: info.clone(),
            cors_origin,
        };
        let inner = match early {
            Some(response) => Inner::Ready(response),
            None => {
                request.extensions_mut().insert(info);
                // A handler may panic before its first await point as well as after it.
                match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
                    Ok(future) => Inner::Running(Box::pin(future)),
                    Err(panic) => Inner::Ready(record::panicked(&exchange, panic.as_ref())),
                }
            }
        };
        EdgeFuture { exchange, inner }
    }
}

/// What is known of the exchange while its answer is made.
#[derive(Debug)]
struct Exchange {
    auth: Auth,
    method: Method,
    route: Option<MatchedPath>,
    started: Timestamp,
    info: RequestInfo,
    cors_origin: Option<HeaderValue>,
}

/// Waits for the answer and completes it.
#[derive(Debug)]
pub(crate) struct EdgeFuture<F> {
    exchange: Exchange,
    inner: Inner<F>,
}

#[derive(Debug)]
enum Inner<F> {
    Running(Pin<Box<F>>),
    Ready(Response),
    Done,
}

// Nothing is pinned in place here: the inner future has a box of its own.
impl<F> Unpin for EdgeFuture<F> {}

impl<F> Future for EdgeFuture<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let _answering = Answering::begin(this.exchange.info.id());
        let response = match std::mem::replace(&mut this.inner, Inner::Done) {
            Inner::Running(mut future) => match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => {
                    this.inner = Inner::Running(future);
                    return Poll::Pending;
                }
                Ok(Poll::Ready(Ok(response))) => response,
                Err(panic) => record::panicked(&this.exchange, panic.as_ref()),
            },
            Inner::Ready(response) => response,
            Inner::Done => return Poll::Pending,
        };
        Poll::Ready(Ok(this.exchange.complete(response)))
    }
}

impl Exchange {
    fn complete(&self, mut response: Response) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            record::fault(self, &problem);
            let set_by_handler = std::mem::take(response.headers_mut());
            response = problem.render(self.auth.public_url(), self.info.id());
            response.headers_mut().extend(set_by_handler);
        }
        let headers = response.headers_mut();
        let set_by_handler = std::mem::replace(headers, self.auth.usual_headers().clone());
        headers.extend(set_by_handler);
        if let Ok(id) = HeaderValue::try_from(self.info.id().to_string()) {
            headers.insert(&X_REQUEST_ID, id);
        }
        self.auth.cors().write(self.cors_origin.clone(), response.headers_mut());
        record::finished(self, &response);
        response
    }
}

/// What can be answered without asking anybody.
fn early_answer(request: &Request, origin_is_allowed: bool) -> Option<Response> {
    if origin_is_allowed && Cors::is_preflight(request.method(), request.headers()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Cors::write_preflight(response.headers_mut());
        return Some(response);
    }
    announces_too_much(request.headers()).then(|| Problem::new(Code::PayloadTooLarge).into_response())
}

/// Whether the announced length is beyond the limit. A body without a length is counted while it is read.
fn announces_too_much(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| !length.to_str().is_ok_and(|text| text.parse::<usize>().is_ok_and(|n| n <= LARGEST_BODY)))
}

#[cfg(test)]
mod tests;
