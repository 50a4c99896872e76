//! Attacks on what every answer has in common: paths, methods, headers, words, through the front door.

use countersign_testkit::{Actor, Method, Reply, TestApp, json};

/// Requests of every sort, good and bad, by somebody signed in.
async fn every_sort(ada: &Actor) -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/.well-known/jwks.json",
        "/api/csrf-token",
        "/api/auth/csrf-token",
        "/api/auth/verify",
        "/api/user/profile",
        "/api/user/sessions",
        "/no/such/path",
        "/api/auth/login",
        "/errors/TOKEN_EXPIRED",
        "/api/admin/v1/users",
        "/metrics",
        "/.env",
        "/.git/config",
        "/api/user/sessions/%00",
    ] {
        replies.push((format!("GET {path}"), ada.get(path).await));
        replies.push((
            format!("GET {path} anonymously"),
            ada.call(Method::GET, path).anonymous().without_cookies().send().await,
        ));
    }
    for (path, body) in [
        ("/api/auth/login", json!({"email": "ada@example.com", "password": "wrong"})),
        ("/api/auth/login", json!({"email": "' OR 1=1", "password": ""})),
        ("/api/auth/register", json!({"email": "ada@example.com", "password": "sable otter forty-one", "name": "A"})),
        ("/api/auth/register", json!({"email": 1})),
        ("/api/auth/refresh", json!({"attemptId": "x"})),
        ("/api/user/password", json!({"currentPassword": "wrong", "newPassword": "sable otter forty-two"})),
        ("/api/auth/step-up", json!({"password": "wrong"})),
        ("/api/user/profile", json!({"name": ""})),
    ] {
        replies.push((format!("POST {path} {body}"), ada.post(path, body).await));
    }
    let broken =
        ada.call(Method::POST, "/api/auth/login").header("content-type", "application/json").bytes("{\"email\":");
    replies.push(("POST broken JSON".to_owned(), broken.send().await));
    let typed = ada.call(Method::POST, "/api/auth/login").header("content-type", "text/plain").bytes("{}");
    replies.push(("POST text".to_owned(), typed.send().await));
    replies
}

// attack 94
// bug S87
#[tokio::test]
async fn errors_name_no_internals_and_carry_a_code() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;

    for (request, reply) in every_sort(&ada).await {
        assert!(reply.status() < 500, "{request}: {}", reply.status());
        let is_document = reply.header("content-type").starts_with("text/html") || request.contains("/openapi.json");
        if reply.status() < 400 || is_document {
            continue;
        }
        assert_eq!(reply.header("content-type"), "application/problem+json", "{request}");
        let body = reply.json();
        for member in ["type", "title", "status", "detail", "code", "error", "message", "requestId"] {
            assert!(body.get(member).is_some(), "{request}: no {member}");
        }
        assert_eq!((&body["error"], &body["message"]), (&body["detail"], &body["detail"]));
        assert_eq!(body["requestId"], reply.header("x-request-id"));
        assert_eq!(body["type"], format!("https://auth.example.com/errors/{}", reply.code()));
        let text = reply.text().to_lowercase();
        for leak in
            ["sqlite", "sqlx", "rusqlite", "panicked", ".rs", "serde", "line 1", "column", "select ", "argon2", "/tmp"]
        {
            assert!(!text.contains(leak), "{request}: {leak} in {text}");
        }
    }
}

// attack 95
// bug S60
#[tokio::test]
async fn answers_hold_no_secret() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;

    for (request, reply) in every_sort(&ada).await {
        if reply.header("content-type").starts_with("text/html") || request.contains("/openapi.json") {
            continue;
        }
        let text = reply.text();
        for secret in ["$argon2", "passwordHash", "password_hash", "sealed", "emailKey", "device_epoch", "sable otter"]
        {
            assert!(!text.contains(secret), "{request}: {secret}");
        }
        assert!(!text.contains(&ada.refresh_token()), "{request}: a cookie's value in a body");
    }
    let user = ada.get("/api/user/profile").await.expect(200).json();
    let mut names: Vec<_> = user.as_object().map(|u| u.keys().cloned().collect()).unwrap_or_default();
    names.sort_unstable();
    assert_eq!(names, ["createdAt", "email", "emailVerified", "id", "name", "role", "roles"]);
}

// attack 96
// bug S75, S76, S77
#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;

    for (request, reply) in every_sort(&ada).await {
        assert!(reply.header("x-request-id").starts_with("req_"), "{request}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{request}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{request}");
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{request}: {policy}"
        );
        assert!(
            policy.contains("base-uri 'none'") && !policy.contains("script-src 'unsafe-inline'"),
            "{request}: {policy}"
        );
        assert!(
            !reply.header("referrer-policy").is_empty() && !reply.header("permissions-policy").is_empty(),
            "{request}"
        );
        let hsts = reply.header("strict-transport-security");
        let age = hsts.split("max-age=").nth(1).and_then(|a| a.split(';').next()).and_then(|a| a.parse::<u64>().ok());
        assert!(age.is_some_and(|a| a >= 31_536_000), "{request}: {hsts}");
        assert_eq!(reply.header("x-xss-protection"), "", "{request}: obsolete");
        assert_eq!(reply.header("server"), "", "{request}");
        if request.contains("/api/") {
            assert!(reply.header("cache-control").contains("no-store"), "{request}: {}", reply.header("cache-control"));
        }
    }
}

// attack 91
#[tokio::test]
async fn rights_come_from_the_token_and_from_nowhere_else() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for (name, value) in [
        ("x-auth-roles", "admin"),
        ("x-role", "admin"),
        ("x-user-role", "admin"),
        ("x-auth-subject", "usr_root"),
        ("x-forwarded-user", "admin"),
        ("x-original-url", "/api/admin/v1/users"),
        ("x-rewrite-url", "/api/admin/v1/users"),
    ] {
        let reply = ada.call(Method::GET, "/api/auth/verify").header(name, value).send().await.expect(200);
        assert_eq!(reply.json()["claims"]["roles"], json!([]), "{name}");
        assert_eq!(reply.header("x-auth-roles"), "", "{name}");
        assert_eq!(reply.header("x-auth-subject"), ada.user_id(), "{name}");
    }
    for path in ["/api/admin/v1/users", "/api/admin/v1/keys", "/metrics", "/admin"] {
        let status = ada.get(path).await.status();
        assert!((403..=404).contains(&status), "{path}: {status}");
    }
}

// attack 92
#[tokio::test]
async fn a_path_has_one_spelling() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for path in [
        "//api/user/profile",
        "/api//user/profile",
        "/api/user/profile/",
        "/api/user/../user/profile",
        "/api/user/./profile",
        "/api/user/%70rofile",
        "/api/user%2fprofile",
        "/API/user/profile",
        "/api/user/Profile",
        "/api/user/profile;x=1",
        "/api/user/profile%00",
        "/api/user/profile%20",
        "/api/user/profile.json",
        "/api/auth/%2e%2e/user/profile",
    ] {
        let reply = ada.get(path).await;
        assert!((400..=404).contains(&reply.status()), "{path}: {}", reply.status());
    }
}

// attack 53, 93
#[tokio::test]
async fn only_the_methods_of_a_route_do_anything() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for path in
        ["/api/auth/logout", "/api/auth/logout-all", "/api/auth/refresh", "/api/auth/login", "/api/user/password"]
    {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "DEBUG", "post"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = ada.call(method.clone(), path).header("x-secret", "echo-me").send().await;
            assert!([404, 405].contains(&reply.status()), "{method} {path}: {}", reply.status());
            assert!(!reply.text().contains("echo-me"));
        }
        for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let reply = ada.call(Method::GET, path).header(name, "POST").send().await;
            assert_eq!(reply.status(), 405, "{name} {path}");
            assert_eq!(reply.code(), "METHOD_NOT_ALLOWED");
            assert!(reply.header("allow").contains("POST"), "{path}: {}", reply.header("allow"));
        }
        let reply = ada.get(&format!("{path}?_method=POST")).await;
        assert_eq!(reply.status(), 405);
    }
    let _ = ada.refresh().await.expect(200);
}

// attack 62, 97
#[tokio::test]
async fn the_public_address_is_configured_and_not_heard() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("x-original-host", "evil.example"),
    ] {
        let reply = ada.call(Method::GET, "/no/such/page").without("host").header(name, value).send().await;
        assert!(reply.text_at("/type").starts_with("https://auth.example.com/"), "{name}");
        assert!(!reply.text().contains("evil.example"), "{name}");
        // A page of evil.example that sends its own name as the host is still evil.example's.
        let call = ada.refresh_call(json!({})).on_page_of("https://evil.example").without("host").header(name, value);
        assert_eq!(call.send().await.code(), "CSRF_INVALID", "{name}");
    }
    assert_eq!(ada.claims()["iss"], "https://auth.example.com");
}

// attack 98
#[tokio::test]
async fn nothing_redirects_elsewhere() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for name in ["returnTo", "redirect", "redirect_uri", "next", "url", "continue"] {
        for target in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
            for path in ["/", "/api/auth/verify", "/api/csrf-token", "/docs", "/claim/x"] {
                let reply = ada.get(&format!("{path}?{name}={target}")).await;
                assert!(!reply.header("location").contains("evil"), "{path} {name} {target}");
                assert!(
                    !reply.text().contains("evil.example") || reply.header("content-type").contains("json"),
                    "{path}"
                );
            }
        }
    }
}

// attack 99
#[tokio::test]
async fn no_input_becomes_a_header() {
    let app = TestApp::builder().without_limits().start().await;
    let injected =
        ["x\r\nX-Injected: 1", "x\nSet-Cookie: a=b", "x\u{560d}\u{560a}X-Injected: 1", "x%0d%0aX-Injected: 1"];
    let ada = app.member("ada").await;

    for text in injected {
        let encoded =
            text.replace('\r', "%0d").replace('\n', "%0a").replace(' ', "%20").replace('\u{560d}', "%E5%98%8D");
        let encoded = encoded.replace('\u{560a}', "%E5%98%8A");
        for reply in [
            app.visitor().post("/api/auth/login", json!({"email": text, "password": text})).await,
            ada.patch("/api/user/profile", json!({"name": text})).await,
            ada.get(&format!("/api/auth/verify?x={encoded}")).await,
            ada.get(&format!("/{encoded}")).await,
            ada.call(Method::GET, "/api/auth/verify").header("cookie", format!("csrf={encoded}")).send().await,
            ada.call(Method::GET, "/api/auth/verify").header("x-request-id", &encoded).send().await,
        ] {
            assert_eq!(reply.header("x-injected"), "", "{text:?}");
            assert!(reply.status() < 500);
            assert!(reply.set_cookies().iter().all(|c| !c.starts_with("a=b")));
        }
    }
}
