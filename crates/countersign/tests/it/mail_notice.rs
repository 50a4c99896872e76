//! Notices of what was done to an account.

use countersign_testkit::{PASSWORD, TestApp, hours, json, minutes};

async fn subjects(app: &TestApp, address: &str) -> Vec<String> {
    app.mails_to(address).await.iter().skip(1).map(|mail| mail.subject().to_owned()).collect()
}

#[tokio::test]
async fn a_new_device_is_told_of_once() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let _ = ada.sign_in().await.expect(200);
    assert_eq!(subjects(&app, "ada@example.com").await, [""; 0], "the browser that registered is known");

    let elsewhere = ada
        .elsewhere()
        .at([203, 0, 113, 9].into())
        .using("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let _ = elsewhere.sign_in().await.expect(200);
    let _ = elsewhere.sign_in().await.expect(200);

    let letters = app.mails_to("ada@example.com").await;
    assert_eq!(letters.len(), 2, "one for the registration, one for the device");
    let letter = app.mail_to("ada@example.com").await;
    assert_eq!(letter.subject(), "Somebody signed in from a new device");
    for fact in ["Firefox on Linux", "203.0.113.9", "https://auth.example.com/forgot"] {
        assert!(letter.text().contains(fact), "{fact}: {}", letter.text());
    }
}

#[tokio::test]
async fn a_changed_password_is_told_of() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let wrong = json!({"currentPassword": "wrong", "newPassword": "crimson-walrus-88-orchard"});
    let _ = ada.post("/api/user/password", wrong).await.expect(401);
    assert_eq!(subjects(&app, "ada@example.com").await, [""; 0], "what was refused has changed nothing");

    let change = json!({"currentPassword": PASSWORD, "newPassword": "crimson-walrus-88-orchard"});
    let _ = ada.post("/api/user/password", change).await.expect(200);

    assert_eq!(subjects(&app, "ada@example.com").await, ["Your password was changed"]);
}

#[tokio::test]
async fn a_session_that_ended_as_theft_is_told_of() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let stolen = ada.loot();
    let _ = ada.refresh().await.expect(200);
    app.clock.advance(hours(2));
    let _ = ada.refresh().await.expect(200);
    app.clock.advance(minutes(10));

    let caught = app.visitor().redeem(&stolen).await;

    assert_eq!(caught.code(), "TOKEN_REUSED");
    assert_eq!(subjects(&app, "ada@example.com").await, ["A session was ended for your safety"]);
}

#[tokio::test]
async fn nobody_is_told_of_what_did_not_happen() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let _ = ada.elsewhere().sign_in_with("not the password").await.expect(401);

    assert_eq!(subjects(&app, "ada@example.com").await, [""; 0]);
}

#[tokio::test]
async fn a_person_is_written_to_in_the_language_that_his_browser_asks_for() {
    let app = TestApp::builder().with_mail().start().await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let call = app.visitor().call(countersign_testkit::Method::POST, "/api/auth/register").json(body);
    let _ = call.header("accept-language", "de-AT, en;q=0.5").send().await.expect(201);
    let _ = app.mails().await;

    let _ = app.stranger("ada").sign_in().await.expect(200);

    let german: Vec<String> =
        app.mails_to("ada@example.com").await.iter().map(|mail| mail.subject().to_owned()).collect();
    assert_eq!(german, ["Best\u{e4}tigen Sie Ihre E-Mail-Adresse", "Anmeldung von einem neuen Ger\u{e4}t"]);
}

#[tokio::test]
async fn without_mail_nothing_is_written() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let _ = ada.elsewhere().sign_in().await.expect(200);

    assert_eq!(app.store().snapshot().await.unwrap().mail_queue(10).await.unwrap().waiting, 0);
}

#[tokio::test]
async fn an_act_that_came_to_nothing_is_told_to_nobody() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let record = countersign_audit::Record::new(
        countersign_audit::Event::PasswordChanged,
        countersign_audit::Actor::System,
        &app.local(),
        app.store().now(),
        app.env(),
    );
    let record = record.of(ada.user_id().parse().unwrap());
    let mut tx = app.store().begin().await.unwrap();
    tx.audit(record.clone());
    drop(tx);
    assert_eq!(subjects(&app, "ada@example.com").await, [""; 0]);

    let mut tx = app.store().begin().await.unwrap();
    tx.audit(record);
    tx.commit().await.unwrap();

    assert_eq!(
        subjects(&app, "ada@example.com").await,
        ["Your password was changed"],
        "the record alone causes the mail"
    );
}
