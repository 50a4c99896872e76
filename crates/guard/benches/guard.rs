//! What the guard costs: `cargo bench -p countersign-guard --features testing`. The same handler stands bare beside it.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a benchmark fails by panicking")]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use countersign_guard::testing::{MACHINE_KEY, TestIssuer};
use countersign_guard::{Feed, Identity, SessionId, Verifier};
use countersign_kernel::{Clock as _, Env, SystemEntropy, WallClock};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// An issuer that has taken so many sessions back, and a verifier that knows it and goes by the machine's clock.
async fn stage(revoked: usize) -> (TestIssuer, Verifier) {
    let issuer = TestIssuer::start();
    issuer.clock().set(WallClock.now());
    let feed = Feed::key(MACHINE_KEY).max_staleness(Duration::from_secs(3_600));
    let env = Env::new(Arc::new(WallClock), Arc::new(SystemEntropy));
    let verifier = issuer.follow(issuer.settings().feed(feed).env(env)).await;
    for _ in 0..revoked {
        issuer.revoke(json!({"sid": SessionId::new(issuer.env()), "effect": "ended"})).await;
    }
    (issuer, verifier)
}

/// What a future gives that waits for nothing: without a runtime, whose own cost would be measured too.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn guarding(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let (issuer, verifier) = runtime.block_on(stage(2_000));
    let token = issuer.token("ada").role("member").mint();
    let field = format!("Bearer {token}");
    let bare = Router::new().route("/", get(|| async { "hello" }));
    let extracted = Router::new().route("/", get(|_: Identity| async { "hello" })).with_state(verifier.clone());
    let layered = bare.clone().route_layer(verifier.require_role("member"));

    c.bench_function("verify, token seen before", |b| {
        b.iter(|| now(verifier.verify(black_box(&token))).unwrap());
    });
    let first = issuer.settings_without_feed().remembered(0);
    let first = runtime.block_on(first.build()).unwrap();
    c.bench_function("verify, token never seen", |b| {
        b.iter(|| now(first.verify(black_box(&token))).unwrap());
    });
    for (name, app) in
        [("bare handler", bare), ("handler behind an Identity", extracted), ("handler behind a layer", layered)]
    {
        c.bench_function(name, |b| {
            b.iter(|| {
                let request = Request::get("/").header("authorization", &field).body(Body::empty()).unwrap();
                assert_eq!(now(app.clone().oneshot(request)).unwrap().status(), StatusCode::OK);
            });
        });
    }
}

criterion_group!(benches, guarding);
criterion_main!(benches);
