//! Attacks on passkeys, through the front door. Each lie is told by an authenticator that is honest in everything else, and each
//! test begins or ends with the truth, so that it is the lie that is refused.

use countersign::UserVerification;
use countersign_testkit::{Actor, Answer, Event, Method, Reply, SecurityKey, TestApp, Value, json, minutes, seconds};

use crate::answer::refused;

/// A member with a passkey of an authenticator of its own.
async fn member(app: &TestApp, name: &str) -> (Actor, SecurityKey) {
    let (actor, key) = (app.member(name).await, app.security_key());
    let _ = actor.add_passkey(&key).await.expect(201);
    (actor, key)
}

/// The answer that would be right, to a question that this actor has asked.
async fn answer(actor: &Actor, key: &SecurityKey) -> Answer {
    key.get(&actor.passkey_options().await.expect(200).json()).unwrap()
}

fn is_refused(reply: &Reply, reason: &str) {
    refused(reply, "AUTH_FAILED", reason);
}

/// Why the last sign-in was refused, by the trail.
async fn last_reason(app: &TestApp) -> String {
    let records = app.audit_records().await;
    let last = records.iter().rev().find(|record| record.event == Event::SignInFailed).unwrap();
    last.reason.clone().unwrap_or_default()
}

// attack 78
#[tokio::test]
async fn an_answer_that_lies_in_one_thing_is_refused() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let (_, bobs) = member(&app, "bob").await;
    let elsewhere = ada.elsewhere();
    let other = answer(&app.visitor(), &bobs).await;
    // Once, so that there is a count to fall behind.
    let _ = elsewhere.sign_in_with_passkey(&key).await.expect(200);
    type Lie = Box<dyn Fn(Answer) -> Answer>;
    let handle = other.handle().to_owned();
    let (id, signer) = (other.id().to_owned(), other.clone());
    let lies: Vec<(&str, Lie)> = vec![
        ("wrong_origin", Box::new(|a| a.on_page_of("https://auth.example.com.evil.example"))),
        ("wrong_origin", Box::new(|a| a.on_page_of("http://auth.example.com"))),
        ("wrong_origin", Box::new(|a| a.on_page_of("https://auth.example.com:8443"))),
        ("wrong_origin", Box::new(|a| a.on_page_of("https://app.auth.example.com"))),
        ("wrong_origin", Box::new(|a| a.on_page_of("https://example.com"))),
        ("wrong_origin", Box::new(Answer::in_foreign_frame)),
        ("wrong_relying_party", Box::new(|a| a.for_relying_party("example.com"))),
        ("wrong_type", Box::new(|a| a.of_type("webauthn.create"))),
        ("wrong_type", Box::new(|a| a.of_type("payment.get"))),
        ("user_not_present", Box::new(Answer::by_nobody)),
        ("user_not_verified", Box::new(Answer::unverified)),
        ("backup_changed", Box::new(|a| a.backed_up(true, true))),
        ("malformed", Box::new(|a| a.backed_up(false, true))),
        ("counter_back", Box::new(|a| a.counting(0))),
        ("wrong_signature", Box::new(move |a| a.signed_like(&signer))),
        ("not_the_owner", Box::new(move |a| a.naming(Some(&handle)))),
        ("not_the_owner", Box::new(|a| a.naming(None))),
        ("not_the_owner", Box::new(|a| a.naming(Some("")))),
        ("not_the_owner", Box::new(move |a| a.with_id(&id))),
        ("unknown_passkey", Box::new(|a| a.with_id("AAAA"))),
        ("unknown_challenge", Box::new(|a| a.for_challenge("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))),
        ("unknown_challenge", Box::new(|a| a.for_challenge(""))),
    ];
    for (at, (reason, lie)) in lies.iter().enumerate() {
        let truth = answer(&elsewhere, &key).await;
        is_refused(&elsewhere.sign_in_with_answer(&lie(truth)).await, &format!("{at}: {reason}"));
        assert_eq!(last_reason(&app).await, format!("passkey_{reason}"), "{at}");
    }
    let _ = elsewhere.sign_in_with_answer(&answer(&elsewhere, &key).await).await.expect(200);
}

// attack 78
#[tokio::test]
async fn an_answer_counts_once_and_a_wrong_one_spends_the_question_too() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let elsewhere = ada.elsewhere();

    let once = answer(&elsewhere, &key).await;
    let _ = elsewhere.sign_in_with_answer(&once).await.expect(200);
    is_refused(&elsewhere.sign_in_with_answer(&once).await, "replayed");
    is_refused(&elsewhere.sign_in_with_answer(&once.clone().counting(99)).await, "replayed with another count");

    let spent = answer(&elsewhere, &key).await;
    is_refused(&elsewhere.sign_in_with_answer(&spent.clone().unverified()).await, "a lie");
    is_refused(&elsewhere.sign_in_with_answer(&spent).await, "and then the truth");
}

// attack 78
#[tokio::test]
async fn of_fifty_racing_answers_on_two_nodes_one_counts() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let other = TestApp::builder().beside(&app).start().await;
    let elsewhere = ada.elsewhere();
    let once = answer(&elsewhere, &key).await;
    let there = other.meet_again(&elsewhere);

    let mut racers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (actor, once) = (if number % 2 == 0 { elsewhere.clone() } else { there.clone() }, once.clone());
        racers.spawn(async move { actor.sign_in_with_answer(&once).await.status() });
    }
    let mut statuses = racers.join_all().await;

    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(app.audited(Event::SignedIn).await, 1);
}

// attack 78
#[tokio::test]
async fn an_old_question_and_one_of_another_browser_are_not_answered() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;

    let old = answer(&ada, &key).await;
    app.clock.advance(minutes(5));
    is_refused(&ada.sign_in_with_answer(&old).await, "five minutes old");

    let (here, thief) = (ada.elsewhere(), ada.elsewhere());
    let fresh = answer(&here, &key).await;
    is_refused(&thief.sign_in_with_answer(&fresh).await, "a browser without the cookie");
    let _ = thief.passkey_options().await.expect(200);
    is_refused(&thief.sign_in_with_answer(&fresh).await, "a browser with a cookie of its own");
    is_refused(&ada.elsewhere().into_program().sign_in_with_answer(&fresh).await, "as if it were a program");
    app.clock.advance(seconds(299));
    let _ = here.sign_in_with_answer(&fresh).await.expect(200);
}

// attack 78
#[tokio::test]
async fn a_question_is_answered_for_what_it_was_asked() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let step_up = ada.post("/api/auth/passkey/options", Value::Null).await.expect(200).json();
    let new = ada.post("/api/user/passkeys/options", Value::Null).await.expect(200).json();
    let sign_in = ada.passkey_options().await.expect(200).json();
    let proof = |answer: &Answer| json!({"method": "passkey", "credential": answer.json()});

    is_refused(&ada.sign_in_with_answer(&key.get(&step_up).unwrap()).await, "a step-up is no sign-in");
    let for_sign_in = key.get(&sign_in).unwrap();
    is_refused(&ada.post("/api/auth/step-up", proof(&for_sign_in)).await, "a sign-in is no step-up");
    let to_new = key.get(&sign_in).unwrap().for_challenge(new["challenge"].as_str().unwrap());
    is_refused(&ada.sign_in_with_answer(&to_new).await, "a registration is no sign-in");
    let made = app.security_key().create(&new).unwrap();
    let wrong = json!({"credential": made.clone().for_challenge(sign_in["challenge"].as_str().unwrap()).json()});
    assert_eq!(ada.post("/api/user/passkeys", wrong).await.expect(400).text_at("/errors/0/code"), "EXPIRED");

    // None of it has spent the questions.
    let _ = ada.post("/api/auth/step-up", proof(&key.get(&step_up).unwrap())).await.expect(200);
    let _ = ada.post("/api/user/passkeys", json!({"credential": made.json()})).await.expect(201);
    let _ = ada.sign_in_with_answer(&for_sign_in.counting(9)).await.expect(200);
}

// attack 78
#[tokio::test]
async fn somebody_elses_passkey_proves_nothing_about_me() {
    let app = TestApp::start().await;
    let (ada, _) = member(&app, "ada").await;
    let (bob, bobs) = member(&app, "bob").await;
    let options = ada.post("/api/auth/passkey/options", Value::Null).await.expect(200).json();
    assert!(bobs.get(&options).is_none(), "an honest one has nothing to say");

    let mut any = options.clone();
    any["allowCredentials"] = json!([]);
    let stolen = bobs.get(&any).unwrap();
    is_refused(
        &ada.post("/api/auth/step-up", json!({"method": "passkey", "credential": stolen.json()})).await,
        "Bob's",
    );
    let id = bob.get("/api/user/passkeys").await.text_at("/passkeys/0/id");
    for call in [
        ada.call(Method::PATCH, &format!("/api/user/passkeys/{id}")).json(json!({"name": "mine"})),
        ada.call(Method::DELETE, &format!("/api/user/passkeys/{id}")),
    ] {
        assert_eq!(call.send().await.expect(404).code(), "NOT_FOUND");
    }
    assert_eq!(bob.get("/api/user/passkeys").await.text_at("/passkeys/0/name"), "Passkey");
}

// attack 78
#[tokio::test]
async fn a_registration_that_lies_in_one_thing_is_refused() {
    let app = TestApp::start().await;
    let (ada, key) = (app.member("ada").await, app.security_key());
    type Lie = fn(Answer) -> Answer;
    let lies: &[(&str, Lie)] = &[
        ("wrong_origin", |a| a.on_page_of("https://evil.example")),
        ("wrong_origin", Answer::in_foreign_frame),
        ("wrong_relying_party", |a| a.for_relying_party("evil.example")),
        ("wrong_type", |a| a.of_type("webauthn.get")),
        ("user_not_present", Answer::by_nobody),
        ("user_not_verified", Answer::unverified),
        ("unknown_challenge", |a| a.for_challenge("AAAA")),
    ];
    let options = || async { ada.post("/api/user/passkeys/options", Value::Null).await.expect(200).json() };
    for (reason, lie) in lies {
        let made = lie(app.security_key().create(&options().await).unwrap());
        let refusal = ada.post("/api/user/passkeys", json!({"credential": made.json()})).await.expect(400);
        assert_eq!(refusal.text_at("/errors/0/field"), "credential", "{reason}");
        let records = app.audit_records().await;
        let last = records.iter().rev().find(|record| record.event == Event::FactorAdditionFailed).unwrap();
        assert_eq!(last.reason.as_deref(), Some(*reason));
    }
    assert_eq!(ada.get("/api/user/passkeys").await.json()["passkeys"], json!([]));

    // The truth, once; and the same credential for nobody else.
    let made = key.create(&options().await).unwrap();
    let body = json!({"credential": made.json()});
    let bob = app.member("bob").await;
    assert_eq!(bob.post("/api/user/passkeys", body.clone()).await.expect(400).text_at("/errors/0/code"), "EXPIRED");
    let _ = ada.post("/api/user/passkeys", body.clone()).await.expect(201);
    assert_eq!(ada.post("/api/user/passkeys", body).await.expect(400).text_at("/errors/0/code"), "EXPIRED");
    let bobs = bob.post("/api/user/passkeys/options", Value::Null).await.expect(200).json();
    let copied = made.for_challenge(bobs["challenge"].as_str().unwrap());
    let taken = bob.post("/api/user/passkeys", json!({"credential": copied.json()})).await.expect(400);
    assert_eq!(taken.text_at("/errors/0/code"), "TAKEN");
}

// attack 78
#[tokio::test]
async fn a_copied_passkey_is_found_by_its_counter_and_both_holders_are_on_record() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let clone = key.copied();
    let _ = ada.elsewhere().sign_in_with_passkey(&key).await.expect(200);

    is_refused(&ada.elsewhere().sign_in_with_passkey(&clone).await, "it stands where the owner's stood");

    let suspected: Vec<_> =
        app.audit_records().await.into_iter().filter(|r| r.event == Event::PasskeyCloneSuspected).collect();
    assert_eq!(suspected.len(), 1);
    assert_eq!(suspected[0].subject.map(|user| user.to_string()), Some(ada.user_id()));
    assert_eq!(suspected[0].detail["passkey"], ada.get("/api/user/passkeys").await.text_at("/passkeys/0/id"));
    let _ = ada.elsewhere().sign_in_with_passkey(&key).await.expect(200);
}

// attack 78
#[tokio::test]
async fn a_disabled_person_and_a_deleted_passkey_sign_nobody_in() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let (bob, bobs) = member(&app, "bob").await;
    let elsewhere = ada.elsewhere();
    let late = answer(&elsewhere, &key).await;
    let id = ada.get("/api/user/passkeys").await.text_at("/passkeys/0/id");
    let _ = ada.delete(&format!("/api/user/passkeys/{id}")).await.expect(204);
    is_refused(&elsewhere.sign_in_with_answer(&late).await, "deleted while it was asked");
    is_refused(&elsewhere.sign_in_with_passkey(&key).await, "deleted");

    let user = bob.user_id().parse().unwrap();
    let actor = countersign_audit::Actor::Operator;
    app.system.auth().accounts().disable_user(user, actor, &app.local()).await.unwrap();
    is_refused(&bob.elsewhere().sign_in_with_passkey(&bobs).await, "disabled");
    assert_eq!(last_reason(&app).await, "passkey_disabled");
}

/// The options of a stranger tell nothing: nobody is looked up, and the address changes nothing that can be seen.
// attack 71
#[tokio::test]
async fn the_options_are_the_same_whoever_is_named() {
    let app = TestApp::start().await;
    let (ada, _) = member(&app, "ada").await;
    let without = app.member("bob").await;
    let asked = |body: Value| {
        let visitor = app.visitor();
        async move { visitor.call(Method::POST, "/api/auth/passkey/options").json(body).send().await.expect(200) }
    };
    let shape = |reply: &Reply| {
        let mut options = reply.json();
        assert_eq!(options["challenge"].take().as_str().map(str::len), Some(43), "256 bits");
        (options, reply.set_cookies().len(), reply.header("content-length"))
    };

    let nobody = shape(&asked(json!({})).await);
    for email in [ada.email.as_str(), without.email.as_str(), "nobody@example.com", "", "no address"] {
        assert_eq!(shape(&asked(json!({"email": email})).await), nobody, "{email}");
    }
    assert!(nobody.0["allowCredentials"].as_array().is_none_or(Vec::is_empty));
}

/// Under `preferred` a passkey that has checked its holder once is held to it.
// attack 78
#[tokio::test]
async fn a_passkey_that_can_check_its_holder_must_go_on_doing_so() {
    let prefer = |b: countersign::Builder| b.passkey_user_verification(UserVerification::Preferred);
    let app = TestApp::builder().with(prefer).start().await;
    let (ada, key) = member(&app, "ada").await;
    let elsewhere = ada.elsewhere();
    let token = elsewhere.sign_in().await.expect(401).text_at("/mfaToken");
    let ask = || elsewhere.call(Method::POST, "/api/auth/passkey/options").json(json!({"mfaToken": token}));
    let verify = |answer: Answer| {
        let body = json!({"mfaToken": token, "method": "passkey", "credential": answer.json()});
        elsewhere.call(Method::POST, "/api/auth/mfa/verify").json(body)
    };

    let options = ask().send().await.expect(200).json();
    assert_eq!(options["userVerification"], "preferred");
    let reply = verify(key.get(&options).unwrap().unverified()).send().await;
    is_refused(&reply, "a thief who knows the password and no PIN");

    let options = ask().send().await.expect(200).json();
    let _ = verify(key.get(&options).unwrap()).send().await.expect(200);
}

// attack 72, 75, 78
#[tokio::test]
async fn a_passkey_completes_the_sign_in_that_it_was_asked_for_and_no_other() {
    let app = TestApp::start().await;
    let (ada, key) = member(&app, "ada").await;
    let (bob, bobs) = member(&app, "bob").await;
    let (here, there) = (ada.elsewhere(), ada.elsewhere());
    let pending = |actor: Actor| async move { actor.sign_in().await.expect(401).text_at("/mfaToken") };
    let (mine, other, bobs_token) =
        (pending(here.clone()).await, pending(there.clone()).await, pending(bob.elsewhere()).await);
    let ask = |actor: &Actor, token: &str| {
        actor.call(Method::POST, "/api/auth/passkey/options").anonymous().json(json!({"mfaToken": token}))
    };
    let verify = |actor: &Actor, token: &str, answer: &Answer| {
        let body = json!({"mfaToken": token, "method": "passkey", "credential": answer.json()});
        actor.call(Method::POST, "/api/auth/mfa/verify").anonymous().json(body)
    };

    // Options are for the browser that the sign-in began in.
    refused(&ask(&there, &mine).send().await, "TOKEN_INVALID", "another browser");
    refused(&ask(&here, "0").send().await, "TOKEN_INVALID", "no such sign-in");
    let options = ask(&here, &mine).send().await.expect(200).json();
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
    let mut any = options.clone();
    any["allowCredentials"] = json!([]);
    refused(&verify(&here, &mine, &bobs.get(&any).unwrap()).send().await, "AUTH_FAILED", "somebody else's passkey");

    let options = ask(&here, &mine).send().await.expect(200).json();
    let truth = key.get(&options).unwrap();
    refused(
        &verify(&there, &other, &truth).send().await,
        "AUTH_FAILED",
        "asked for another sign-in of the same person",
    );
    refused(&verify(&here, &bobs_token, &truth).send().await, "TOKEN_INVALID", "asked for another person");
    is_refused(&here.sign_in_with_answer(&truth).await, "a second factor is no first");
    let stranger = answer(&here, &key).await;
    refused(&verify(&here, &mine, &stranger).send().await, "AUTH_FAILED", "a sign-in's answer is no second factor");

    let _ = verify(&here, &mine, &truth.counting(99)).send().await.expect(200);
    refused(&verify(&here, &mine, &key.get(&options).unwrap()).send().await, "TOKEN_INVALID", "once");
}
