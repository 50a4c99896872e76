//! What a person does on an ordinary day.

use countersign_testkit::{Reply, TestApp, Value, json, mask, minutes};
use insta::assert_snapshot;

#[tokio::test]
async fn a_person_registers_comes_back_and_leaves() {
    let app = TestApp::start().await;
    let ada = app.stranger("ada");

    let registered = ada.register().await;
    let out = ada.sign_out().await;
    let back = ada.sign_in().await;
    let profile = ada.get("/api/user/profile").await;

    let user = json!({
        "id": "[usr 1]", "email": "ada@example.com", "emailVerified": false, "name": "ada", "role": null, "roles": [],
        "createdAt": "[time]",
    });
    assert_eq!(masked(&registered, "user"), user);
    let session = json!({"id": "[ses 1]", "expiresIn": 2_592_000, "idleExpiresIn": 604_800});
    assert_eq!(masked(&registered, "session"), session);
    assert_eq!(registered.text_at("/tokenType"), "Bearer");
    assert_eq!(out.expect(200).text_at("/message"), "You are signed out.");
    assert_eq!(back.expect(200).text_at("/user/id"), registered.text_at("/user/id"));
    assert_eq!(profile.expect(200).text_at("/email"), "ada@example.com");
    assert_snapshot!(app.audit().await, @"
    signing_key_created success first_start by system algorithm=EdDSA key=[key 1] kid=[key 1]
    signing_key_activated success first_start by system algorithm=EdDSA key=[key 1] kid=[key 1]
    signing_key_created success first_start by system algorithm=EdDSA key=[key 2] kid=[key 2]
    signed_up success by [usr 1] of [usr 1] in [ses 1]
    signed_out success by [usr 1] of [usr 1] in [ses 1]
    signed_in success by [usr 1] of [usr 1] in [ses 2] amr=pwd device=known deviceKey=[device]
    ");
}

/// A member of a JSON body, with ids and times masked.
fn masked(reply: &Reply, member: &str) -> Value {
    let member = reply.json().get(member).map(Value::to_string).unwrap_or_default();
    serde_json::from_str(&mask(&member)).unwrap_or_default()
}

#[tokio::test]
async fn a_wrong_password_opens_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await.elsewhere();

    let refused = ada.sign_in_with("not-her-password").await;

    assert_snapshot!(refused, @"401 AUTH_FAILED");
    assert_eq!(ada.cookie("refreshToken").map(|c| c.value), None);
}

#[tokio::test]
async fn an_expired_access_token_is_renewed_by_the_cookie() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let first = ada.refresh_token();

    app.clock.advance(minutes(16));
    let late = ada.get("/api/user/profile").await;
    let refreshed = ada.refresh_as_sdk().await;

    assert_snapshot!(late, @"401 TOKEN_EXPIRED");
    assert_eq!((refreshed.status(), refreshed.refresh_case().as_str()), (200, "5-rotated"));
    assert_ne!(ada.refresh_token(), first);
    let _ = ada.get("/api/user/profile").await.expect(200);
}

#[tokio::test]
async fn what_is_left_after_signing_out_is_worthless() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let copied = ada.loot();

    let _ = ada.sign_out().await.expect(200);

    let mallory = app.visitor();
    mallory.take(&copied);
    assert_snapshot!(mallory.get("/api/user/profile").await, @"401 TOKEN_REVOKED");
    assert_snapshot!(mallory.refresh().await, @"401 TOKEN_REVOKED");
    assert!(ada.cookie("refreshToken").is_none());
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_browser() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);

    let out = ada.sign_out_everywhere().await;

    assert_eq!(out.expect(200).json().get("revoked"), Some(&json!(2)));
    assert_snapshot!(phone.get("/api/user/profile").await, @"401 TOKEN_REVOKED");
    assert_snapshot!(phone.refresh().await, @"401 TOKEN_REVOKED");
}

#[tokio::test]
async fn a_program_keeps_its_refresh_token_itself() {
    let app = TestApp::start().await;
    let robot = app.stranger("robot").into_program();

    let registered = robot.register().await.expect(201);
    let refreshed = robot.refresh().await.expect(200);

    assert!(registered.set_cookies().iter().all(|cookie| !cookie.contains("refreshToken=")));
    assert!(!refreshed.text_at("/refreshToken").is_empty());
    assert_ne!(refreshed.text_at("/refreshToken"), registered.text_at("/refreshToken"));
}

#[tokio::test]
async fn the_same_person_comes_over_a_socket() {
    let app = TestApp::start().await;
    let served = app.serve().await;
    let ada = served.stranger("ada");

    let _ = ada.register().await.expect(201);

    let _ = ada.get("/api/user/profile").await.expect(200);
}
