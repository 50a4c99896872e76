//! Attacks by scripts of somebody else's, through the front door: what answers let other origins read, frame, load and keep.

use countersign_testkit::{Actor, Method, Reply, TestApp, Value, json};

const GRANTS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-allow-private-network",
];

fn grants_nothing(reply: &Reply, reason: &str) {
    for name in GRANTS {
        assert!(!reply.headers.contains_key(name), "{reason}: {name}: {}", reply.header(name));
    }
}

fn hostile() -> [(&'static str, &'static str); 16] {
    // Ours is https://auth.example.com, the configured one https://app.example.com.
    [
        ("https://evil.example", "another site"),
        ("null", "a sandboxed frame"),
        ("*", "everybody"),
        ("", "empty"),
        ("https://app.example.com.evil.example", "a prefix of it"),
        ("https://evil-app.example.com", "a suffix of it"),
        ("https://x.app.example.com", "a sub-domain"),
        ("https://example.com", "the parent domain"),
        ("http://app.example.com", "another scheme"),
        ("https://app.example.com:444", "another port"),
        ("https://APP.example.com", "other case"),
        ("https://app.example.com/", "a slash more"),
        ("https://appXexample.com", "a dot as any character"),
        ("https://app.example.com, https://evil.example", "a list"),
        ("https://app.example.com@evil.example", "user info"),
        ("https://app.example.com%60.evil.example", "an odd character"),
    ]
}

/// What is asked for across origins: with a Bearer, with cookies, in public, and in vain.
async fn asked(actor: &Actor, origin: &str) -> Vec<(&'static str, Reply)> {
    let get = |path: &str| actor.call(Method::GET, path).on_page_of(origin);
    let preflight = |wants: &str| {
        let call = actor.call(Method::OPTIONS, "/api/auth/refresh").anonymous().without_cookies().on_page_of(origin);
        call.header("access-control-request-method", wants).header("access-control-request-headers", "authorization")
    };
    vec![
        ("profile", get("/api/user/profile").send().await),
        ("token", get("/api/csrf-token").send_and_lose().await),
        ("keys", get("/.well-known/jwks.json").send().await),
        ("nothing", get("/api/nothing").send().await),
        ("refused", get("/api/user/profile").anonymous().send().await),
        ("refresh", actor.refresh_call(Value::Null).on_page_of(origin).send_and_lose().await),
        ("preflight", preflight("POST").send().await),
        ("private network", preflight("POST").header("access-control-request-private-network", "true").send().await),
    ]
}

// attack 66
#[tokio::test]
async fn no_origin_but_the_configured_one_is_granted_anything() {
    let allow = |builder: countersign::Builder| builder.allowed_origins(["https://app.example.com"]);
    let app = TestApp::builder().with(allow).without_limits().start().await;
    let ada = app.member("ada").await;

    for (origin, reason) in hostile() {
        for (what, reply) in asked(&ada, origin).await {
            grants_nothing(&reply, &format!("{what}: {reason}"));
            let vary = reply.headers.get_all("vary").iter().any(|v| v == "Origin");
            assert!(vary, "{what}: caches must keep the answers apart: {reason}");
            assert!(reply.status() < 500, "{what}: {reason}");
        }
    }
    let twice = ada.call(Method::GET, "/api/user/profile").header("origin", "https://app.example.com");
    grants_nothing(&twice.header("origin", "https://evil.example").send().await, "two of them");

    for (what, reply) in asked(&ada, "https://app.example.com").await {
        assert_eq!(reply.header("access-control-allow-origin"), "https://app.example.com", "control: {what}");
        assert_eq!(reply.header("access-control-allow-credentials"), "true", "control: {what}");
        assert!(!reply.headers.contains_key("access-control-allow-private-network"), "{what}");
        for name in ["access-control-allow-methods", "access-control-allow-headers", "access-control-expose-headers"] {
            assert!(!reply.header(name).contains('*'), "{what}: {name}");
        }
    }
    let _ = ada.refresh().await.expect(200);
}

// attack 66
#[tokio::test]
async fn without_a_configured_origin_nobody_is_granted_anything_not_even_ourselves() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;

    for (origin, reason) in hostile() {
        for (what, reply) in asked(&ada, origin).await {
            grants_nothing(&reply, &format!("{what}: {reason}"));
        }
    }
    for (what, reply) in asked(&ada, "https://auth.example.com").await {
        grants_nothing(&reply, &format!("our own page needs no grant: {what}"));
    }
    let _ = ada.refresh().await.expect(200);
}

// bug S75, S76
#[tokio::test]
async fn no_answer_can_be_framed_and_no_page_runs_what_is_not_its_own() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let answers = [
        ("api", ada.get("/api/user/profile").await.expect(200)),
        ("refusal", app.visitor().get("/api/user/profile").await.expect(401)),
        ("nowhere", ada.get("/nowhere").await.expect(404)),
        ("wrong method", ada.get("/api/auth/login").await.expect(405)),
        ("page", ada.get("/").await.expect(200)),
        ("docs", ada.get("/docs").await.expect(200)),
        ("error page", ada.get("/errors/TOKEN_REUSED").await.expect(200)),
    ];

    for (what, reply) in answers {
        let policy = reply.header("content-security-policy");
        let says = |directive: &str| policy.split(';').any(|d| d.trim() == directive);
        assert!(
            says("default-src 'none'") && says("frame-ancestors 'none'") && says("base-uri 'none'"),
            "{what}: {policy}"
        );
        // An image of the page itself runs nothing.
        let policy = policy.replace("img-src 'self' data:", "img-src 'self'");
        for hole in ["unsafe-inline", "unsafe-eval", "*", "data:", "http:", "https:", "blob:"] {
            assert!(!policy.contains(hole), "{what}: {hole}: {policy}");
        }
        assert_eq!(reply.header("x-frame-options"), "DENY", "{what}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{what}");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{what}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{what}");
        let obsolete = reply.header("x-xss-protection");
        assert!(["", "0"].contains(&obsolete.as_str()), "{what}: {obsolete}");
    }
}

// bug S77
#[tokio::test]
async fn nothing_with_a_token_or_a_person_in_it_is_kept_by_a_cache() {
    let app = TestApp::start().await;
    let ada = app.stranger("ada");
    let robot = app.stranger("robot").into_program();
    let answers = [
        ("register", ada.register().await.expect(201)),
        ("login", ada.sign_in().await.expect(200)),
        ("register by body", robot.register().await.expect(201)),
        ("refresh", ada.refresh().await.expect(200)),
        ("refresh by body", robot.refresh().await.expect(200)),
        ("step-up", ada.step_up().await.expect(200)),
        ("verify", ada.get("/api/auth/verify").await.expect(200)),
        ("profile", ada.get("/api/user/profile").await.expect(200)),
        ("sessions", ada.get("/api/user/sessions").await.expect(200)),
        ("csrf token", ada.get("/api/csrf-token").await.expect(200)),
        ("csrf token of the session", ada.get("/api/auth/csrf-token").await.expect(200)),
        (
            "a refusal",
            ada.post("/api/auth/login", json!({"email": "x@example.com", "password": "y"})).await.expect(401),
        ),
        ("sign-out", ada.sign_out().await.expect(200)),
    ];

    for (what, reply) in answers {
        assert_eq!(reply.header("cache-control"), "no-store", "{what}");
        assert!(!reply.headers.contains_key("etag") && !reply.headers.contains_key("expires"), "{what}");
    }
    let keys = app.visitor().get("/.well-known/jwks.json").await.expect(200);
    assert_ne!(keys.header("cache-control"), "no-store", "control: what is public may be kept");
}
