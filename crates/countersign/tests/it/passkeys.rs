//! Passkeys, as people live with them.

use countersign::{Delivery, UserVerification};
use countersign_account::{CreateUser, CreateVerdict};
use countersign_audit::Actor::Operator;
use countersign_session::NewSession;
use countersign_testkit::{Actor, Event, Method, Reply, TestApp, Value, json, minutes, seconds};

use crate::answer::said;

async fn passkeys(actor: &Actor) -> Vec<Value> {
    let list = actor.get("/api/user/passkeys").await.expect(200).json();
    list.pointer("/passkeys").and_then(Value::as_array).unwrap().clone()
}

fn path(made: &Reply) -> String {
    format!("/api/user/passkeys/{}", made.text_at("/passkey/id"))
}

fn answers(reply: &Reply, status: u16, code: &str) {
    assert_eq!(said(reply), (status, code.to_owned()), "{}", reply.text());
}

/// Somebody who is signed in and has no password, as an operator's import makes them; and the refresh token.
async fn without_password(app: &TestApp, name: &str, email_verified: bool) -> (Actor, String) {
    let auth = app.system.auth();
    let request = CreateUser {
        email: format!("{name}@example.com"),
        email_verified,
        name: name.to_owned(),
        password: None,
        roles: vec![],
    };
    let made = auth.accounts().create_user(request, Operator, &app.local()).await.unwrap();
    let user = match made {
        CreateVerdict::Created(user) => Some(user),
        _ => None,
    };
    let user = user.unwrap();
    let mut tx = app.store().begin().await.unwrap();
    let opening = NewSession {
        delivery: Delivery::Body,
        remember: true,
        amr: vec!["mca".to_owned()],
        device: None,
        origin: app.local(),
        auth_time: tx.now(),
    };
    let session = auth.sessions().open(tx.as_mut(), &user, opening).await.unwrap();
    tx.commit().await.unwrap();
    let issued = auth.sessions().issue(&session, &user, None).await.unwrap();
    let actor = app.stranger(name).into_program();
    actor.set_access_token(&issued.access.token);
    (actor, issued.refresh.unwrap().expose().to_string())
}

async fn preferring() -> TestApp {
    TestApp::builder().with(|b| b.passkey_user_verification(UserVerification::Preferred)).start().await
}

#[tokio::test]
async fn several_passkeys_are_registered_named_listed_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, key) = (app.security_key().synced(), app.security_key());

    let first = ada.add_passkey(&phone).await.expect(201);
    app.clock.advance(seconds(1));
    let second = ada.add_passkey(&key).await.expect(201);
    assert_eq!(first.text_at("/passkey/name"), "Passkey", "nothing is known of its keeper");
    let renamed = ada.patch(&path(&second), json!({"name": "Ada's key"})).await.expect(200);
    assert_eq!(renamed.text_at("/passkey/name"), "Ada's key");

    let listed = passkeys(&ada).await;
    assert_eq!(listed.len(), 2);
    let seen = |at: usize, member: &str| listed[at][member].clone();
    assert_eq!((seen(0, "isSynced"), seen(0, "isBackedUp")), (true.into(), true.into()));
    assert_eq!((seen(1, "isSynced"), seen(1, "isBackedUp")), (false.into(), false.into()));
    assert_eq!((seen(1, "name"), seen(1, "lastUsedAt")), ("Ada's key".into(), Value::Null));
    assert_eq!(seen(0, "transports"), json!(["hybrid", "internal"]));

    assert_eq!(first.json()["recoveryCodes"].as_array().unwrap().len(), 10);
    assert!(second.json().get("recoveryCodes").is_none());
    let _ = ada.delete(&path(&first)).await.expect(204);
    let _ = ada.refresh().await.expect(200);
    answers(&ada.delete(&path(&first)).await, 404, "NOT_FOUND");
    assert_eq!(passkeys(&ada).await.len(), 1);
    let names: Vec<_> = app.audit_records().await.into_iter().map(|record| record.event).collect();
    let wanted = [
        Event::SignedUp,
        Event::FactorAdded,
        Event::RecoveryCodesMade,
        Event::FactorAdded,
        Event::PasskeyRenamed,
        Event::FactorRemoved,
    ];
    assert!(names.ends_with(&wanted), "{names:?}");
}

#[tokio::test]
async fn a_passkey_signs_in_where_nothing_was_typed_and_is_two_factors() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);
    app.clock.advance(minutes(1));

    let elsewhere = ada.elsewhere();
    let entered = elsewhere.sign_in_with_passkey(&key).await.expect(200);

    assert_eq!(entered.text_at("/user/id"), ada.user_id());
    let claims = elsewhere.claims();
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["hwk", "mfa", "user"]), &"aal2".into()));
    assert_eq!(passkeys(&elsewhere).await[0]["lastUsedAt"], app.audit_records().await.last().unwrap().at.to_rfc3339());
    let _ = elsewhere.refresh().await.expect(200);
    assert_eq!(elsewhere.claims()["amr"], claims["amr"], "kept through refreshes");
}

#[tokio::test]
async fn a_passkey_lets_nobody_in_whose_address_must_be_confirmed_first() {
    let app = TestApp::builder().with_mail().with(|builder| builder.require_verified_email(true)).start().await;
    let (ada, _) = without_password(&app, "ada", false).await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);

    let elsewhere = ada.elsewhere();
    answers(&elsewhere.sign_in_with_passkey(&key).await, 403, "EMAIL_NOT_VERIFIED");

    assert!(elsewhere.cookie("refreshToken").is_none());
    let last = app.audit_records().await.pop().unwrap();
    assert_eq!((last.event, last.reason.as_deref()), (Event::SignInFailed, Some("unverified")));
}

#[tokio::test]
async fn a_synced_passkey_never_counts_and_works_again_and_again() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = app.security_key().synced();
    let _ = ada.add_passkey(&phone).await.expect(201);

    for _ in 0..3 {
        let _ = ada.elsewhere().sign_in_with_passkey(&phone.copied()).await.expect(200);
    }
    let elsewhere = ada.elsewhere();
    let _ = elsewhere.sign_in_with_passkey(&phone).await.expect(200);
    assert_eq!(elsewhere.claims()["amr"], json!(["mfa", "swk", "user"]));
    assert_eq!(app.audited(Event::PasskeyCloneSuspected).await, 0);
}

#[tokio::test]
async fn a_program_without_cookies_signs_in_with_a_passkey() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);

    let program = ada.elsewhere().into_program();
    let asked = program.passkey_options().await.expect(200);
    assert_eq!(asked.set_cookies(), Vec::<String>::new());
    let answer = key.get(&asked.json()).unwrap();
    let _ = program.sign_in_with_answer(&answer).await.expect(200);

    assert!(!program.refresh_token().is_empty());
    let _ = program.refresh().await.expect(200);
}

#[tokio::test]
async fn registering_and_deleting_want_a_recent_second_factor_and_renaming_does_not() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let made = ada.add_passkey(&key).await.expect(201);
    app.clock.advance(minutes(11));

    answers(&ada.add_passkey(&app.security_key()).await, 401, "STEP_UP_REQUIRED");
    let refusal = ada.delete(&path(&made)).await;
    answers(&refusal, 401, "STEP_UP_REQUIRED");
    assert_eq!(refusal.json()["methods"], json!(["passkey", "recovery"]));
    let _ = ada.patch(&path(&made), json!({"name": "Old"})).await.expect(200);
    let _ = ada.step_up().await.expect(200);
    answers(&ada.delete(&path(&made)).await, 401, "STEP_UP_REQUIRED");
    answers(&ada.add_passkey(&app.security_key()).await, 401, "STEP_UP_REQUIRED");

    let _ = ada.step_up_with_passkey(&key).await.expect(200);
    let _ = ada.add_passkey(&app.security_key()).await.expect(201);
    let _ = ada.delete(&path(&made)).await.expect(204);
}

#[tokio::test]
async fn a_deleted_passkey_ends_the_other_sessions_and_the_last_one_takes_the_recovery_codes_along() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let made = ada.add_passkey(&key).await.expect(201);
    let elsewhere = ada.elsewhere();
    let _ = elsewhere.sign_in_with_passkey(&key).await.expect(200);

    let _ = ada.delete(&path(&made)).await.expect(204);

    answers(&elsewhere.get("/api/user/profile").await, 401, "TOKEN_REVOKED");
    let _ = ada.refresh().await.expect(200);
    let left = ada.get("/api/user/mfa").await.expect(200).json();
    assert_eq!((&left["passkeys"], &left["recoveryCodesLeft"]), (&json!(0), &json!(0)));
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

#[tokio::test]
async fn a_passkey_proves_again_who_is_there() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);
    app.clock.advance(minutes(11));
    let before = ada.claims();

    let options = ada.post("/api/auth/passkey/options", Value::Null).await.expect(200).json();
    let answer = key.get(&options).unwrap();
    assert_eq!(options["allowCredentials"][0]["id"], answer.id());
    let body = json!({"method": "passkey", "credential": answer.json()});
    answers(&ada.elsewhere().post("/api/auth/step-up", body.clone()).await, 401, "TOKEN_MISSING");
    let proven = ada.post("/api/auth/step-up", body.clone()).await.expect(200);
    ada.set_access_token(&proven.text_at("/accessToken"));

    let after = ada.claims();
    assert_eq!((&after["sid"], &after["amr"]), (&before["sid"], &json!(["hwk", "mfa", "pwd", "user"])));
    assert!(after["auth_time"].as_i64() > before["auth_time"].as_i64());
    let _ = ada.add_passkey(&app.security_key()).await.expect(201);
    answers(&ada.post("/api/auth/step-up", body).await, 401, "AUTH_FAILED");
    let nobody = app.member("bob").await;
    answers(&nobody.post("/api/auth/passkey/options", Value::Null).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn an_authenticator_that_holds_one_of_them_makes_no_other() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);

    let options = ada.post("/api/user/passkeys/options", Value::Null).await.expect(200).json();

    assert!(key.create(&options).is_none());
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["rp"]["id"], "auth.example.com");
    assert_ne!(options["user"]["id"], ada.user_id());
    let again = ada.post("/api/user/passkeys/options", Value::Null).await.expect(200).json();
    assert_eq!(again["user"]["id"], options["user"]["id"], "one handle a person");
    let bob = app.member("bob").await;
    let others = bob.post("/api/user/passkeys/options", Value::Null).await.expect(200).json();
    assert_ne!(others["user"]["id"], options["user"]["id"]);
}

#[tokio::test]
async fn where_the_policy_only_prefers_a_check_an_unchecked_passkey_is_a_second_factor_and_no_first() {
    let app = preferring().await;
    let ada = app.member("ada").await;
    let key = app.security_key().without_verification();
    let _ = ada.add_passkey(&key).await.expect(201);

    answers(&ada.elsewhere().sign_in_with_passkey(&key).await, 401, "AUTH_FAILED");

    let elsewhere = ada.elsewhere();
    let asked = elsewhere.sign_in().await.expect(401);
    let _ = elsewhere.second_step_with_passkey(&asked, &key).await.expect(200);
    assert_eq!(elsewhere.claims()["amr"], json!(["hwk", "mfa", "pwd", "user"]));
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_after_a_password() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let _ = ada.add_passkey(&key).await.expect(201);
    let elsewhere = ada.elsewhere();

    let needed = elsewhere.sign_in().await;
    answers(&needed, 401, "MFA_REQUIRED");
    assert_eq!(needed.json()["methods"], json!(["passkey", "recovery"]));
    assert!(elsewhere.access_token().is_empty());

    let _ = elsewhere.second_step_with_passkey(&needed, &key).await.expect(200);
    assert_eq!(
        (&elsewhere.claims()["amr"], &elsewhere.claims()["acr"]),
        (&json!(["hwk", "mfa", "pwd", "user"]), &"aal2".into())
    );
}

#[tokio::test]
async fn fifty_are_enough() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;
    for _ in 0..50 {
        let _ = ada.add_passkey(&app.security_key()).await.expect(201);
    }

    let refusal = ada.add_passkey(&app.security_key()).await;

    answers(&refusal, 400, "VALIDATION_FAILED");
    assert_eq!(refusal.text_at("/errors/0/code"), "TOO_MANY");
    assert_eq!(passkeys(&ada).await.len(), 50);
}

#[tokio::test]
async fn names_are_lawful_and_members_that_nobody_knows_are_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let key = app.security_key();
    let made = ada.add_passkey(&key).await.expect(201);
    for name in ["", " ", "a\nb", &"x".repeat(101)] {
        answers(&ada.patch(&path(&made), json!({"name": name})).await, 400, "VALIDATION_FAILED");
    }
    let answer = key.get(&ada.passkey_options().await.expect(200).json()).unwrap().json();
    for body in [
        json!({}),
        json!({"credential": null}),
        json!({"credential": "x"}),
        json!({"credential": []}),
        json!({"credential": {}}),
        json!({"credential": {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}}),
        json!({"credential": answer, "userId": ada.user_id()}),
    ] {
        let call = ada.elsewhere().call(Method::POST, "/api/auth/passkey").json(body.clone());
        answers(&call.send().await, 400, "VALIDATION_FAILED");
        if body.get("userId").is_none() {
            answers(&ada.post("/api/user/passkeys", body).await, 400, "VALIDATION_FAILED");
        }
    }
    assert_eq!(passkeys(&ada).await.len(), 1);
}

#[tokio::test]
async fn where_the_site_is_an_address_there_are_no_passkeys() {
    let app = TestApp::builder().public_url("http://127.0.0.1:8420").start().await;
    let ada = app.member("ada").await;

    answers(&ada.passkey_options().await, 404, "NOT_FOUND");
    answers(&ada.post("/api/user/passkeys/options", Value::Null).await, 404, "NOT_FOUND");
    assert!(passkeys(&ada).await.is_empty());
}

#[tokio::test]
async fn questions_are_limited_by_address_and_by_person() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for _ in 0..300 {
        let _ = app.visitor().passkey_options().await.expect(200);
    }
    answers(&app.visitor().passkey_options().await, 429, "RATE_LIMITED");
    let _ = app.visitor().at("203.0.113.9".parse().unwrap()).passkey_options().await.expect(200);

    for _ in 0..60 {
        let _ = ada.post("/api/user/passkeys/options", Value::Null).await.expect(200);
    }
    answers(&ada.post("/api/user/passkeys/options", Value::Null).await, 429, "RATE_LIMITED");
    app.clock.advance(minutes(6));
    app.upkeep().await;
    let left = app.store().begin().await.unwrap().sweep_passkey_challenges(app.env().now(), 1).await.unwrap();
    assert_eq!(left, 0, "what nobody answered is swept");
}

/// Whoever has no password keeps the last passkey, also where both are deleted at once.
#[tokio::test]
async fn the_last_way_in_cannot_be_deleted() {
    let app = TestApp::start().await;
    let (ada, refresh_token) = without_password(&app, "ada", true).await;
    let first = ada.add_passkey(&app.security_key()).await.expect(201);
    let second = ada.add_passkey(&app.security_key()).await.expect(201);

    let (first, second) = (path(&first), path(&second));
    let (one, other) = tokio::join!(ada.delete(&first), ada.delete(&second));

    let mut statuses = [one.status(), other.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let _ = ada.refresh_with(json!({"refreshToken": refresh_token})).await.expect(200);
    let left = passkeys(&ada).await;
    assert_eq!(left.len(), 1);
    let refusal = ada.delete(&format!("/api/user/passkeys/{}", left[0]["id"].as_str().unwrap())).await;
    answers(&refusal, 409, "LAST_METHOD");
    assert_eq!(app.audited(Event::FactorRemovalFailed).await, 2);

    // Somebody with a password can.
    let bob = app.member("bob").await;
    let made = bob.add_passkey(&app.security_key()).await.expect(201);
    let _ = bob.delete(&path(&made)).await.expect(204);
}
