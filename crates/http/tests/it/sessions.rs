//! One's own account and sessions, seen through the front door.

use countersign_testkit::{Method, TestApp, json, minutes};

#[tokio::test]
async fn verify_says_whom_a_token_speaks_for() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let reply = ada.get("/api/auth/verify").await;

    assert_eq!(reply.json()["valid"], true);
    assert_eq!(reply.json()["claims"], ada.claims());
    assert_eq!(reply.header("x-auth-subject"), ada.user_id());
    assert_eq!(reply.header("x-auth-session"), ada.session_id());
    assert!(reply.headers.contains_key("x-auth-roles"), "always there, so that it always overwrites");
}

#[tokio::test]
async fn a_bad_token_says_why_it_may() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for (authorization, code, challenge) in [
        (None, "TOKEN_MISSING", "Bearer"),
        (Some("Bearer a.b.c".to_owned()), "TOKEN_INVALID", r#"Bearer error="invalid_token""#),
        (Some(format!("Token {}", ada.access_token())), "TOKEN_INVALID", r#"Bearer error="invalid_token""#),
        (Some(format!("Bearer {} junk", ada.access_token())), "TOKEN_INVALID", r#"Bearer error="invalid_token""#),
    ] {
        let mut call = ada.call(Method::GET, "/api/auth/verify").anonymous();
        if let Some(field) = &authorization {
            call = call.header("authorization", field);
        }
        let reply = call.send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, code), "{authorization:?}");
        assert!(reply.header("www-authenticate").starts_with(challenge), "{authorization:?}");
    }
    app.clock.advance(minutes(20));
    assert_eq!(ada.get("/api/auth/verify").await.code(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_is_read_from_one_place_alone() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let token = ada.access_token();
    let visitor = app.visitor();
    for name in ["x-access-token", "x-auth-token", "token", "proxy-authorization"] {
        let call = visitor.call(Method::GET, "/api/auth/verify").header(name, format!("Bearer {token}"));
        assert_eq!(call.send().await.code(), "TOKEN_MISSING", "{name}");
    }
    for path in ["access_token", "token"] {
        let reply = visitor.get(&format!("/api/auth/verify?{path}={token}")).await;
        assert_eq!(reply.code(), "TOKEN_MISSING", "{path}");
    }
    let call = visitor.call(Method::GET, "/api/auth/verify").header("cookie", format!("accessToken={token}"));
    assert_eq!(call.send().await.code(), "TOKEN_MISSING");
}

#[tokio::test]
async fn the_profile_is_shown_and_the_name_changed() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for (method, name) in [(Method::PATCH, "Ada <b>L.</b>"), (Method::POST, "Ada")] {
        let reply = ada.call(method, "/api/user/profile").json(json!({"name": name})).send().await;
        assert_eq!((reply.status(), reply.text_at("/name").as_str()), (200, name));
        assert_eq!(ada.get("/api/user/profile").await.text_at("/name"), name);
    }
    assert_eq!(ada.get("/api/user/profile").await.text_at("/email"), ada.email);
    let refused = ada.patch("/api/user/profile", json!({"name": "Ada", "role": "admin"})).await;
    assert_eq!((refused.status(), refused.text_at("/errors/0/field")), (400, "role".to_owned()));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    phone.sign_in().await;

    let sessions = ada.get("/api/user/sessions").await.json();
    let sessions = sessions["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|s| s["current"] == true).count(), 1);
    let mut members: Vec<_> = sessions[0].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "amr",
            "asn",
            "country",
            "createdAt",
            "current",
            "device",
            "firstIpAddress",
            "id",
            "ipAddress",
            "label",
            "lastSeenAt",
            "network",
            "userAgent"
        ]
    );

    let path = format!("/api/user/sessions/{}", phone.session_id());
    let eve = app.member("eve").await;
    assert_eq!(eve.delete(&path).await.code(), "NOT_FOUND");
    assert!(app.audit().await.contains("access_denied refused not_the_owner"), "that it was tried is on record");
    assert_eq!(eve.delete("/api/user/sessions/nonsense").await.code(), "NOT_FOUND");
    assert_eq!(ada.delete(&path).await.status(), 204);
    assert_eq!(phone.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.delete(&path).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn what_is_dangerous_wants_a_recent_sign_in() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    app.clock.advance(minutes(11));
    let change = json!({"currentPassword": ada.password, "newPassword": "lint-borq-waxe-77"});

    let refused = ada.post("/api/user/password", change.clone()).await;
    assert_eq!((refused.status(), refused.code()), (401, "STEP_UP_REQUIRED".to_owned()));
    assert_eq!(refused.json()["methods"], json!(["password"]));
    assert!(refused.header("www-authenticate").contains(r#"max_age="600""#));

    let stepped = ada.step_up().await;
    assert_eq!(stepped.status(), 200);
    let mut members: Vec<_> = stepped.json().as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["accessToken", "expiresIn", "tokenType"]);
    assert_eq!(ada.post("/api/user/password", change).await.status(), 200);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_keeps_this_one() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    phone.sign_in().await;
    let change = json!({"currentPassword": ada.password, "newPassword": "lint-borq-waxe-77"});

    let wrong =
        ada.post("/api/user/password", json!({"currentPassword": "x", "newPassword": "lint-borq-waxe-77"})).await;
    assert_eq!(wrong.code(), "AUTH_FAILED");
    assert_eq!(ada.post("/api/user/password", change).await.json()["revoked"], 1);

    assert_eq!(phone.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
    assert_eq!(ada.refresh().await.status(), 200);
    assert_eq!(ada.get("/api/user/profile").await.status(), 200);
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_in_the_browser() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let call = ada.call(Method::DELETE, "/api/user").json(json!({"currentPassword": ada.password}));
    let reply = call.send().await;

    assert_eq!((reply.status(), reply.text().as_str()), (204, ""));
    assert!(ada.cookie("refreshToken").is_none());
    assert!(ada.cookie("deviceId").is_none());
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.sign_in().await.code(), "AUTH_FAILED");
}
