//! What holds for every request and every answer.

use countersign_testkit::{Method, TestApp, json};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for path in ["/", "/api/user/profile", "/api/auth/verify", "/nowhere", "/docs", "/healthz", "/errors/NOT_FOUND"] {
        let reply = ada.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path} {name}");
        }
        assert!(reply.header("x-request-id").starts_with("req_"), "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(!reply.header("permissions-policy").is_empty(), "{path}");
        assert_eq!(reply.header("x-xss-protection"), "", "{path}");
        assert_eq!(reply.header("server"), "", "{path}");
    }
}

#[tokio::test]
async fn nothing_with_a_person_in_it_is_kept() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for path in ["/api/user/profile", "/api/auth/verify", "/api/user/sessions", "/api/csrf-token", "/nowhere"] {
        assert_eq!(ada.get(path).await.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(ada.refresh().await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn plain_http_promises_no_tls() {
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    assert_eq!(app.visitor().get("/").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn a_refusal_names_its_request_and_its_page() {
    let app = TestApp::start().await;
    let reply = app.visitor().get("/api/user/profile").await;

    assert_eq!(reply.status(), 401);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.text_at("/requestId"), reply.header("x-request-id"));
    assert_eq!(reply.text_at("/type"), "https://auth.example.com/errors/TOKEN_MISSING");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    assert_eq!(app.visitor().get("/errors/TOKEN_MISSING").await.status(), 200);
}

#[tokio::test]
async fn paths_are_exact() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for path in [
        "/api/user/profile/",
        "//api/user/profile",
        "/api//user/profile",
        "/API/user/profile",
        "/api/user/Profile",
        "/api/user/profile;x=1",
        "/api/./user/profile",
        "/api/x/../user/profile",
        "/api/user%2fprofile",
        "/api/user/profile%00",
        "/errors/not_found",
        "/assets/../page.rs",
        "/assets/nothing.js",
        "/api",
    ] {
        let reply = ada.get(path).await;
        assert_eq!((reply.status(), reply.code()), (404, "NOT_FOUND".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_lacks_is_405_with_allow() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for (method, path, allow) in [
        ("GET", "/api/auth/login", "POST"),
        ("GET", "/api/auth/logout", "POST"),
        ("GET", "/api/auth/refresh", "POST"),
        ("HEAD", "/api/auth/logout", "POST"),
        ("PUT", "/api/user/profile", "GET,HEAD,PATCH,POST"),
        ("GET", "/api/user", "DELETE"),
        ("TRACE", "/api/auth/verify", "GET,HEAD"),
        ("BREW", "/api/auth/verify", "GET,HEAD"),
        ("POST", "/", "GET,HEAD"),
    ] {
        let reply = ada.call(Method::from_bytes(method.as_bytes()).unwrap(), path).send().await;
        assert_eq!(reply.status(), 405, "{method} {path}");
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
        if method != "HEAD" {
            assert_eq!(reply.code(), "METHOD_NOT_ALLOWED", "{method} {path}");
        }
    }
    assert_eq!(ada.get("/api/auth/verify").await.status(), 200, "nothing has changed");
}

#[tokio::test]
async fn options_lists_the_methods_and_head_is_get_without_its_body() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let options = ada.call(Method::OPTIONS, "/api/user/profile").send().await;
    assert_eq!((options.status(), options.header("allow").as_str()), (204, "GET,HEAD,PATCH,POST"));

    let head = ada.call(Method::HEAD, "/api/auth/verify").send().await;
    assert_eq!((head.status(), head.text().as_str()), (200, ""));
    assert_eq!(head.header("x-auth-subject"), ada.user_id());
}

#[tokio::test]
async fn headers_do_not_change_the_method() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let reply = ada.call(Method::GET, "/api/auth/logout-all").header(name, "POST").send().await;
        assert_eq!(reply.status(), 405, "{name}");
        let reply = ada.call(Method::GET, "/api/auth/verify?_method=DELETE").header(name, "DELETE").send().await;
        assert_eq!(reply.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn a_large_body_is_413_and_a_strange_one_415() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let huge = format!("{{\"email\":\"{}\"}}", "x".repeat(70_000));

    let reply = visitor.call(Method::POST, "/api/auth/login").header("content-type", "application/json").bytes(huge);
    assert_eq!(reply.send().await.code(), "PAYLOAD_TOO_LARGE");
    let lying = visitor.call(Method::POST, "/api/auth/login").header("content-length", "10000000000").json(json!({}));
    assert_eq!(lying.send().await.code(), "PAYLOAD_TOO_LARGE");
    for path in ["/api/auth/login", "/api/auth/register", "/api/auth/refresh", "/api/auth/logout"] {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let call = visitor.call(Method::POST, path).header("content-type", content_type).bytes("{}");
            assert_eq!(call.send().await.code(), "UNSUPPORTED_MEDIA_TYPE", "{path} {content_type}");
        }
    }
}

#[tokio::test]
async fn a_panic_is_a_plain_500_and_the_server_lives() {
    let app = TestApp::builder().with(|b| b.claims(|_| panic!("secret-of-the-hook"))).start().await;
    let visitor = app.visitor();

    let reply = visitor.register().await;

    assert_eq!((reply.status(), reply.code()), (500, "INTERNAL".to_owned()));
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.text_at("/requestId"), reply.header("x-request-id"));
    assert!(!reply.text().contains("hook"));
    assert_eq!(visitor.get("/healthz").await.status(), 200);
}

const APP: &str = "https://app.example.com";

#[tokio::test]
async fn cors_grants_a_configured_origin_and_nobody_else() {
    let app = TestApp::builder().with(|b| b.allowed_origins([APP])).start().await;
    let ada = app.member("ada").await;

    let reply = ada.call(Method::POST, "/api/auth/refresh").on_page_of(APP).send().await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("access-control-allow-origin"), APP);
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert!(reply.header("vary").contains("Origin"));

    for origin in ["https://evil.example.com", "null", "https://app.example.com.evil.example", ""] {
        let reply = ada.call(Method::POST, "/api/auth/refresh").on_page_of(origin).send().await;
        assert_eq!(reply.code(), "CSRF_INVALID", "{origin:?}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin:?}");
        assert!(reply.header("vary").contains("Origin"), "{origin:?}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_for_a_configured_origin_alone() {
    let app = TestApp::builder().with(|b| b.allowed_origins([APP])).start().await;
    let preflight = |origin: &str| {
        app.visitor()
            .call(Method::OPTIONS, "/api/auth/login")
            .on_page_of(origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };

    let reply = preflight(APP).send().await;
    assert_eq!(reply.status(), 204);
    assert_eq!(reply.header("access-control-allow-origin"), APP);
    assert!(reply.header("access-control-allow-methods").contains("POST"));
    assert!(reply.header("access-control-allow-headers").contains("Content-Type"));

    let reply = preflight("https://evil.example").send().await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
    assert_eq!(reply.header("access-control-allow-methods"), "");
}

#[tokio::test]
async fn without_configuration_cors_says_nothing() {
    let app = TestApp::start().await;
    let reply = app.visitor().call(Method::GET, "/healthz").on_page_of("https://evil.example").send().await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    assert_eq!(reply.header("vary"), "");
}
