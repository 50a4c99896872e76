//! That a page of somebody else's can use nobody's cookies.

use countersign_testkit::{Method, TestApp, json};
use insta::assert_snapshot;

#[tokio::test]
async fn another_sites_page_cannot_refresh_and_that_is_audited() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let before = ada.refresh_token();

    let forged = ada.refresh_call(json!(null)).on_page_of("https://evil.example").send().await;
    app.upkeep().await;

    assert_snapshot!(forged, @"403 CSRF_INVALID");
    assert_eq!(ada.refresh_token(), before);
    assert!(app.audit().await.ends_with("csrf_refused refused refused by anonymous"), "{}", app.audit().await);
    let _ = ada.refresh().await.expect(200);
}

#[tokio::test]
async fn a_browser_that_names_no_origin_needs_the_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let bare = || ada.refresh_call(json!(null)).without("origin").without("sec-fetch-site");

    let without = bare().send().await;
    let token = ada.get("/api/csrf-token").await.expect(200).text_at("/csrfToken");
    let with = bare().header("x-csrf-token", token).send().await;

    assert_snapshot!(without, @"403 CSRF_INVALID");
    assert_eq!(with.status(), 200);
}

#[tokio::test]
async fn another_sites_page_cannot_sign_anyone_in() {
    let app = TestApp::start().await;
    let mallory = app.member("mallory").await;
    let victim = app.visitor();
    let credentials = json!({"email": mallory.email, "password": mallory.password});

    let forged =
        victim.call(Method::POST, "/api/auth/login").json(credentials).on_page_of("https://evil.example").send().await;

    assert_snapshot!(forged, @"403 CSRF_INVALID");
    assert!(victim.cookie("refreshToken").is_none());
}
