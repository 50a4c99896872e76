//! Drives the example in this process, as its users would.

#[path = "../../src/main.rs"]
#[expect(dead_code, reason = "its own start is not needed here")]
mod example;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use countersign_testkit::TestApp;

async fn app() -> TestApp {
    let sign_ins = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&sign_ins);
    TestApp::builder()
        .public_url("http://localhost:3000")
        .with(move |builder| example::settings(builder, counted))
        .app(move |auth| example::routes(example::App { auth, sign_ins }))
        .start()
        .await
}

#[tokio::test]
async fn orders_are_for_who_is_signed_in() {
    let app = app().await;

    assert_eq!(app.visitor().get("/orders").await.to_string(), "401 TOKEN_MISSING");
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/orders").await.text(), "ada, you have no orders yet.");
    let _ = ada.sign_out().await.expect(200);
    assert_eq!(ada.get("/orders").await.to_string(), "401 TOKEN_REVOKED");
}

#[tokio::test]
async fn the_report_is_for_managers_and_counts_sign_ins() {
    let app = app().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/report").await.to_string(), "403 FORBIDDEN");
    let grace = app.member_with_roles("grace", &["manager"]).await;
    for _ in 0..2 {
        let _ = ada.sign_in().await.expect(200);
    }

    // The hook has a task of its own.
    let counted = async {
        while grace.get("/report").await.text() != "2 sign-ins" {
            tokio::task::yield_now().await;
        }
    };

    if tokio::time::timeout(Duration::from_secs(30), counted).await.is_err() {
        panic!("{}", grace.get("/report").await.text());
    }
}

#[test]
fn it_fits_on_a_screen() {
    let lines = include_str!("../../src/main.rs").lines().count();
    assert!(lines <= 40, "{lines} lines");
}
