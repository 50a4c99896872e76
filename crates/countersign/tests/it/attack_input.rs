//! Attacks by what is put into fields, through the front door.

use countersign_testkit::{Actor, Method, TestApp, Value, json};

async fn invalid(actor: &Actor, path: &str, body: Value) {
    let reply = actor.post(path, body.clone()).await;
    assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{path} {body}");
}

// attack 84
// bug S50, S51
#[tokio::test]
async fn only_text_is_text() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;
    let wrong = [
        json!({"$gt": ""}),
        json!({"$ne": null}),
        json!([]),
        json!(["ada@example.com"]),
        json!(1),
        json!(true),
        Value::Null,
    ];

    for value in wrong {
        let good = json!({"email": "ben@example.com", "password": "sable otter forty-one", "name": "Ben"});
        for field in ["email", "password", "name"] {
            let mut body = good.clone();
            body[field] = value.clone();
            invalid(&app.visitor(), "/api/auth/register", body).await;
        }
        invalid(&app.visitor(), "/api/auth/login", json!({"email": value, "password": "x"})).await;
        invalid(&app.visitor(), "/api/auth/login", json!({"email": "ada@example.com", "password": value})).await;
        invalid(&ada, "/api/user/password", json!({"currentPassword": value, "newPassword": "sable otter forty-two"}))
            .await;
        if !value.is_null() {
            assert_eq!(ada.refresh_with(json!({"attemptId": value})).await.status(), 400, "attemptId {value}");
        }
    }
    for body in [
        json!({}),
        json!({"email": "ben@example.com"}),
        json!({"password": "sable otter forty-one"}),
        json!([]),
        json!("x"),
    ] {
        invalid(&app.visitor(), "/api/auth/login", body.clone()).await;
        invalid(&app.visitor(), "/api/auth/register", body).await;
    }
    let _ = ada.refresh().await.expect(200);
}

// attack 85
#[tokio::test]
async fn a_member_given_twice_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let bodies = [
        ("/api/auth/login", r#"{"email":"eve@example.com","email":"ada@example.com","password":"x"}"#),
        ("/api/auth/login", r#"{"email":"ada@example.com","password":"a","password":"b"}"#),
        ("/api/auth/register", r#"{"email":"b@example.com","name":"a","name":"b","password":"sable otter forty-one"}"#),
        ("/api/auth/refresh", r#"{"attemptId":"AAAAAAAAAAAAAAAAAAAAAA","attemptId":"BBBBBBBBBBBBBBBBBBBBBB"}"#),
    ];

    for (path, body) in bodies {
        let call = ada.call(Method::POST, path).header("content-type", "application/json");
        let reply = call.bytes(body).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{body}");
    }
}

// attack 86
// bug S56
#[tokio::test]
async fn code_in_a_name_is_a_name() {
    let app = TestApp::builder().without_limits().start().await;
    let names = [
        "Robert'); DROP TABLE users;--",
        "<img src=x onerror=alert(1)>",
        "<scr<script>ipt>alert(1)</script>",
        "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
        "*)(uid=*))(|(uid=*",
        "{\"$where\": \"sleep(1000)\"}",
        "%s%s%n %x",
        "O'Brien & S\u{f6}hne \"GmbH\"",
    ];

    for (n, name) in names.iter().enumerate() {
        let visitor = app.visitor();
        let body = json!({"email": format!("p{n}@example.com"), "password": "sable otter forty-one", "name": name});
        let reply = visitor.post("/api/auth/register", body).await.expect(201);
        assert_eq!(reply.text_at("/user/name"), *name);
        let profile =
            visitor.call(Method::GET, "/api/user/profile").bearer(&reply.text_at("/accessToken")).send().await;
        assert_eq!(profile.expect(200).text_at("/name"), *name, "kept as typed");
        let login = app.visitor().post("/api/auth/login", json!({"email": name, "password": name})).await;
        assert!((400..=401).contains(&login.status()), "{name}: {}", login.status());
    }
}

// attack 87
// bug S53
#[tokio::test]
async fn an_address_has_one_canonical_form() {
    let app = TestApp::builder().without_limits().start().await;
    let _ = app.member("ada").await;
    let register = |email: &str| {
        let body = json!({"email": email, "password": "sable otter forty-one", "name": "Ada"});
        let visitor = app.visitor();
        async move { visitor.post("/api/auth/register", body).await }
    };

    for same in ["Ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.Com"] {
        assert_eq!(register(same).await.code(), "EMAIL_TAKEN", "{same}");
    }
    for hostile in [
        "ada@example.com\r\nBcc: victim@example.com",
        "ada@example.com\n",
        "ada\u{200b}@example.com",
        "ada@exam\u{200b}ple.com",
        "ada\u{0}@example.com",
        "ada@example.com,eve@example.com",
        "ada@example.com eve@example.com",
        "ada@@example.com",
        "@example.com",
        "ada@",
        "ada",
        "ada@.com",
        "<ada@example.com>",
    ] {
        let reply = register(hostile).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{hostile:?}");
    }
    let long = format!("{}@example.com", "a".repeat(300));
    assert_eq!(register(&long).await.status(), 400);
    // Look-alikes are other people: they never fold into an existing account.
    for other in ["\u{430}da@example.com", "ada+news@example.com", "a.da@example.com"] {
        let reply = register(other).await;
        assert!(reply.status() == 201 || reply.code() == "VALIDATION_FAILED", "{other}: {}", reply.code());
    }
}

// attack 88
// bug S52
#[tokio::test]
async fn twenty_racing_registrations_make_one_account() {
    let app = TestApp::builder().without_limits().start().await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let ada = app.stranger("ada");
        racers.spawn(async move { ada.register().await.status() });
    }

    let statuses = racers.join_all().await;

    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 19, "{statuses:?}");
}

// attack 89
#[tokio::test]
async fn a_body_sets_only_what_it_owns() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;
    let smuggled = [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("id", json!("usr_7zzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("emailVerified", json!(true)),
        ("ver", json!(99)),
        ("tokenVersion", json!(0)),
        ("permissions", json!(["*"])),
        ("status", json!("active")),
        ("createdAt", json!("2000-01-01T00:00:00Z")),
        ("__proto__", json!({"role": "admin"})),
        ("constructor", json!({})),
    ];

    for (name, value) in smuggled {
        let mut body = json!({"email": "ben@example.com", "password": "sable otter forty-one", "name": "Ben"});
        body[name] = value.clone();
        invalid(&app.visitor(), "/api/auth/register", body).await;
        let reply = ada.patch("/api/user/profile", json!({"name": "Eve", name: value})).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{name}");
    }
    let profile = ada.get("/api/user/profile").await.expect(200);
    assert_eq!((profile.text_at("/name").as_str(), profile.json()["roles"].clone()), ("ada", json!([])));
    assert_eq!(app.stranger("ben").sign_in().await.code(), "AUTH_FAILED", "no account was made");
}

// attack 90
#[tokio::test]
async fn another_persons_session_is_not_found() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let eve = app.member("eve").await;

    for id in [ada.session_id().as_str(), "ses_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ses_1", "..", "*", "%27"] {
        let reply = eve.delete(&format!("/api/user/sessions/{id}")).await;
        assert_eq!(reply.status(), 404, "{id}");
    }
    assert!(!eve.get("/api/user/sessions").await.expect(200).text().contains(&ada.session_id()));
    let _ = ada.get("/api/user/profile").await.expect(200);
    let _ = ada.refresh().await.expect(200);
}
