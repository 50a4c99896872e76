//! Registering, signing in, refreshing, signing out: bodies and cookies.

use countersign_testkit::{Method, TestApp, Value, days, json, minutes};

#[tokio::test]
async fn registering_answers_as_the_contract_says() {
    let app = TestApp::start().await;
    let ada = app.visitor();
    let body = json!({"email": "ada@example.com", "password": ada.password, "name": "Ada"});

    let reply = ada.call(Method::POST, "/api/auth/register").json(body).send().await;

    assert_eq!(reply.status(), 201);
    let json = reply.json();
    let mut members: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["accessToken", "expiresIn", "serverTime", "session", "tokenType", "user"]);
    let mut members: Vec<_> = json["user"].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["createdAt", "email", "emailVerified", "id", "name", "role", "roles"]);
    assert_eq!(json["tokenType"], "Bearer");
    assert_eq!(json["session"]["expiresIn"], 30 * 86_400);
    assert_eq!(json["session"]["idleExpiresIn"], 7 * 86_400);
    let names: Vec<_> = reply.set_cookies().iter().map(|c| c.split('=').next().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        ["__Secure-refreshToken", "__Host-pageSession", "sessionHint", "__Secure-deviceId", "__Host-csrf"]
    );
    assert!(reply.set_cookies()[0].contains("; HttpOnly; SameSite=Strict; Secure; Path=/api/auth; Max-Age=604800"));
    assert!(reply.set_cookies().iter().all(|cookie| !cookie.to_lowercase().contains("domain")));
    assert!(!reply.header("ratelimit").is_empty());
}

#[tokio::test]
async fn what_a_body_may_not_set_is_refused() {
    let app = TestApp::start().await;
    for (name, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("emailVerified", json!(true)),
        ("id", json!("usr_x")),
        ("__proto__", json!({})),
    ] {
        let mut body = json!({"email": "eve@example.com", "password": "sable-otter-41-lantern", "name": "Eve"});
        body[name] = value;
        let reply = app.visitor().post("/api/auth/register", body).await;
        assert_eq!((reply.status(), reply.code()), (400, "VALIDATION_FAILED".to_owned()), "{name}");
        assert_eq!(reply.text_at("/errors/0/field"), name);
        assert_eq!(reply.text_at("/errors/0/code"), "UNKNOWN_FIELD");
    }
}

#[tokio::test]
async fn a_session_that_is_not_to_be_remembered_ends_with_the_browser() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = json!({"email": ada.email, "password": ada.password, "remember": false});

    let reply = ada.call(Method::POST, "/api/auth/login").anonymous().json(body).send().await;

    for name in ["__Secure-refreshToken", "__Host-pageSession", "sessionHint"] {
        let cookie = reply.set_cookies().into_iter().find(|c| c.starts_with(name)).unwrap();
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    }
}

#[tokio::test]
async fn refreshing_rotates_and_names_its_row() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    app.clock.advance(days(1));

    let reply = ada.refresh().await;

    assert_eq!(reply.status(), 200);
    assert_eq!(reply.json()["rotated"], true);
    assert!(reply.refresh_case().starts_with("5-"), "{}", reply.refresh_case());
    assert!(reply.json().get("refreshToken").is_none());
    let names: Vec<_> = reply.set_cookies().iter().map(|c| c.split('=').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["__Secure-refreshToken", "__Host-pageSession", "sessionHint"]);
    assert!(!reply.header("ratelimit-policy").is_empty());
}

#[tokio::test]
async fn a_thin_answer_sets_no_cookie() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let loot = ada.loot();
    ada.refresh_as_sdk().await;
    let late = ada.elsewhere();
    late.take(&loot);

    let reply = late.refresh_as_sdk().await;

    assert_eq!(reply.status(), 200);
    assert_eq!(reply.json()["rotated"], false);
    assert_eq!(reply.set_cookies(), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_gets_its_refresh_token_in_the_body_and_no_cookie() {
    let app = TestApp::start().await;
    let bot = app.visitor().into_program();

    let registered = bot.register().await;
    assert_eq!(registered.status(), 201);
    assert!(registered.json()["refreshToken"].is_string());
    assert_eq!(registered.set_cookies(), Vec::<String>::new());

    let refreshed = bot.refresh().await;
    assert_eq!(refreshed.status(), 200);
    assert!(refreshed.json()["refreshToken"].is_string());
    assert_eq!(refreshed.set_cookies(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_comes_the_other_way_is_invalid_and_both_at_once_is_400() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let cookie_token = ada.refresh_token();

    let other_way = app.visitor().post("/api/auth/refresh", json!({"refreshToken": cookie_token})).await;
    assert_eq!(other_way.code(), "TOKEN_INVALID");
    assert_eq!(other_way.refresh_case(), "1-invalid");
    let both = ada.post("/api/auth/refresh", json!({"refreshToken": cookie_token})).await;
    assert_eq!((both.status(), both.code()), (400, "VALIDATION_FAILED".to_owned()));
    assert_eq!(ada.refresh().await.status(), 200, "nothing has ended");
}

#[tokio::test]
async fn refreshing_with_nothing_is_missing_and_with_garbage_invalid() {
    let app = TestApp::start().await;
    assert_eq!(app.visitor().refresh().await.code(), "TOKEN_MISSING");

    let ada = app.member("ada").await;
    for garbage in ["x", "", "a.b.c", "%0d%0aSet-Cookie:x"] {
        let call = app.visitor().call(Method::POST, "/api/auth/refresh");
        let reply = call.header("cookie", format!("__Secure-refreshToken={garbage}")).send().await;
        assert_eq!(reply.code(), "TOKEN_INVALID", "{garbage:?}");
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "no refresh answer clears a cookie");
    }
    assert_eq!(ada.refresh().await.status(), 200);
}

#[tokio::test]
async fn a_planted_refresh_cookie_is_passed_over() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (own, page) = (ada.refresh_token(), ada.cookie("pageSession").unwrap().value);
    let planted = eve.refresh_token();
    let both = format!(
        "__Secure-refreshToken={planted}; __Secure-refreshToken={own}; __Host-pageSession={page}; other=\u{e9}"
    );

    let reply = app.visitor().call(Method::POST, "/api/auth/refresh").header("cookie", both).send().await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.text_at("/session/id"), ada.session_id());

    let alone = format!("__Secure-refreshToken={planted}; __Host-pageSession={page}");
    let reply = app.visitor().call(Method::POST, "/api/auth/refresh").header("cookie", alone).send().await;
    assert_eq!(reply.code(), "TOKEN_INVALID");
    assert_eq!(eve.refresh().await.status(), 200, "nothing has ended");
}

#[tokio::test]
async fn attempt_ids_have_their_form() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for wrong in [json!("short"), json!(7), Value::Null, json!("abcdefghijklmnopqrst==")] {
        let reply = ada.refresh_with(json!({"attemptId": wrong})).await;
        assert_eq!((reply.status(), reply.text_at("/errors/0/field")), (400, "attemptId".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn an_attacker_cannot_sign_a_victim_in() {
    let app = TestApp::start().await;
    let eve = app.member("eve").await;
    let victim = app.visitor();
    // Whatever the body: where a request comes from is judged first.
    let body = json!({"email": eve.email, "password": eve.password, "stray": 1});

    for path in ["/api/auth/login", "/api/auth/register"] {
        let call = victim.call(Method::POST, path).on_page_of("https://evil.example").json(body.clone());
        let reply = call.send().await;
        assert_eq!((reply.status(), reply.code()), (403, "CSRF_INVALID".to_owned()), "{path}");
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_csrf_token_stands_in_for_headers_of_new_browsers() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let old_browser = |token: Option<&str>| {
        let call = ada.call(Method::POST, "/api/auth/refresh").anonymous().without("origin").without("sec-fetch-site");
        match token {
            Some(token) => call.header("x-csrf-token", token),
            None => call,
        }
    };
    assert_eq!(old_browser(None).send().await.code(), "CSRF_INVALID");
    assert_eq!(old_browser(Some("made-up")).send().await.code(), "CSRF_INVALID");

    for path in ["/api/auth/csrf-token", "/api/csrf-token"] {
        let token = ada.call(Method::GET, path).send().await.text_at("/csrfToken");
        assert_eq!(old_browser(Some(&token)).send().await.status(), 200, "{path}");
    }

    // A pair planted by an attacker is genuine, and of another session.
    let eve = app.member("eve").await;
    let planted = eve.get("/api/auth/csrf-token").await.text_at("/csrfToken");
    let own = ada.cookie("csrf").unwrap().value;
    let refresh = ada.refresh_token();
    let page = ada.cookie("pageSession").unwrap().value;
    for (csrf, expected) in [(&planted, 403), (&own, 200)] {
        let cookies = format!("__Secure-refreshToken={refresh}; __Host-pageSession={page}; __Host-csrf={csrf}");
        let reply = old_browser(Some(csrf)).header("cookie", cookies).send_and_lose().await;
        assert_eq!(reply.status(), expected);
    }
}

#[tokio::test]
async fn a_second_tab_gets_the_same_csrf_token() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let first = visitor.get("/api/csrf-token").await.text_at("/csrfToken");
    assert_eq!(visitor.get("/api/auth/csrf-token").await.text_at("/csrfToken"), first);

    let ada = app.member("ada").await;
    let own = ada.get("/api/auth/csrf-token").await.text_at("/csrfToken");
    assert_eq!(ada.get("/api/csrf-token").await.text_at("/csrfToken"), own);
    assert_ne!(first, own);
}

#[tokio::test]
async fn signing_out_works_by_cookie_alone_and_repeats() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let loot = ada.loot();

    let reply = ada.call(Method::POST, "/api/auth/logout").anonymous().send().await;

    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("clear-site-data"), "\"cache\"");
    assert!(
        reply.set_cookies().iter().any(|c| c.starts_with("__Secure-refreshToken=; ") && c.contains("Path=/api/auth"))
    );
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.call(Method::POST, "/api/auth/logout").anonymous().send().await.status(), 200);
    assert_eq!(ada.sign_out().await.status(), 200, "with the dead access token");
    assert_eq!(app.visitor().redeem(&loot).await.code(), "TOKEN_REVOKED");
}

#[tokio::test]
async fn signing_out_ends_the_session_of_the_token_and_that_of_the_cookie() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    ada.set_access_token(&eve.access_token());

    // From a script with a cookie jar: the token speaks, the cookie proves nothing.
    let call = ada.call(Method::POST, "/api/auth/logout").without("origin").without("sec-fetch-site");
    assert_eq!(call.send_and_lose().await.status(), 200);
    assert_eq!(eve.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.refresh().await.status(), 200);

    ada.set_access_token(&eve.access_token());
    assert_eq!(ada.call(Method::POST, "/api/auth/logout").send_and_lose().await.status(), 200);
    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED");
}

#[tokio::test]
async fn signing_out_works_by_access_token_alone() {
    let app = TestApp::start().await;
    let bot = app.visitor().into_program();
    bot.register().await;

    assert_eq!(bot.sign_out().await.status(), 200);
    assert_eq!(bot.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(bot.refresh().await.code(), "TOKEN_REVOKED");
    app.clock.advance(minutes(20));
    assert_eq!(bot.sign_out().await.status(), 401, "an expired token proves nothing any more");
}

#[tokio::test]
async fn nobody_is_signed_out_from_elsewhere() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for origin in ["https://evil.example", "null"] {
        let call = ada.call(Method::POST, "/api/auth/logout").anonymous().on_page_of(origin);
        let reply = call.send().await;
        assert_eq!(reply.code(), "CSRF_INVALID");
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }
    // A form of another site: the browser keeps our strict cookies back, yet would obey an answer that clears them.
    let reply = app.visitor().call(Method::POST, "/api/auth/logout").on_page_of("https://evil.example").send().await;
    assert_eq!(reply.set_cookies(), Vec::<String>::new());
    assert_eq!(ada.refresh().await.status(), 200);
}

#[tokio::test]
async fn signing_out_everywhere_needs_the_access_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    phone.sign_in().await;

    assert_eq!(ada.call(Method::POST, "/api/auth/logout-all").anonymous().send().await.code(), "TOKEN_MISSING");
    let reply = ada.sign_out_everywhere().await;
    assert_eq!((reply.status(), reply.json()["revoked"].as_u64()), (200, Some(2)));
    assert_eq!(phone.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert!(ada.cookie("refreshToken").is_none(), "its own cookie is cleared");
}

#[tokio::test]
async fn on_loopback_http_the_names_stand_bare_and_two_refresh_cookies_are_refused() {
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.refresh().await.status(), 200);

    let token = ada.refresh_token();
    let twice = format!("refreshToken={token}; refreshToken={token}");
    let reply = ada.call(Method::POST, "/api/auth/refresh").header("cookie", twice).send().await;
    assert_eq!(reply.code(), "TOKEN_INVALID");
    assert_eq!(ada.refresh().await.status(), 200);
}
