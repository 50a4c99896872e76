//! What is written down of an exchange: one access log line, one measurement, and a panic with its text.

use std::any::Any;
use std::fmt;

use axum::response::{IntoResponse, Response};
use countersign_kernel::Lifetime;
use http::{Method, StatusCode};

use super::Exchange;
use crate::api::refresh::REFRESH_CASE;
use crate::error::{Code, Problem};

/// Writes the access log line and the measurement of an answered request.
///
/// The line names the route's template, never the path as it came: paths may carry ids, one-time tokens, or whatever a
/// stranger likes to see in a log.
pub(super) fn finished(exchange: &Exchange, response: &Response) {
    let status = response.status();
    let took = exchange.auth.env().now().since(exchange.started);
    let route = exchange.route.as_ref().map_or("none", |path| path.as_str());
    let method = method_name(&exchange.method);
    measure(exchange, method, status, took);
    let code = response.extensions().get::<Code>().copied();
    if let Some(code) = code {
        metrics::counter!("countersign_http_problems_total", "code" => code.as_str()).increment(1);
    }
    let speaker = exchange.info.speaker();
    let refresh_case = response.headers().get(&REFRESH_CASE).and_then(|value| value.to_str().ok());
    tracing::info!(
        target: "countersign::access",
        {
            http.method = method,
            http.route = route,
            http.status = status.as_u16(),
            duration_us = took.as_micros(),
            request.id = %exchange.info.id(),
            user.id = speaker.user.map(tracing::field::display),
            session.id = speaker.session.map(tracing::field::display),
            error.code = code.map(Code::as_str),
            refresh.case = refresh_case,
        },
        "{method} {route} {}",
        status.as_u16()
    );
}

/// Logs what was our own fault, with its causes: the answer says nothing of them.
pub(super) fn fault(exchange: &Exchange, problem: &Problem) {
    if let Some(cause) = problem.cause() {
        tracing::error!(request.id = %exchange.info.id(), error.code = problem.code().as_str(), cause, "a request failed");
    }
}

/// Turns a panic into a plain 500; the text goes to the log alone.
pub(super) fn panicked(exchange: &Exchange, panic: &(dyn Any + Send)) -> Response {
    tracing::error!(request.id = %exchange.info.id(), panic = %PanicText(panic), "a request handler panicked");
    Problem::new(Code::Internal).into_response()
}

fn measure(exchange: &Exchange, method: &'static str, status: StatusCode, took: Lifetime) {
    let route: metrics::SharedString = match &exchange.route {
        Some(path) => path.as_str().to_owned().into(),
        None => "none".into(),
    };
    metrics::histogram!(
        "countersign_http_request_seconds",
        "method" => method, "route" => route, "status" => status_class(status)
    )
    .record(took.to_duration());
}

/// A method as logs and labels name it: a closed list, since the method is the client's text.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

struct PanicText<'a>(&'a (dyn Any + Send));

impl fmt::Display for PanicText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.downcast_ref::<&str>().copied();
        f.write_str(text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str)).unwrap_or("of unknown kind"))
    }
}
