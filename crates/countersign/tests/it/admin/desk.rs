//! Who may sit at the desk.

use countersign::{Lifetime, Policies};
use countersign_testkit::{Actor, Event, Method, Reply, TestApp, json, minutes};

use super::{administrator, put};

/// Every call of the document, with names of things that there are and of things that there are not.
fn every_call(names: &[(&str, &str)]) -> Vec<(Method, String)> {
    let document = countersign::openapi();
    let mut calls = Vec::new();
    for (path, item) in document.get("paths").unwrap().as_object().unwrap() {
        if !path.starts_with("/api/admin/") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for (id, name) in names {
                calls.push((method.clone(), path.replace("{id}", id).replace("{name}", name)));
            }
        }
    }
    assert!(calls.len() >= 20 * names.len(), "{}", calls.len());
    calls
}

/// An answer without what differs from request to request.
fn bare(reply: &Reply) -> String {
    let request = reply.text_at("/requestId");
    assert!(!request.is_empty());
    format!("{} {}", reply.status(), reply.text().replace(&request, "-"))
}

async fn ask(actor: &Actor, (method, path): &(Method, String)) -> Reply {
    actor.call(method.clone(), path).send().await
}

// attack 91
#[tokio::test]
async fn whoever_is_not_an_administrator_hears_one_answer_whatever_he_asks_for() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let mallory = app.member_with_roles("mallory", &["editor"]).await;
    let (user, session) = (root.user_id(), root.session_id());
    let nobody = "usr_00000000000000000000000000";
    let calls = every_call(&[(&user, "admin"), (&session, "editor"), (nobody, "no-such"), ("x%00", "%2e%2e")]);

    let mut heard: Vec<String> = Vec::new();
    for call in &calls {
        let reply = ask(&mallory, call).await;
        assert_eq!((reply.status(), reply.code().as_str()), (403, "FORBIDDEN"), "{call:?}");
        heard.push(bare(&reply));
        let body = mallory.call(call.0.clone(), &call.1).json(json!({"roles": ["admin"], "x": 1})).send().await;
        heard.push(bare(&body));
        let broken = mallory.call(call.0.clone(), &call.1).header("content-type", "text/plain").bytes("{").send().await;
        heard.push(bare(&broken));
        let query = mallory.get(&format!("{}?limit=none", call.1)).await;
        assert!([403, 405].contains(&query.status()), "{call:?}: {query}");
    }
    heard.sort_unstable();
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:?}");

    let still = root.get(&format!("/api/admin/v1/users/{user}")).await.expect(200);
    assert_eq!(still.json()["roles"], json!(["admin"]));
    app.upkeep().await;
    let denied: Vec<_> =
        app.audit_records().await.into_iter().filter(|record| record.event == Event::AccessDenied).collect();
    assert!(denied.iter().all(|record| record.reason.as_deref() == Some("role admin")));
    assert!(denied.len() >= calls.len(), "each is on record: {}", denied.len());
}

// attack 91
#[tokio::test]
async fn the_desk_is_opened_by_a_token_in_its_field_and_by_nothing_else() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;

    for call in every_call(&[("usr_00000000000000000000000000", "x")]) {
        for anonymous in [
            // With every cookie of an administrator's browser, from our own page.
            root.call(call.0.clone(), &call.1).anonymous(),
            root.call(call.0.clone(), &call.1).anonymous().header("x-auth-roles", "admin"),
            root.call(call.0.clone(), &call.1).anonymous().header("x-access-token", root.access_token()),
        ] {
            let reply = anonymous.send().await;
            assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_MISSING"), "{call:?}");
        }
        let refresh = root.call(call.0.clone(), &call.1).bearer(&root.refresh_token()).send().await;
        assert_eq!(refresh.code(), "TOKEN_INVALID", "{call:?}");
    }
    let member = app.member("ada").await;
    for (name, value) in [("x-auth-roles", "admin"), ("x-role", "admin"), ("x-http-method-override", "DELETE")] {
        let reply = member.call(Method::GET, "/api/admin/v1/users").header(name, value).send().await;
        assert_eq!(reply.status(), 403, "{name}");
    }
}

// attack 72
#[tokio::test]
async fn an_administrator_proves_a_second_factor_first() {
    let app = TestApp::builder().without_limits().start().await;
    let root = app.member_with_roles("root", &["admin"]).await;
    let calls = every_call(&[("usr_00000000000000000000000000", "x")]);

    for call in &calls {
        let reply = ask(&root, call).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "STEP_UP_REQUIRED"), "{call:?}");
        assert_eq!(reply.json()["methods"], json!(["totp", "passkey", "recovery"]), "{call:?}");
    }
    let _ = root.step_up().await.expect(200);
    assert_eq!(ask(&root, &calls[0]).await.code(), "STEP_UP_REQUIRED", "a password again is no second factor");
    let (phone, _) = root.set_up_app().await;
    let _ = root.get("/api/admin/v1/users").await.expect(200);

    let elsewhere = root.elsewhere();
    app.clock.advance(minutes(1));
    let _ = elsewhere.sign_in_with_app(&phone).await.expect(200);
    let _ = elsewhere.get("/api/admin/v1/users").await.expect(200);
}

#[tokio::test]
async fn what_changes_something_asks_for_a_recent_sign_in_and_what_reads_does_not() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    app.clock.advance(minutes(11));
    let _ = root.refresh().await.expect(200);

    for call in every_call(&[("usr_00000000000000000000000000", "x")]) {
        let reply = ask(&root, &call).await;
        if call.0 == Method::GET {
            assert!([200, 404].contains(&reply.status()), "{call:?}: {reply}");
        } else {
            assert_eq!((reply.status(), reply.code().as_str()), (401, "STEP_UP_REQUIRED"), "{call:?}");
        }
    }
    let _ = root.step_up().await.expect(200);
    assert_eq!(put(&root, "/api/admin/v1/roles/editor", json!({"permissions": []})).await.status(), 200);
}

#[tokio::test]
async fn rights_that_were_taken_are_gone_with_the_next_request() {
    let app = TestApp::start().await;
    let (root, bob) = (administrator(&app, "root").await, administrator(&app, "bob").await);
    let _ = bob.get("/api/admin/v1/users").await.expect(200);

    let _ = put(&root, &format!("/api/admin/v1/users/{}/roles", bob.user_id()), json!({"roles": []})).await.expect(200);

    assert_eq!(bob.get("/api/admin/v1/users").await.code(), "TOKEN_EXPIRED");
    let _ = bob.refresh().await.expect(200);
    assert_eq!(bob.get("/api/admin/v1/users").await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn the_calls_of_each_administrator_are_counted() {
    let mut policies = Policies::default();
    policies.set("admin_account", 3, Lifetime::from_minutes(1)).unwrap();
    let app = TestApp::builder().with(move |builder| builder.limits(policies)).start().await;
    let (root, bob) = (administrator(&app, "root").await, administrator(&app, "bob").await);

    for left in [2, 1, 0] {
        let reply = root.get("/api/admin/v1/keys").await.expect(200);
        assert!(reply.header("ratelimit").starts_with(&format!(r#""admin_account";r={left};"#)), "{left}");
        assert_eq!(reply.header("ratelimit-policy"), r#""admin_account";q=3;w=60"#);
    }
    for _ in 0..2 {
        let refused = root.get("/api/admin/v1/keys").await;
        assert_eq!((refused.status(), refused.code().as_str()), (429, "RATE_LIMITED"));
        assert!(!refused.header("retry-after").is_empty());
    }
    let _ = bob.get("/api/admin/v1/keys").await.expect(200);
    assert_eq!(app.audited(Event::LimitReached).await, 1, "once a window");
    app.clock.advance(minutes(1));
    let _ = root.get("/api/admin/v1/keys").await.expect(200);
}

// attack 85
#[tokio::test]
async fn a_query_is_read_as_strictly_as_a_body() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    for (query, field, code) in [
        ("limit=0", "limit", "MALFORMED"),
        ("limit=201", "limit", "MALFORMED"),
        ("limit=", "limit", "MALFORMED"),
        ("limit=1&limit=2", "limit", "DUPLICATE_FIELD"),
        ("Limit=1", "Limit", "UNKNOWN_FIELD"),
        ("prefix=a&email=b", "", "TOO_MANY"),
        ("role=admin", "role", "UNKNOWN_FIELD"),
    ] {
        let reply = root.get(&format!("/api/admin/v1/users?{query}")).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{query}");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{query}");
    }
    let nowhere = root.get("/api/admin/v1/users?cursor=nowhere").await.expect(200);
    assert_eq!(nowhere.json(), json!({"data": [], "nextCursor": null}));
}
