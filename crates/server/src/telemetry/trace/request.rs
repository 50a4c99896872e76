//! A span for each request, around everything that answers it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::response::Response;
use countersign::TrustedProxies;
use countersign_http::tally::{NOWHERE, method_name};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::SPANS;

/// Puts the span around a router.
#[derive(Debug, Clone)]
pub(super) struct TraceLayer(TrustedProxies);

impl TraceLayer {
    pub(super) const fn new(proxies: TrustedProxies) -> Self {
        Self(proxies)
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced { inner, proxies: self.0.clone() }
    }
}

/// A service within the span.
#[derive(Debug, Clone)]
pub(super) struct Traced<S> {
    inner: S,
    proxies: TrustedProxies,
}

impl<S> Service<Request> for Traced<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let span = begin(&request, &self.proxies);
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span.clone());
        Box::pin(async move {
            let response = answer.await?;
            note(&span, &response);
            Ok(response)
        })
    }
}

/// The names are those of OpenTelemetry's conventions for HTTP. Nothing here names a person: neither the path as it came, nor the
/// peer, nor the user agent.
fn begin(request: &Request, proxies: &TrustedProxies) -> Span {
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or(NOWHERE, MatchedPath::as_str);
    let span = tracing::trace_span!(
        target: SPANS,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        request.id = Empty,
        refresh.case = Empty,
    );
    let is_trusted =
        request.extensions().get::<ConnectInfo<SocketAddr>>().is_some_and(|peer| proxies.trusts(peer.0.ip()));
    if let Some(parent) = is_trusted.then(|| parent_of(request.headers())).flatten() {
        // It fails only where nothing is traced.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
    }
    span
}

fn note(span: &Span, response: &Response) {
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    for (field, header) in [("request.id", "x-request-id"), ("refresh.case", "x-refresh-case")] {
        if let Some(value) = response.headers().get(header).and_then(|value| value.to_str().ok()) {
            span.record(field, value);
        }
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// W3C Trace Context section 3.2: one `traceparent` of a version that we can read, with ids that are not all zeros.
fn parent_of(headers: &HeaderMap) -> Option<SpanContext> {
    let mut fields = headers.get_all("traceparent").iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    let mut parts = field.to_str().ok()?.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_whole = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !is_whole || !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()? & TraceFlags::SAMPLED.to_u8();
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(flags),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(fields: &[&str]) -> Option<(String, bool)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append("traceparent", HeaderValue::from_str(field).unwrap());
        }
        parent_of(&headers).map(|context| (context.trace_id().to_string(), context.is_sampled()))
    }

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_parent_is_read_as_the_specification_says() {
        let parent = |version: &str, rest: &str| format!("{version}-{TRACE}-00f067aa0ba902b7-{rest}");
        assert_eq!(read(&[&parent("00", "01")]), Some((TRACE.to_owned(), true)));
        assert_eq!(read(&[&parent("00", "00")]), Some((TRACE.to_owned(), false)));
        assert_eq!(read(&[&parent("cc", "01-what-comes-later")]), Some((TRACE.to_owned(), true)));
    }

    #[test]
    fn anything_else_is_no_parent() {
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for wrong in [
            "",
            "00",
            &zeros,
            &format!("00-{TRACE}-{}-01", "0".repeat(16)),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &good.to_uppercase(),
            &good.replace("4bf9", "zzzz"),
            &format!("{good}0"),
        ] {
            assert_eq!(read(&[wrong]), None, "{wrong}");
        }
        assert_eq!(read(&[&good, &good]), None, "two fields");
    }
}
