//! Proving a mailbox, and whose account it is from then on.

use countersign_testkit::{Actor, Event, Reply, TestApp, hours, json, minutes};

const NEW: &str = "crimson-walrus-88-orchard";

async fn verify(actor: &Actor, token: &str) -> Reply {
    actor.post("/api/auth/email/verify", json!({"token": token})).await
}

#[tokio::test]
async fn whoever_registered_confirms_in_his_session_and_keeps_everything() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = app.mail_to("ada@example.com").await;
    assert!(letter.path().starts_with("/verify/"), "{}", letter.link());

    let body = json!({"email": "ada@example.com", "code": letter.code()});
    let done = ada.post("/api/auth/email/verify", body).await.expect(200).json();

    assert_eq!((&done["passwordRemoved"], &done["email"]), (&json!(false), &json!("ada@example.com")));
    assert_eq!(ada.get("/api/user/profile").await.json()["emailVerified"], true);
    let _ = ada.refresh().await.expect(200);
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

#[tokio::test]
async fn whoever_first_reads_the_mail_owns_the_account() {
    let app = TestApp::builder().with_mail().start().await;
    // Mallory registers with Ada's address, and waits for her to come.
    let mallory = app.member("ada").await;
    let letter = app.mail_to("ada@example.com").await;

    let done = verify(&app.visitor(), &letter.token()).await.expect(200).json();

    assert_eq!(done["passwordRemoved"], true);
    assert_eq!(mallory.refresh().await.code(), "TOKEN_REVOKED");
    assert_eq!(mallory.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(mallory.sign_in().await.code(), "AUTH_FAILED");
    let owner = app.mail_to("ada@example.com").await;
    assert_eq!(owner.subject(), "Your account needs a new password");
    let body = json!({"token": owner.token(), "newPassword": NEW});
    let _ = app.visitor().post("/api/auth/password/reset", body).await.expect(200);
    let _ = app.stranger("ada").sign_in_with(NEW).await.expect(200);
    assert_eq!(mallory.sign_in().await.code(), "AUTH_FAILED");
}

#[tokio::test]
async fn a_reset_is_a_first_proof_too() {
    let app = TestApp::builder().with_mail().start().await;
    let mallory = app.member("ada").await;
    let ada = app.stranger("ada");
    let _ = ada.post("/api/auth/password/forgot", json!({"email": "ada@example.com"})).await.expect(202);
    let letter = app.mail_to("ada@example.com").await;

    let body = json!({"token": letter.token(), "newPassword": NEW});
    let _ = ada.post("/api/auth/password/reset", body).await.expect(200);

    assert_eq!(mallory.refresh().await.code(), "TOKEN_REVOKED");
    let user = ada.sign_in_with(NEW).await.expect(200).json();
    assert_eq!(user["user"]["emailVerified"], true);
    assert_eq!(app.audited(Event::EmailVerified).await, 1);
}

#[tokio::test]
async fn another_persons_session_proves_nothing() {
    let app = TestApp::builder().with_mail().start().await;
    let (mallory, eve) = (app.member("ada").await, app.member("eve").await);
    let letter = app.mails_to("ada@example.com").await.remove(0);

    let done = verify(&eve, &letter.token()).await.expect(200).json();

    assert_eq!(done["passwordRemoved"], true, "a session of somebody else is not the one that set the password");
    assert_eq!(mallory.refresh().await.code(), "TOKEN_REVOKED");
    let _ = eve.refresh().await.expect(200);
}

// attack 123
#[tokio::test]
async fn a_confirmation_of_an_address_that_was_changed_since_is_refused() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let of_old = app.mail_to("ada@example.com").await;
    let _ = ada.post("/api/user/email", json!({"newEmail": "ada@new.example"})).await.expect(202);
    let of_new = app.mail_to("ada@new.example").await;
    let _ = verify(&ada, &of_new.token()).await.expect(200);
    let _ = ada.refresh().await.expect(200);

    assert_eq!(verify(&ada, &of_old.token()).await.code(), "LINK_INVALID");
    let body = json!({"email": "ada@example.com", "code": of_old.code()});
    assert_eq!(ada.post("/api/auth/email/verify", body).await.code(), "LINK_INVALID");
    assert_eq!(ada.get("/api/user/profile").await.json()["email"], "ada@new.example");
}

// attack 123
#[tokio::test]
async fn a_confirmation_is_good_for_one_thing_once() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = app.mail_to("ada@example.com").await;

    let body = json!({"token": letter.token(), "newPassword": NEW});
    assert_eq!(app.visitor().post("/api/auth/password/reset", body).await.code(), "LINK_INVALID");
    let body = json!({"token": letter.token()});
    assert_eq!(app.visitor().post("/api/auth/email/undo", body).await.code(), "LINK_INVALID");

    let _ = verify(&ada, &letter.token()).await.expect(200);
    assert_eq!(verify(&ada, &letter.token()).await.code(), "LINK_INVALID");
    app.clock.advance(hours(1));
    let _ = ada.post("/api/auth/email/resend", json!({"email": "ada@example.com"})).await.expect(202);
    assert_eq!(app.mails_to("ada@example.com").await.len(), 1, "what is confirmed needs no mail");
}

#[tokio::test]
async fn the_waiting_browser_sees_that_its_link_was_used_and_nothing_else() {
    let app = TestApp::builder().with_mail().start().await;
    let (ada, stranger) = (app.member("ada").await, app.visitor());
    let state = |actor: &Actor| {
        let actor = actor.clone();
        async move { actor.get("/api/auth/email/waiting").await.expect(200).text_at("/state") }
    };
    assert_eq!(state(&stranger).await, "over", "it has asked for nothing");
    for actor in [&ada, &stranger] {
        let email = if actor.email == ada.email { "ada@example.com" } else { "nobody@example.com" };
        let _ = actor.post("/api/auth/email/resend", json!({"email": email})).await.expect(202);
        assert_eq!(state(actor).await, "waiting");
    }
    let letter = app.mail_to("ada@example.com").await;

    let _ = verify(&app.visitor(), &letter.token()).await.expect(200);

    assert_eq!((state(&ada).await, state(&stranger).await), ("used".to_owned(), "waiting".to_owned()));
    app.clock.advance(minutes(15));
    assert_eq!((state(&ada).await, state(&stranger).await), ("over".to_owned(), "over".to_owned()));
}
