//! What the administrators' listener serves: metrics, and health as the public listener has it.
//!
//! Promises: nothing is measured for the sake of a scrape but what the scrape itself asks; every metric is in [`table`], with
//! labels from closed lists; a scrape answers within two seconds whatever the database does; nothing in it is about one person.

mod collect;
mod process;
pub mod reference;
pub mod table;
mod text;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::{MethodRouter, get};
use countersign::System;
use tower::ServiceExt;

/// The router of the administrators' listener.
pub fn router(system: &System) -> Router {
    let site = system.auth().site();
    let health: MethodRouter = get(move |request: Request| site.oneshot(request));
    let (system, started) = (system.clone(), system.env().now());
    let metrics = move || {
        let system = system.clone();
        async move {
            let readings = system.readings().await;
            let text = collect::page(&readings, &process::Process::read(started, system.env().now()));
            ([(CONTENT_TYPE, text::CONTENT), (CACHE_CONTROL, "no-store")], text)
        }
    };
    Router::new().route("/metrics", get(metrics)).route("/healthz", health.clone()).route("/readyz", health)
}
