//! Signing in by a mailed link.

use countersign_testkit::{Actor, Event, Letter, Method, Reply, TestApp, json, minutes, seconds};

async fn letter(app: &TestApp, actor: &Actor) -> Letter {
    let _ = app.mails().await;
    let _ = actor.elsewhere().post("/api/auth/link", json!({"email": actor.email})).await.expect(202);
    app.mail_to(&actor.email).await
}

async fn verify(actor: &Actor, token: &str) -> Reply {
    actor.post("/api/auth/link/verify", json!({"token": token})).await
}

/// A member whose address is confirmed.
async fn confirmed(app: &TestApp, name: &str) -> Actor {
    let actor = app.member(name).await;
    let token = app.mail_to(&actor.email).await.token();
    let _ = actor.post("/api/auth/email/verify", json!({"token": token})).await.expect(200);
    actor
}

#[tokio::test]
async fn a_link_signs_in_where_it_is_opened_and_once() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let (phone, asker) = (app.visitor(), app.visitor());
    let _ = asker.post("/api/auth/link", json!({"email": "ada@example.com"})).await.expect(202);
    let letter = app.mail_to("ada@example.com").await;
    assert_eq!(letter.subject(), "Your link to sign in");

    let done = verify(&phone, &letter.token()).await.expect(200);

    assert_eq!(done.json()["user"]["email"], "ada@example.com");
    assert!(done.set_cookies().iter().any(|cookie| cookie.starts_with("__Secure-refreshToken=")));
    assert_eq!(asker.get("/api/auth/email/waiting").await.text_at("/state"), "used", "it sees that, and is not in");
    assert_eq!(asker.refresh().await.code(), "TOKEN_MISSING");
    assert_eq!(verify(&app.visitor(), &letter.token()).await.code(), "LINK_INVALID");
    let _ = ada.refresh().await.expect(200);
    assert_eq!(app.audited(Event::SignInLinkRequested).await, 1);
}

#[tokio::test]
async fn a_code_signs_in_where_the_link_was_asked_for() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = confirmed(&app, "ada").await;
    let asker = app.visitor();
    let _ = asker.post("/api/auth/link", json!({"email": "ada@example.com"})).await.expect(202);
    let code = app.mail_to("ada@example.com").await.code();

    let body = json!({"email": "ada@example.com", "code": code});
    let _ = asker.post("/api/auth/link/verify", body).await.expect(200);

    let _ = asker.refresh().await.expect(200);
}

#[tokio::test]
async fn a_link_is_void_when_it_is_late_or_the_password_was_changed() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let late = letter(&app, &ada).await;
    app.clock.advance(minutes(15));
    assert_eq!(verify(&app.visitor(), &late.token()).await.code(), "LINK_INVALID");

    let _ = ada.sign_in().await.expect(200);
    let before = letter(&app, &ada).await;
    let change = json!({"currentPassword": ada.password, "newPassword": "crimson-walrus-88-orchard"});
    let _ = ada.post("/api/user/password", change).await.expect(200);
    assert_eq!(verify(&app.visitor(), &before.token()).await.code(), "LINK_INVALID");
}

#[tokio::test]
async fn a_link_to_an_unproven_mailbox_takes_the_account_from_whoever_registered() {
    let app = TestApp::builder().with_mail().start().await;
    let mallory = app.member("ada").await;
    let (owner, link) = (app.visitor(), letter(&app, &mallory).await);

    let done = verify(&owner, &link.token()).await.expect(200).json();

    assert_eq!(done["user"]["emailVerified"], true);
    assert_eq!(
        (mallory.refresh().await.code(), mallory.sign_in().await.code()),
        ("TOKEN_REVOKED".into(), "AUTH_FAILED".into())
    );
    let _ = owner.refresh().await.expect(200);
}

#[tokio::test]
async fn the_page_of_a_link_signs_in_by_its_button_alone() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let letter = letter(&app, &ada).await;
    let human = app.visitor();
    for method in [Method::HEAD, Method::GET, Method::HEAD, Method::GET] {
        let seen = human.call(method, &letter.path()).anonymous().send().await.expect(200);
        assert!(!seen.set_cookies().iter().any(|cookie| cookie.contains("refreshToken")));
    }
    let press = |origin: &str| {
        let call = human.call(Method::POST, &letter.path()).anonymous().on_page_of(origin);
        call.header("content-type", "application/x-www-form-urlencoded")
    };
    assert_eq!(
        press("https://evil.example").send().await.status(),
        403,
        "nobody is signed in to another's account from elsewhere"
    );

    let done = press("https://auth.example.com").send().await.expect(303);

    assert_eq!(done.header("location"), "/");
    let _ = human.refresh().await.expect(200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_link_and_is_not_let_in_by_one() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let before = letter(&app, &ada).await;
    let id = ada.user_id().parse().unwrap();
    let accounts = app.system.auth().accounts();
    let _ = accounts.disable_user(id, countersign_audit::Actor::Operator, &app.local()).await.unwrap();

    assert_eq!(verify(&app.visitor(), &before.token()).await.code(), "LINK_INVALID");
    let count = app.mails_to("ada@example.com").await.len();
    let _ = app.visitor().post("/api/auth/link", json!({"email": "ada@example.com"})).await.expect(202);
    assert_eq!(app.mails_to("ada@example.com").await.len(), count);
}

#[tokio::test]
async fn a_second_factor_is_asked_after_a_link_and_after_a_reset() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let (phone, _) = ada.set_up_app().await;
    let told: Vec<String> =
        app.mails_to("ada@example.com").await.iter().map(|mail| mail.subject().to_owned()).collect();
    assert!(told.iter().any(|subject| subject == "A second factor was added"), "{told:?}");
    let home = app.stranger("ada");
    let link = letter(&app, &ada).await;

    let asked = verify(&home, &link.token()).await;

    assert_eq!((asked.status(), asked.code().as_str()), (401, "MFA_REQUIRED"));
    assert_eq!(home.refresh().await.code(), "TOKEN_MISSING", "no session yet");
    app.clock.advance(seconds(60));
    let _ = home.second_step(&asked, "totp", &phone.code()).await.expect(200);

    // The new device was told of, and mails of one moment have no order.
    let _ = app.mails().await;
    let _ = home.post("/api/auth/password/forgot", json!({"email": "ada@example.com"})).await.expect(202);
    let token = app.mail_to("ada@example.com").await.token();
    let body = json!({"token": token, "newPassword": "crimson-walrus-88-orchard"});
    let _ = home.post("/api/auth/password/reset", body).await.expect(200);
    assert_eq!(home.sign_in_with("crimson-walrus-88-orchard").await.code(), "MFA_REQUIRED");
}

#[tokio::test]
async fn the_page_of_a_link_asks_for_the_second_factor() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = confirmed(&app, "ada").await;
    let (phone, _) = ada.set_up_app().await;
    let link = letter(&app, &ada).await;
    let human = app.visitor();
    let form = |path: &str, body: String| {
        let call = human.call(Method::POST, path).anonymous();
        call.header("content-type", "application/x-www-form-urlencoded").bytes(body)
    };

    let page = form(&link.path(), String::new()).send().await.expect(401).text();

    let token = page.split("name=\"mfaToken\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    app.clock.advance(seconds(60));
    let wrong = form("/link", format!("mfaToken={token}&method=totp&code=000000")).send().await;
    assert!(wrong.status() == 401 && wrong.text().contains("role=\"alert\""), "{}", wrong.text());
    let done = form("/link", format!("mfaToken={token}&method=totp&code={}", phone.code())).send().await.expect(303);
    assert_eq!(done.header("location"), "/");
    let _ = human.refresh().await.expect(200);
}

#[tokio::test]
async fn a_factor_that_was_set_before_the_mailbox_was_proven_is_gone_with_it() {
    let app = TestApp::builder().with_mail().start().await;
    let mallory = app.member("ada").await;
    let _ = mallory.set_up_app().await;
    let (owner, link) = (app.visitor(), letter(&app, &mallory).await);

    let _ = verify(&owner, &link.token()).await.expect(200);

    assert_eq!(mallory.refresh().await.code(), "TOKEN_REVOKED");
    let _ = owner.refresh().await.expect(200);
    let mfa = owner.get("/api/user/mfa").await.expect(200).json();
    assert_eq!((&mfa["totp"], &mfa["recoveryCodesLeft"]), (&json!(false), &json!(0)));
}
