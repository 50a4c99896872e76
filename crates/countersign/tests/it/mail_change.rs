//! Another address: confirmed by the new one, told to the old one, and undone.

use countersign_testkit::{Actor, Event, TestApp, days, json, minutes};

async fn change(app: &TestApp, actor: &Actor, to: &str) {
    let _ = actor.post("/api/user/email", json!({"newEmail": to})).await.expect(202);
    let token = app.mail_to(to).await.token();
    let _ = actor.post("/api/auth/email/verify", json!({"token": token})).await.expect(200);
    let _ = actor.refresh().await.expect(200);
}

#[tokio::test]
async fn an_address_changes_once_the_new_one_has_confirmed_and_can_be_brought_back() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let _ = ada.post("/api/user/email", json!({"newEmail": "ada@new.example"})).await.expect(202);

    assert_eq!(ada.get("/api/user/profile").await.json()["email"], "ada@example.com", "nothing has changed yet");
    let told = app.mail_to("ada@example.com").await;
    assert_eq!(told.subject(), "Another e-mail address was asked for");
    let confirm = app.mail_to("ada@new.example").await;
    let body = json!({"email": "ada@new.example", "code": confirm.code()});
    let _ = ada.post("/api/auth/email/verify", body).await.expect(200);

    let _ = ada.refresh().await.expect(200);
    let profile = ada.get("/api/user/profile").await.json();
    assert_eq!((&profile["email"], &profile["emailVerified"]), (&json!("ada@new.example"), &json!(true)));

    let undo = app.mail_to("ada@example.com").await;
    assert_eq!((undo.subject(), undo.path().starts_with("/undo/")), ("Your e-mail address was changed", true));
    app.clock.advance(days(6));
    let _ = app.visitor().post("/api/auth/email/undo", json!({"token": undo.token()})).await.expect(200);

    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.sign_in().await.code(), "AUTH_FAILED", "the password is void");
    let password = app.mail_to("ada@example.com").await;
    let body = json!({"token": password.token(), "newPassword": "crimson-walrus-88-orchard"});
    let _ = app.visitor().post("/api/auth/password/reset", body).await.expect(200);
    let signed_in = ada.sign_in_with("crimson-walrus-88-orchard").await.expect(200).json();
    assert_eq!(signed_in["user"]["email"], "ada@example.com");
    for event in [Event::EmailChangeRequested, Event::EmailChanged, Event::EmailRestored] {
        assert_eq!(app.audited(event).await, 1, "{event:?}");
    }
}

#[tokio::test]
async fn the_way_back_outlives_whatever_a_thief_does() {
    let app = TestApp::builder().without_limits().with_mail().start().await;
    let thief = app.member("ada").await;
    change(&app, &thief, "thief@one.example").await;
    let undo =
        app.mails_to("ada@example.com").await.into_iter().find(|mail| mail.path().starts_with("/undo/")).unwrap();
    change(&app, &thief, "thief@two.example").await;
    let body = json!({"currentPassword": thief.password, "newPassword": "violet-badger-31-lagoon"});
    let _ = thief.post("/api/user/password", body).await.expect(200);
    // Nor can the address be taken away by registering with it.
    assert_eq!(app.stranger("ada").register().await.code(), "EMAIL_TAKEN");

    let _ = app.visitor().post("/api/auth/email/undo", json!({"token": undo.token()})).await.expect(200);

    assert_eq!(thief.refresh().await.code(), "TOKEN_REVOKED");
    let again = app.visitor().post("/api/auth/email/undo", json!({"token": undo.token()})).await;
    assert_eq!(again.code(), "LINK_INVALID");
}

#[tokio::test]
async fn the_way_back_ends_after_seven_days_and_with_it_the_claim_on_the_address() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    change(&app, &ada, "ada@new.example").await;
    let undo = app.mail_to("ada@example.com").await;

    app.clock.advance(days(7));

    let late = app.visitor().post("/api/auth/email/undo", json!({"token": undo.token()})).await;
    assert_eq!(late.code(), "LINK_INVALID");
    let _ = app.stranger("ada").register().await.expect(201);
}

#[tokio::test]
async fn an_address_of_somebody_else_is_asked_for_in_vain_and_not_given_away() {
    let app = TestApp::builder().with_mail().start().await;
    let (ada, _bob) = (app.member("ada").await, app.member("bob").await);
    let before = app.mails_to("bob@example.com").await.len();

    let taken = ada.post("/api/user/email", json!({"newEmail": "bob@example.com"})).await.expect(202);
    let free = ada.post("/api/user/email", json!({"newEmail": "free@example.com"})).await.expect(202);

    assert_eq!(taken.text(), free.text());
    assert_eq!(app.mails_to("bob@example.com").await.len(), before, "its owner is left alone");
    assert_eq!(ada.post("/api/user/email", json!({"newEmail": "ADA@example.com"})).await.code(), "VALIDATION_FAILED");
    assert_eq!(
        ada.post("/api/user/email", json!({"newEmail": "nonsense"})).await.json()["errors"][0]["field"],
        "newEmail"
    );
}

#[tokio::test]
async fn an_address_changes_only_after_a_recent_sign_in() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    app.clock.advance(minutes(11));

    let refused = ada.post("/api/user/email", json!({"newEmail": "ada@new.example"})).await;

    assert_eq!(refused.code(), "STEP_UP_REQUIRED");
    assert!(app.mails_to("ada@new.example").await.is_empty());
}
