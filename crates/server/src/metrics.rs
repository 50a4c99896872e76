//! What the administrators' listener serves: metrics, and health as the public listener has it.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::{MethodRouter, get};
use countersign::System;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower::ServiceExt;

/// How often samples are folded into their buckets; between scrapes they would pile up.
const FOLD: std::time::Duration = std::time::Duration::from_secs(5);

/// The router of the administrators' listener.
pub fn router(handle: PrometheusHandle, system: &System) -> Router {
    tokio::spawn(fold(handle.clone()));
    let site = system.auth().site();
    let health: MethodRouter = get(move |request: Request| site.oneshot(request));
    let system = system.clone();
    let metrics = move || {
        measure(&system);
        let text = handle.render();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")], text) }
    };
    Router::new().route("/metrics", get(metrics)).route("/healthz", health.clone()).route("/readyz", health)
}

/// Takes up what is counted elsewhere.
fn measure(system: &System) {
    let work = system.auth().accounts().hashing();
    counter!("countersign_password_hashes_total").absolute(work.done);
    counter!("countersign_password_hashes_refused_total").absolute(work.refused);
    counter!("countersign_password_hashes_abandoned_total").absolute(work.abandoned);
    gauge!("countersign_password_hashes_waiting").set(count(work.waiting));
    gauge!("countersign_password_hashes_running").set(count(work.running));
    let silent = system.auth().sessions().silent_for().to_duration().as_secs_f64();
    gauge!("countersign_revocations_silent_seconds").set(silent);
    gauge!("countersign_password_hash_seconds").set(work.estimate.to_duration().as_secs_f64());
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

async fn fold(handle: PrometheusHandle) {
    let mut turns = interval(FOLD);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        handle.run_upkeep();
    }
}
