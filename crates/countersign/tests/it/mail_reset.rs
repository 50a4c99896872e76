//! A new password by mail: the story, and whoever wants another's.

use countersign_testkit::{Actor, Event, Letter, Reply, TestApp, Value, hours, json, minutes};

const NEW: &str = "crimson-walrus-88-orchard";

async fn forgot(actor: &Actor, email: &str) -> Reply {
    actor.post("/api/auth/password/forgot", json!({"email": email})).await
}

async fn reset(actor: &Actor, token: &str, password: &str) -> Reply {
    actor.post("/api/auth/password/reset", json!({"token": token, "newPassword": password})).await
}

/// Asks for a link and reads it.
async fn letter(app: &TestApp, actor: &Actor) -> Letter {
    // Mails of one moment have no order.
    let _ = app.mails().await;
    let _ = forgot(&actor.elsewhere(), &actor.email).await.expect(202);
    app.mail_to(&actor.email).await
}

#[tokio::test]
async fn a_mailed_link_sets_a_new_password_and_ends_every_session() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let at_work = ada.elsewhere();
    let _ = at_work.sign_in().await.expect(200);
    let letter = letter(&app, &ada).await;
    assert_eq!((letter.subject(), letter.path().starts_with("/reset/")), ("Set a new password", true));

    let done = reset(&app.visitor(), &letter.token(), NEW).await.expect(200);

    assert_eq!(done.json()["revoked"], 2);
    assert!(done.set_cookies().is_empty(), "nobody is signed in by it");
    assert_eq!(
        (ada.refresh().await.code(), at_work.refresh().await.code()),
        ("TOKEN_REVOKED".into(), "TOKEN_REVOKED".into())
    );
    assert_eq!(ada.sign_in().await.code(), "AUTH_FAILED");
    let _ = ada.sign_in_with(NEW).await.expect(200);
    assert_eq!(app.audited(Event::PasswordReset).await, 1);
}

#[tokio::test]
async fn the_code_of_the_mail_does_the_same() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = letter(&app, &ada).await;
    let code = letter.code().to_lowercase().replace('-', " ");

    let body = json!({"email": "ADA@example.com", "code": code, "newPassword": NEW});
    let _ = app.visitor().post("/api/auth/password/reset", body).await.expect(200);

    let _ = ada.sign_in_with(NEW).await.expect(200);
    assert_eq!(reset(&app.visitor(), &letter.token(), NEW).await.code(), "LINK_INVALID", "link and code are one");
}

// attack 69
#[tokio::test]
async fn asking_for_a_new_password_tells_nobody_who_has_an_account() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = app.member("ada").await;
    let seen = |reply: &Reply| {
        let headers: Vec<(String, String)> = reply
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date", "set-cookie"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let cookies: Vec<usize> = reply.set_cookies().iter().map(String::len).collect();
        let mut body = reply.json();
        if let Some(members) = body.as_object_mut() {
            members.remove("requestId");
        }
        (reply.status(), body, headers, cookies)
    };

    for path in ["/api/auth/password/forgot", "/api/auth/email/resend", "/api/auth/link"] {
        for attempt in 0..7 {
            let ask = |address: [u8; 4], email: &'static str| {
                let asker = app.visitor().at(address.into());
                async move { asker.post(path, json!({"email": email})).await }
            };
            let (known, unknown) =
                (ask([192, 0, 2, 7], "ada@example.com").await, ask([192, 0, 2, 8], "bob@example.com").await);
            assert_eq!(seen(&known), seen(&unknown), "{path}, attempt {attempt}");
            assert!(known.status() == 202 || known.status() == 429, "{path}: {known}");
            assert!(!known.text().contains("token") && !known.text().contains("reset/"), "{known}");
        }
        assert!(!app.mails_to("ada@example.com").await.is_empty());
        app.clock.advance(hours(2));
    }
    assert!(app.mails_to("bob@example.com").await.is_empty());
}

#[tokio::test]
async fn a_known_and_an_unknown_address_cost_the_same_writes() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = app.member("ada").await;
    let rows = |app: &TestApp| {
        let store = app.store();
        async move { store.snapshot().await.unwrap().mail_queue(1_000).await.unwrap().waiting }
    };
    let before = rows(&app).await;
    let _ = forgot(&app.visitor(), "ada@example.com").await.expect(202);
    let of_known = rows(&app).await - before;
    let _ = forgot(&app.visitor(), "bob@example.com").await.expect(202);

    assert_eq!(rows(&app).await - before, of_known * 2, "a stranger's mail is written too, and goes to nobody");
}

// attack 122
#[tokio::test]
async fn a_reset_link_works_once_for_its_person_and_not_for_long() {
    let app = TestApp::builder().without_limits().with_mail().start().await;
    let (ada, bob, mallory) = (app.member("ada").await, app.member("bob").await, app.visitor());

    let used = letter(&app, &ada).await;
    let _ = reset(&mallory, &used.token(), NEW).await.expect(200);
    assert_eq!(reset(&mallory, &used.token(), "violet-badger-31-lagoon").await.code(), "LINK_INVALID", "used");

    let late = letter(&app, &ada).await;
    app.clock.advance(minutes(15));
    assert_eq!(reset(&mallory, &late.token(), NEW).await.code(), "LINK_INVALID", "late");

    let replaced = letter(&app, &ada).await;
    let newest = letter(&app, &ada).await;
    assert_eq!(reset(&mallory, &replaced.token(), NEW).await.code(), "LINK_INVALID", "replaced");

    let of_bob = letter(&app, &bob).await;
    let body = json!({"email": "ada@example.com", "code": of_bob.code(), "newPassword": NEW});
    assert_eq!(mallory.post("/api/auth/password/reset", body).await.code(), "LINK_INVALID", "another's code");

    for guess in ["", "0", &"0".repeat(64), &used.token().to_uppercase(), &format!("{} ", newest.token()), "' OR 1=1"] {
        assert_eq!(reset(&mallory, guess, NEW).await.code(), "LINK_INVALID", "{guess:?}");
    }
    for wrong in [json!(null), json!(1), json!([]), json!({"$gt": ""})] {
        let body = json!({"token": wrong, "newPassword": NEW});
        assert_eq!(mallory.post("/api/auth/password/reset", body).await.code(), "VALIDATION_FAILED");
    }

    let _ = ada.sign_in_with(NEW).await.expect(200);
    let change = json!({"currentPassword": NEW, "newPassword": "violet-badger-31-lagoon"});
    let _ = ada.post("/api/user/password", change).await.expect(200);
    assert_eq!(reset(&mallory, &newest.token(), NEW).await.code(), "LINK_INVALID", "the password was changed since");
    let _ = bob.refresh().await.expect(200);
}

// attack 122
#[tokio::test]
async fn a_reset_link_is_void_once_the_address_is_another() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let before = letter(&app, &ada).await;
    let _ = ada.post("/api/user/email", json!({"newEmail": "ada@new.example"})).await.expect(202);
    let confirm = app.mail_to("ada@new.example").await;
    let _ = ada.post("/api/auth/email/verify", json!({"token": confirm.token()})).await.expect(200);

    assert_eq!(reset(&app.visitor(), &before.token(), NEW).await.code(), "LINK_INVALID");
}

// attack 122
#[tokio::test]
async fn of_racing_uses_of_a_link_one_sets_the_password() {
    let app = TestApp::builder().without_limits().with_mail().start().await;
    let ada = app.member("ada").await;
    let token = letter(&app, &ada).await.token();

    let mut tries = Vec::new();
    for number in 0..8 {
        let (visitor, token) = (app.visitor(), token.clone());
        tries.push(tokio::spawn(async move { reset(&visitor, &token, &format!("{NEW}-{number}")).await.status() }));
    }
    let mut statuses = Vec::new();
    for tried in tries {
        statuses.push(tried.await.unwrap());
    }

    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

// attack 122
#[tokio::test]
async fn a_code_is_not_guessed() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = letter(&app, &ada).await;
    let guess = |code: String| {
        let visitor = app.visitor();
        async move {
            let body = json!({"email": "ada@example.com", "code": code, "newPassword": NEW});
            visitor.post("/api/auth/password/reset", body).await.code()
        }
    };

    for _ in 0..5 {
        assert_eq!(guess("2222-2222".to_owned()).await, "LINK_INVALID");
    }

    assert_eq!(guess(letter.code()).await, "LINK_INVALID", "five tries are all that a code has");
    for _ in 0..4 {
        assert_eq!(guess("2222-2222".to_owned()).await, "LINK_INVALID");
    }
    assert_eq!(guess("2222-2222".to_owned()).await, "RATE_LIMITED", "ten an hour, over all codes");
    let stranger = json!({"email": "nobody@example.com", "code": "2222-2222", "newPassword": NEW});
    assert_eq!(app.visitor().post("/api/auth/password/reset", stranger).await.code(), "LINK_INVALID", "answered alike");
}

#[tokio::test]
async fn a_password_that_nobody_may_have_costs_no_link() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = letter(&app, &ada).await;

    for weak in ["short", "password1", "ada@example.com"] {
        let refused = reset(&app.visitor(), &letter.token(), weak).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{weak}");
        assert_eq!(refused.json()["errors"][0]["field"], "newPassword");
    }

    let _ = reset(&app.visitor(), &letter.token(), NEW).await.expect(200);
}

// attack 97
#[tokio::test]
async fn links_lead_to_the_configured_address_whatever_a_request_says() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = app.member("ada").await;

    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-forwarded-proto", "http"),
        ("x-original-host", "evil.example"),
    ] {
        let call = app.visitor().call(countersign_testkit::Method::POST, "/api/auth/password/forgot");
        let _ = call.json(json!({"email": "ada@example.com"})).header(name, value).send().await.expect(202);
        let letter = app.mail_to("ada@example.com").await;
        assert!(letter.link().starts_with("https://auth.example.com/reset/"), "{name}: {}", letter.link());
        assert!(!letter.text().contains("evil") && !letter.html().contains("evil"), "{name}");
        app.clock.advance(minutes(20));
    }
}

#[tokio::test]
async fn an_operator_starts_a_reset_and_learns_nothing() {
    use countersign_account::StartResetVerdict;
    use countersign_audit::Actor::Operator;
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let (accounts, id) = (app.system.auth().accounts(), ada.user_id().parse().unwrap());

    let verdict = accounts.start_password_reset(id, Operator, &app.local()).await.unwrap();

    assert_eq!(verdict, StartResetVerdict::Started);
    let letter = app.mail_to("ada@example.com").await;
    assert_eq!(letter.subject(), "Please set a new password");
    let _ = ada.refresh().await.expect(200);
    let _ = reset(&app.visitor(), &letter.token(), NEW).await.expect(200);
    let _ = ada.sign_in_with(NEW).await.expect(200);
    assert_eq!(app.audited(Event::PasswordResetStarted).await, 1);
    let without = TestApp::start().await;
    let bob = without.member("bob").await.user_id().parse().unwrap();
    let verdict = without.system.auth().accounts().start_password_reset(bob, Operator, &without.local()).await.unwrap();
    assert_eq!(verdict, StartResetVerdict::NoMail);
}

#[tokio::test]
async fn a_server_without_mail_says_so_to_everybody() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for email in ["ada@example.com", "bob@example.com"] {
        assert_eq!(forgot(&app.visitor(), email).await.code(), "NOT_FOUND");
    }
    assert_eq!(ada.post("/api/user/email", json!({"newEmail": "a@b.example"})).await.code(), "NOT_FOUND");
    assert_eq!(app.store().snapshot().await.unwrap().mail_queue(10).await.unwrap().waiting, 0);
    assert_eq!(forgot(&app.visitor(), "nonsense").await.json()["errors"], Value::Null);
}
