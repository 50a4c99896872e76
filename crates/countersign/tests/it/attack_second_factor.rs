//! Attacks on second factors, through the front door.

use countersign_kernel::Lifetime;
use countersign_testkit::{Actor, Event, Method, Reply, TestApp, Value, json, minutes};

/// Somebody with an app, and another browser in which the password was just typed.
async fn waiting(app: &TestApp, name: &str) -> (Actor, countersign_testkit::Authenticator, Vec<String>, Actor, Reply) {
    let owner = app.member(name).await;
    let (phone, codes) = owner.set_up_app().await;
    app.clock.advance(minutes(1));
    let browser = owner.elsewhere();
    let asked = browser.sign_in().await.expect(401);
    (owner, phone, codes, browser, asked)
}

/// How many of these were answered 200.
async fn good(calls: Vec<tokio::task::JoinHandle<u16>>) -> usize {
    let mut good = 0;
    for call in calls {
        good += usize::from(call.await.unwrap() == 200);
    }
    good
}

async fn verify(actor: &Actor, body: Value) -> Reply {
    actor.call(Method::POST, "/api/auth/mfa/verify").anonymous().json(body).send().await
}

// attack 72
// bug S59
#[tokio::test]
async fn a_sign_in_that_waits_opens_nothing_else() {
    let app = TestApp::start().await;
    let (_, _, _, thief, asked) = waiting(&app, "ada").await;
    let token = asked.text_at("/mfaToken");
    let cookie = thief.cookie("pending").unwrap().value;

    for secret in [&token, &cookie] {
        for path in ["/api/user/profile", "/api/user/mfa", "/api/auth/verify"] {
            let reply = thief.call(Method::GET, path).bearer(secret).send().await;
            assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"), "{path}");
        }
        let refresh = thief.call(Method::POST, "/api/auth/refresh").json(json!({"refreshToken": secret})).send().await;
        assert_eq!((refresh.status(), refresh.code().as_str()), (401, "TOKEN_INVALID"));
    }
    assert_eq!(thief.refresh().await.status(), 401, "there is no session to be refreshed");
    for flag in ["mfaVerified", "skipMfa", "amr", "userId"] {
        let mut body = json!({"email": thief.email, "password": thief.password});
        body[flag] = json!(true);
        let reply = thief.call(Method::POST, "/api/auth/login").anonymous().json(body).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{flag}");
    }
}

// attack 72
/// The password alone renews nothing that a second factor has proven: a session that was opened before the app was set up ends, and
/// there is no way around the second step by changing what the first one was.
#[tokio::test]
async fn no_door_leads_around_the_second_factor() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let before = ada.elsewhere();
    let _ = before.sign_in().await.expect(200);
    let _ = ada.set_up_app().await;

    assert_eq!(before.refresh().await.code(), "TOKEN_REVOKED");
    for door in [ada.elsewhere(), ada.elsewhere().into_program()] {
        let reply = door.sign_in().await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "MFA_REQUIRED"));
        assert_eq!(reply.json().get("accessToken"), None);
    }
    let taken = ada.elsewhere().register().await;
    assert_eq!(taken.code(), "EMAIL_TAKEN");
}

// attack 73
// bug S58
#[tokio::test]
async fn a_code_and_a_waiting_sign_in_work_once() {
    let app = TestApp::start().await;
    let (ada, phone, _, home, asked) = waiting(&app, "ada").await;
    let code = phone.code();
    let other = ada.elsewhere();
    let elsewhere = other.sign_in().await.expect(401);

    let _ = home.second_step(&asked, "totp", &code).await.expect(200);

    assert_eq!(other.second_step(&elsewhere, "totp", &code).await.code(), "AUTH_FAILED", "the code is spent");
    assert_eq!(
        other.second_step(&elsewhere, "totp", &phone.code_away(-1)).await.code(),
        "AUTH_FAILED",
        "and the older"
    );
    assert_eq!(ada.step_up_with_code("totp", &code).await.code(), "AUTH_FAILED", "at the other door too");
    let again = home.second_step(&asked, "totp", &phone.code_away(1)).await;
    assert_eq!((again.status(), again.code().as_str()), (401, "TOKEN_INVALID"), "the sign-in is spent");
}

// attack 73
#[tokio::test]
async fn of_racing_second_steps_one_opens_a_session() {
    let app = TestApp::start().await;
    let (_, phone, _, home, asked) = waiting(&app, "ada").await;
    let code = phone.code();

    let steps: Vec<_> = (0..5)
        .map(|_| {
            let (home, asked, code) = (home.clone(), asked.clone(), code.clone());
            tokio::spawn(async move { home.second_step(&asked, "totp", &code).await.status() })
        })
        .collect();

    assert_eq!(good(steps).await, 1);
    assert_eq!(app.audited(Event::SignedIn).await, 1);
}

// attack 74
// bug S58
#[tokio::test]
async fn codes_cannot_be_guessed_on_one_sign_in_nor_over_many() {
    let app = TestApp::start().await;
    let (ada, phone, _, thief, first) = waiting(&app, "ada").await;
    let wrong = phone.wrong_code();

    for _ in 0..5 {
        assert_eq!(thief.second_step(&first, "totp", &wrong).await.code(), "AUTH_FAILED");
    }
    let over = thief.second_step(&first, "totp", &phone.code()).await;
    assert_eq!(
        (over.status(), over.code().as_str()),
        (401, "TOKEN_INVALID"),
        "five tries, and the right one is too late"
    );

    let mut tries = 5;
    let refused = loop {
        let next = thief.sign_in().await.expect(401);
        let reply = thief.second_step(&next, "totp", &wrong).await;
        if reply.status() == 429 {
            break reply;
        }
        tries += 1;
        assert!(tries <= 20, "{tries}");
    };
    assert_eq!(tries, 10);
    assert_eq!(refused.code(), "RATE_LIMITED");
    assert!(refused.header("ratelimit").contains("second_factor_account"), "{}", refused.header("ratelimit"));
    // From anywhere, by either kind of code, and in a session as well: whose it is counts.
    let other = ada.elsewhere().at([198, 51, 100, 9].into());
    let next = other.sign_in().await.expect(401);
    assert_eq!(other.second_step(&next, "recovery", "0000-0000-0000-0000").await.status(), 429);
    assert_eq!(ada.step_up_with_code("totp", &phone.code()).await.status(), 429);
    assert_eq!(ada.get("/api/user/profile").await.status(), 200, "and the owner's session goes on");
    app.clock.advance(Lifetime::from_hours(1));
    let later = thief.sign_in().await.expect(401);
    let _ = thief.second_step(&later, "totp", &phone.code()).await.expect(200);
    assert_eq!(app.audited(Event::LimitReached).await, 1);
}

// attack 75
// bug S57
#[tokio::test]
async fn whose_code_is_checked_is_said_by_the_waiting_sign_in_alone() {
    let app = TestApp::start().await;
    let (_, adas, _, ada, of_ada) = waiting(&app, "ada").await;
    let (eve_at_home, eves, _, eve, of_eve) = waiting(&app, "eve").await;

    // Eve knows Ada's password, and has an app of her own.
    let thief = ada.elsewhere();
    let asked = thief.sign_in().await.expect(401);
    assert_eq!(thief.second_step(&asked, "totp", &eves.code()).await.code(), "AUTH_FAILED");
    for name in ["userId", "user", "sub", "email"] {
        let mut body = json!({"mfaToken": asked.text_at("/mfaToken"), "method": "totp", "code": eves.code()});
        body[name] = json!(eve_at_home.user_id());
        assert_eq!(verify(&thief, body).await.code(), "VALIDATION_FAILED", "{name}");
    }
    // Each one's token in the other's browser.
    assert_eq!(eve.second_step(&of_ada, "totp", &adas.code()).await.code(), "TOKEN_INVALID");
    assert_eq!(ada.second_step(&of_eve, "totp", &eves.code()).await.code(), "TOKEN_INVALID");
    let _ = ada.second_step(&of_ada, "totp", &adas.code()).await.expect(200);
}

// attack 75
#[tokio::test]
async fn what_is_no_code_or_names_no_sign_in_is_refused() {
    let app = TestApp::start().await;
    let (_, phone, _, home, asked) = waiting(&app, "ada").await;
    let token = asked.text_at("/mfaToken");

    for code in [json!(null), json!([phone.code()]), json!({"code": phone.code()}), json!(123_456), json!(true)] {
        let reply = verify(&home, json!({"mfaToken": token, "method": "totp", "code": code})).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{code}");
    }
    for body in [
        json!({"method": "totp", "code": phone.code()}),
        json!({"mfaToken": token, "code": phone.code()}),
        json!({"mfaToken": token, "method": "totp"}),
        json!({"mfaToken": token, "method": "password", "code": phone.code()}),
        json!({"mfaToken": null, "method": "totp", "code": phone.code()}),
        json!({}),
    ] {
        assert_eq!(verify(&home, body.clone()).await.code(), "VALIDATION_FAILED", "{body}");
    }
    for token in ["", "undefined", "null", &"0".repeat(64), &token.to_uppercase(), &token[..63]] {
        let reply = verify(&home, json!({"mfaToken": token, "method": "totp", "code": phone.code()})).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"), "{token}");
    }
    let without = home.elsewhere();
    assert_eq!(without.second_step(&asked, "totp", &phone.code()).await.code(), "TOKEN_INVALID", "another browser");
    for code in ["", " ", "12345", "1234567", "null", "' OR 1=1"] {
        assert_eq!(home.second_step(&asked, "totp", code).await.code(), "AUTH_FAILED", "{code:?}");
        if app.audited(Event::SignInFailed).await == 4 {
            break;
        }
    }
    let _ = home.second_step(&asked, "totp", &phone.code()).await.expect(200);
}

/// One answer for a sign-in that is unknown, used, too old, voided, tried out or another browser's.
#[tokio::test]
async fn a_sign_in_that_is_over_looks_the_same_whyever() {
    let app = TestApp::start().await;
    let (ada, phone, _, home, asked) = waiting(&app, "ada").await;
    let seen =
        |reply: &Reply| (reply.status(), reply.code(), reply.text_at("/detail"), reply.header("ratelimit").to_owned());
    let unknown = seen(&verify(&home, json!({"mfaToken": "0".repeat(64), "method": "totp", "code": "000000"})).await);
    assert_eq!((unknown.0, unknown.1.as_str()), (401, "TOKEN_INVALID"));

    app.clock.advance(minutes(5));
    assert_eq!(seen(&home.second_step(&asked, "totp", &phone.code()).await), unknown, "too old");

    let voided = home.sign_in().await.expect(401);
    let _ = ada.step_up_with_code("totp", &phone.code()).await.expect(200);
    let change = json!({"currentPassword": ada.password, "newPassword": "lint borq waxe sundial"});
    let _ = ada.post("/api/user/password", change).await.expect(200);
    assert_eq!(seen(&home.second_step(&voided, "totp", &phone.code_away(1)).await), unknown, "the password is another");

    let disabled = home.sign_in_with("lint borq waxe sundial").await.expect(401);
    let id = ada.user_id().parse().unwrap();
    let accounts = app.system.auth().accounts();
    let operator = countersign_audit::Actor::Operator;
    let _ = accounts.disable_user(id, operator, &app.local()).await.unwrap();
    let _ = accounts.enable_user(id, operator, &app.local()).await.unwrap();
    assert_eq!(seen(&home.second_step(&disabled, "totp", &phone.code_away(1)).await), unknown, "it was switched off");

    let reset = home.sign_in_with("lint borq waxe sundial").await.expect(401);
    let _ = accounts.reset_factors(id, operator, &app.local()).await.unwrap();
    assert_eq!(seen(&home.second_step(&reset, "totp", &phone.code_away(1)).await), unknown, "the app is gone");
    assert_eq!(app.audited(Event::FactorsReset).await, 1);
}

// attack 76
#[tokio::test]
async fn a_recovery_code_works_once_for_its_owner() {
    let app = TestApp::start().await;
    let (ada, _, codes, home, asked) = waiting(&app, "ada").await;
    let (_, _, _, eve, of_eve) = waiting(&app, "eve").await;

    assert_eq!(eve.second_step(&of_eve, "recovery", &codes[0]).await.code(), "AUTH_FAILED", "it is Ada's");
    let _ = home.second_step(&asked, "recovery", &codes[0]).await.expect(200);
    let again = home.sign_in().await.expect(401);
    assert_eq!(home.second_step(&again, "recovery", &codes[0]).await.code(), "AUTH_FAILED", "it is spent");
    assert_eq!(ada.step_up_with_code("recovery", &codes[0]).await.code(), "AUTH_FAILED", "everywhere");

    // Three browsers race with one code, each in a sign-in of its own.
    let mut races = Vec::new();
    for browser in (0..3).map(|_| ada.elsewhere()) {
        let (asked, code) = (browser.sign_in().await.expect(401), codes[1].clone());
        races.push(tokio::spawn(async move { browser.second_step(&asked, "recovery", &code).await.status() }));
    }
    assert_eq!(good(races).await, 1);
}

// attack 77
#[tokio::test]
async fn a_second_factor_is_set_up_by_a_recent_proof_alone_and_its_secret_is_shown_once() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for (method, path) in [
        (Method::GET, "/api/user/mfa"),
        (Method::POST, "/api/user/mfa/totp"),
        (Method::POST, "/api/user/mfa/totp/confirm"),
        (Method::DELETE, "/api/user/mfa/totp"),
        (Method::POST, "/api/user/mfa/recovery-codes"),
        (Method::GET, "/api/user/devices"),
    ] {
        let reply = app.visitor().call(method.clone(), path).json(json!({"code": "000000"})).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_MISSING"), "{method} {path}");
        // The cookies of a session are no credential here.
        let by_cookie = ada.call(method.clone(), path).anonymous().json(json!({"code": "000000"})).send().await;
        assert_eq!(by_cookie.code(), "TOKEN_MISSING", "{method} {path}");
    }
    app.clock.advance(minutes(11));
    assert_eq!(ada.post("/api/user/mfa/totp", Value::Null).await.code(), "STEP_UP_REQUIRED");
    let _ = ada.step_up().await.expect(200);

    let first = ada.post("/api/user/mfa/totp", Value::Null).await.expect(200).text_at("/secret");
    let second = ada.post("/api/user/mfa/totp", Value::Null).await.expect(200).text_at("/secret");
    assert_ne!(first, second, "what was shown is void, and never shown again");
    let (_, codes) = ada.set_up_app().await;

    let shown = ada.get("/api/user/mfa").await.expect(200).text();
    assert_eq!(ada.post("/api/user/mfa/totp", Value::Null).await.code(), "FORBIDDEN");
    for secret in codes.iter().chain([&first, &second]) {
        assert!(!shown.contains(secret.as_str()));
        assert!(!app.audit().await.contains(secret.as_str()), "nor is it in the trail");
    }
}

// attack 77
#[tokio::test]
async fn codes_of_a_new_app_cannot_be_guessed_either() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let _ = ada.post("/api/user/mfa/totp", Value::Null).await.expect(200);
    for _ in 0..10 {
        assert_eq!(ada.post("/api/user/mfa/totp/confirm", json!({"code": "not yet"})).await.code(), "AUTH_FAILED");
    }
    assert_eq!(ada.post("/api/user/mfa/totp/confirm", json!({"code": "not yet"})).await.status(), 429);
}

// attack 67
#[tokio::test]
async fn that_somebody_has_a_second_factor_is_told_to_nobody_without_the_password() {
    let app = TestApp::start().await;
    let (ada, ..) = waiting(&app, "ada").await;
    let seen = |reply: &Reply| {
        (reply.status(), reply.code(), reply.text_at("/detail"), reply.json().get("mfaToken").is_some())
    };

    for attempt in 0..4 {
        let known = ada.elsewhere().at([192, 0, 2, 7].into());
        let nobody = app.stranger("nobody").at([192, 0, 2, 8].into());
        let (one, other) = (known.sign_in_with("not the password").await, nobody.sign_in().await);

        assert_eq!(
            (seen(&one), one.header("ratelimit")),
            (seen(&other), other.header("ratelimit")),
            "attempt {attempt}"
        );
        assert_eq!(known.cookie("pending").map(|cookie| cookie.value), None);
    }
}
