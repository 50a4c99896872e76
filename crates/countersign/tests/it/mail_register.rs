//! Registration where an address must be confirmed first.

use countersign_account::{CreateUser, CreateVerdict, Managed};
use countersign_audit::Actor::Operator;
use countersign_testkit::{Reply, TestApp, hours, json, minutes};

async fn app() -> TestApp {
    TestApp::builder().with_mail().with(|builder| builder.require_verified_email(true)).start().await
}

/// What an asker sees, save what differs between any two answers.
fn seen(reply: &Reply) -> (u16, String, usize) {
    (reply.status(), reply.text(), reply.set_cookies().iter().map(String::len).sum())
}

// attack 70
#[tokio::test]
async fn a_new_and_a_known_address_are_answered_alike_and_told_apart_by_mail() {
    let app = app().await;
    let ada = app.stranger("ada");

    let new = ada.register().await;
    let _ = app.mails().await;
    let known = app.stranger("ada").register().await;

    assert_eq!((new.status(), seen(&new)), (202, seen(&known)));
    assert!(!new.text().contains("accessToken"));
    let subjects: Vec<String> =
        app.mails_to("ada@example.com").await.iter().map(|mail| mail.subject().to_owned()).collect();
    assert_eq!(subjects, ["Confirm your e-mail address", "You have an account already"]);
    let told = app.mail_to("ada@example.com").await;
    assert!(
        told.link().ends_with("/forgot") && told.code().is_empty(),
        "it holds nothing that signs in: {}",
        told.text()
    );
}

#[tokio::test]
async fn an_account_is_used_once_its_address_is_confirmed() {
    let app = app().await;
    let ada = app.stranger("ada");
    let _ = ada.register().await.expect(202);
    let _ = app.mails().await;

    let early = ada.sign_in().await;
    assert_eq!((early.status(), early.code().as_str()), (403, "EMAIL_NOT_VERIFIED"));
    assert_eq!(ada.sign_in_with("not the password").await.code(), "AUTH_FAILED");
    // The browser that registered keeps its password; the newest mail counts.
    let letter = app.mail_to("ada@example.com").await;
    let done = ada.post("/api/auth/email/verify", json!({"token": letter.token()})).await.expect(200).json();

    assert_eq!(done["passwordRemoved"], false);
    let _ = ada.sign_in().await.expect(200);
}

#[tokio::test]
async fn a_link_that_is_pressed_elsewhere_takes_the_password_of_whoever_registered() {
    let app = app().await;
    let mallory = app.stranger("ada");
    let _ = mallory.register().await.expect(202);
    let letter = app.mail_to("ada@example.com").await;

    let done = app.visitor().post("/api/auth/email/verify", json!({"token": letter.token()})).await.expect(200).json();

    assert_eq!(done["passwordRemoved"], true);
    assert_eq!(mallory.sign_in().await.code(), "AUTH_FAILED");
}

#[tokio::test]
async fn asking_again_does_not_make_a_stranger_the_one_who_set_the_password() {
    let app = app().await;
    let ada = app.stranger("ada");
    let _ = ada.register().await.expect(202);
    app.clock.advance(hours(1));
    let visitor = app.visitor();
    let _ = visitor.post("/api/auth/email/resend", json!({"email": "ada@example.com"})).await.expect(202);
    let letter = app.mail_to("ada@example.com").await;

    let done = visitor.post("/api/auth/email/verify", json!({"token": letter.token()})).await.expect(200).json();

    assert_eq!(done["passwordRemoved"], true, "he has asked for the mail, and never shown the password");
}

#[tokio::test]
async fn mails_to_one_address_are_bounded_whoever_registers() {
    let app = app().await;
    for number in 0_u8..5 {
        let _ = app.stranger("ada").at([192, 0, 2, number].into()).register().await.expect(202);
    }

    let refused = app.stranger("ada").at([192, 0, 2, 9].into()).register().await;

    assert_eq!(refused.code(), "RATE_LIMITED");
    assert_eq!(app.mails_to("ada@example.com").await.len(), 5);
}

#[tokio::test]
async fn roles_are_given_to_confirmed_addresses_alone() {
    let app = app().await;
    let accounts = app.system.auth().accounts();
    let create = |email: &str, email_verified, roles: &[&str]| CreateUser {
        email: email.to_owned(),
        email_verified,
        name: "Somebody".to_owned(),
        password: None,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    let origin = app.local();
    let make = |user| accounts.create_user(user, Operator, &origin);
    assert!(matches!(make(create("a@example.com", false, &["admin"])).await.unwrap(), CreateVerdict::Unverified));
    assert!(matches!(make(create("b@example.com", true, &["admin"])).await.unwrap(), CreateVerdict::Created(_)));
    let CreateVerdict::Created(ada) = make(create("ada@example.com", false, &[])).await.unwrap() else { panic!() };
    let admin = ["admin".to_owned()];

    let given = accounts.set_user_roles(ada.id, &admin, Operator, &app.local()).await.unwrap();

    assert!(matches!(given, Managed::Unverified), "{given:?}");
    let _ = app.visitor().post("/api/auth/password/forgot", json!({"email": "ada@example.com"})).await.expect(202);
    let token = app.mail_to("ada@example.com").await.token();
    let body = json!({"token": token, "newPassword": "crimson-walrus-88-orchard"});
    let _ = app.visitor().post("/api/auth/password/reset", body).await.expect(200);
    let given = accounts.set_user_roles(ada.id, &admin, Operator, &app.local()).await.unwrap();
    assert!(matches!(given, Managed::Done(_)), "{given:?}");
}

#[tokio::test]
async fn a_mail_is_worth_a_quarter_of_an_hour() {
    let app = app().await;
    let ada = app.stranger("ada");
    let _ = ada.register().await.expect(202);
    let letter = app.mail_to("ada@example.com").await;

    app.clock.advance(minutes(15));

    let late = ada.post("/api/auth/email/verify", json!({"token": letter.token()})).await;
    assert_eq!(late.code(), "LINK_INVALID");
}
