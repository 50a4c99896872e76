//! What is written down of an exchange: one access log line, one measurement, and a panic with its text.

use std::any::Any;
use std::fmt;

use axum::response::{IntoResponse, Response};

use super::Exchange;
use crate::api::refresh::REFRESH_CASE;
use crate::error::{Code, Problem};
use crate::tally::{NOWHERE, method_name};

/// Writes the access log line and the measurement of an answered request.
///
/// The line names the route's template, never the path as it came: paths may carry ids, one-time tokens, or whatever a
/// stranger likes to see in a log.
pub(super) fn finished(exchange: &Exchange, response: &Response) {
    let status = response.status();
    let took = exchange.auth.env().now().since(exchange.started);
    let route = exchange.route.as_ref().map(|path| path.as_str());
    let method = method_name(&exchange.method);
    let code = response.extensions().get::<Code>().copied();
    let tally = exchange.auth.tally();
    tally.answered(route, &exchange.method, status, took);
    if let Some(code) = code {
        tally.problem(code);
    }
    let route = route.unwrap_or(NOWHERE);
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
    exchange.auth.tally().panicked();
    tracing::error!(request.id = %exchange.info.id(), panic = %PanicText(panic), "a request handler panicked");
    Problem::new(Code::Internal).into_response()
}

struct PanicText<'a>(&'a (dyn Any + Send));

impl fmt::Display for PanicText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.downcast_ref::<&str>().copied();
        f.write_str(text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str)).unwrap_or("of unknown kind"))
    }
}
