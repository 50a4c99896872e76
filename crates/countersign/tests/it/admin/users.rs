//! People's accounts.

use countersign_testkit::{Actor, Event, Method, TestApp, Value, json, millis};

use super::{administrator, each, pages, put};

#[tokio::test]
async fn accounts_are_searched_by_prefix_and_listed_in_pages() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    for name in ["ann1", "ann2", "bob", "ann3"] {
        // Ids of one moment have no order.
        app.clock.advance(millis(1));
        app.member(name).await;
    }

    let all = pages(&root, "/api/admin/v1/users?limit=2").await;
    let lengths: Vec<usize> = all.iter().map(|page| each(page, "id").len()).collect();
    assert_eq!(lengths, [2, 2, 1]);
    let emails: Vec<Value> = all.iter().flat_map(|page| each(page, "email")).collect();
    let expected = ["root", "ann1", "ann2", "bob", "ann3"].map(|name| json!(format!("{name}@example.com")));
    assert_eq!(emails, expected, "oldest first");

    let anns = pages(&root, "/api/admin/v1/users?prefix=ANN&limit=2").await;
    let anns: Vec<Value> = anns.iter().flat_map(|page| each(page, "name")).collect();
    assert_eq!(anns, ["ann1", "ann2", "ann3"]);
    let one = root.get("/api/admin/v1/users?email=Bob@Example.com").await.expect(200);
    assert_eq!(each(&one, "name"), ["bob"]);
    for nobody in ["prefix=an%25", "prefix=zed", "email=nobody@example.com", "email=nonsense"] {
        let none = root.get(&format!("/api/admin/v1/users?{nobody}")).await.expect(200);
        assert_eq!(none.json(), json!({"data": [], "nextCursor": null}), "{nobody}");
    }
}

// attack 95
#[tokio::test]
async fn an_account_is_shown_without_any_secret() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;

    let shown = root.get(&format!("/api/admin/v1/users/{}", ada.user_id())).await.expect(200);

    let expected = json!({
        "id": ada.user_id(), "email": "ada@example.com", "emailVerified": false, "name": "ada", "status": "active",
        "role": null, "roles": [], "permissions": [], "createdAt": shown.json()["createdAt"],
        "secondFactors": {"totp": false, "passkeys": 0, "recoveryCodesLeft": 0, "required": false},
    });
    assert_eq!(shown.json(), expected);
    for nobody in ["usr_00000000000000000000000000", "ada@example.com", "x", "%00"] {
        let reply = root.get(&format!("/api/admin/v1/users/{nobody}")).await;
        assert_eq!(reply.code(), "NOT_FOUND", "{nobody}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_the_trail_has_before_and_after() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let path = format!("/api/admin/v1/users/{}", ada.user_id());

    for _ in 0..2 {
        let reply = root.post(&format!("{path}/disable"), Value::Null).await.expect(200);
        assert_eq!(reply.json()["status"], "disabled", "and to repeat it is no error");
    }
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.sign_in().await.code(), "AUTH_FAILED");
    let enabled = root.post(&format!("{path}/enable"), Value::Null).await.expect(200);
    assert_eq!(enabled.json()["status"], "active");
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED", "old sessions stay ended");
    let _ = ada.sign_in().await.expect(200);

    let acts: Vec<String> =
        app.audit().await.lines().filter(|line| line.starts_with("account_")).map(str::to_owned).collect();
    assert_eq!(
        acts,
        [
            "account_disabled success by [usr 1] of [usr 2] before=active sessions_ended=1 status=disabled",
            "account_enabled success by [usr 1] of [usr 2] before=disabled status=active",
        ]
    );
}

// attack 89
#[tokio::test]
async fn roles_are_replaced_and_nothing_else_can_be_set() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    app.set_role("editor", &["articles:write"]).await;
    app.set_role("clerk", &[]).await;
    let (path, roles) = (format!("/api/admin/v1/users/{}", ada.user_id()), "/roles");
    let before = root.get(&path).await.expect(200).json();

    for (body, why) in [
        (json!({}), "nothing"),
        (json!({"roles": "editor"}), "no list"),
        (json!({"roles": ["editor", 1]}), "no texts"),
        (json!({"roles": null}), "null"),
        (json!({"roles": ["editor"], "permissions": ["*"]}), "permissions come from roles"),
        (json!({"roles": ["editor"], "emailVerified": true}), "an address is verified by its owner"),
        (json!({"roles": ["editor"], "status": "active", "ver": 99, "id": "usr_x"}), "other fields"),
        (json!({"roles": ["editor", "made-up"]}), "a role that is not there"),
    ] {
        let reply = put(&root, &format!("{path}{roles}"), body).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{why}");
    }
    assert_eq!(root.get(&path).await.expect(200).json(), before, "nothing was half done");
    for method in [Method::PATCH, Method::PUT, Method::POST] {
        let reply = root.call(method.clone(), &path).json(json!({"email": "mine@example.com"})).send().await;
        assert_eq!(reply.code(), "METHOD_NOT_ALLOWED", "{method}: nobody sets another's address, name or password");
    }

    let reply =
        put(&root, &format!("{path}{roles}"), json!({"roles": ["editor", "clerk", "editor"]})).await.expect(200);

    assert_eq!(reply.json()["roles"], json!(["editor", "clerk"]));
    assert_eq!((&reply.json()["role"], &reply.json()["permissions"]), (&json!("editor"), &json!(["articles:write"])));
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.claims()["roles"], json!(["editor", "clerk"]), "and nobody was signed out");
    let _ = put(&root, &format!("{path}{roles}"), json!({"roles": ["clerk"]})).await.expect(200);
    let record = app.audit_records().await.into_iter().rfind(|r| r.event == Event::RolesAssigned).unwrap();
    assert_eq!((record.detail["before"].as_str(), record.detail["roles"].as_str()), ("editor clerk", "clerk"));
}

#[tokio::test]
async fn a_person_is_signed_out_everywhere_and_another_account_is_deleted() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    let path = format!("/api/admin/v1/users/{}", ada.user_id());

    let out = root.post(&format!("{path}/sign-out"), Value::Null).await.expect(200);

    assert_eq!(out.json(), json!({"revoked": 2}));
    for one in [&ada, &phone] {
        assert_eq!(one.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    }
    let _ = root.delete(&path).await.expect(204);
    for reply in
        [root.get(&path).await, root.delete(&path).await, root.post(&format!("{path}/enable"), Value::Null).await]
    {
        assert_eq!(reply.code(), "NOT_FOUND");
    }
    assert_eq!(ada.sign_in().await.code(), "AUTH_FAILED");
    let deleted = app.audit_records().await.into_iter().rfind(|r| r.event == Event::AccountDeleted).unwrap();
    assert_eq!(deleted.subject.map(|id| id.to_string()), Some(ada.user_id()));
}

#[tokio::test]
async fn second_factors_are_taken_from_somebody_who_has_lost_them_and_nothing_is_opened() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let _ = ada.set_up_app().await;
    let path = format!("/api/admin/v1/users/{}", ada.user_id());
    let factors = root.get(&path).await.expect(200).json()["secondFactors"].clone();
    assert_eq!(factors, json!({"totp": true, "passkeys": 0, "recoveryCodesLeft": 10, "required": false}));

    for _ in 0..2 {
        let _ = root.post(&format!("{path}/reset-factors"), Value::Null).await.expect(200);
    }

    let factors = root.get(&path).await.expect(200).json()["secondFactors"].clone();
    assert_eq!(factors, json!({"totp": false, "passkeys": 0, "recoveryCodesLeft": 0, "required": false}));
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.sign_in_with("wrong").await.code(), "AUTH_FAILED", "the password is still needed");
    let _ = ada.sign_in().await.expect(200);
    let record = app.audit_records().await.into_iter().rfind(|r| r.event == Event::FactorsReset).unwrap();
    assert_eq!(app.audited(Event::FactorsReset).await, 1, "once: the second time there was nothing to take");
    assert_eq!((record.detail["totp"].as_str(), record.detail["recovery_codes"].as_str()), ("true", "10"));
    assert_eq!(record.subject.map(|id| id.to_string()), Some(ada.user_id()));
    let nobody = "/api/admin/v1/users/usr_00000000000000000000000000/reset-factors";
    assert_eq!(root.post(nobody, Value::Null).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_password_reset_is_started_by_mail_to_the_owner_and_nobody_chooses_the_password() {
    let app = TestApp::builder().with_mail().start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let path = format!("/api/admin/v1/users/{}/reset-password", ada.user_id());

    let body = json!({"newPassword": "chosen-by-somebody-else-77"});
    let started = root.call(Method::POST, &path).json(body).send().await.expect(202);

    assert!(!started.text().contains("token"), "the link is in the mail alone: {started}");
    assert_eq!(app.mail_to("ada@example.com").await.subject(), "Please set a new password");
    let _ = ada.elsewhere().sign_in().await.expect(200);
    let record = app.audit_records().await.into_iter().rfind(|r| r.event == Event::PasswordResetStarted).unwrap();
    assert_eq!(record.subject.map(|id| id.to_string()), Some(ada.user_id()));
    let nobody = "/api/admin/v1/users/usr_00000000000000000000000000/reset-password";
    assert_eq!(root.post(nobody, Value::Null).await.code(), "NOT_FOUND");

    let without = TestApp::start().await;
    let root = administrator(&without, "root").await;
    let refused = root.post(&format!("/api/admin/v1/users/{}/reset-password", root.user_id()), Value::Null).await;
    assert_eq!((refused.status(), refused.text_at("/detail").as_str()), (403, "This server sends no mail."));
}

#[tokio::test]
async fn the_last_administrator_stays_and_the_attempt_is_on_record() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let bob = administrator(&app, "bob").await;
    let of = |actor: &Actor| format!("/api/admin/v1/users/{}", actor.user_id());
    let _ = root.post(&format!("{}/disable", of(&bob)), Value::Null).await.expect(200);

    for reply in [
        root.post(&format!("{}/disable", of(&root)), Value::Null).await,
        root.delete(&of(&root)).await,
        put(&root, &format!("{}/roles", of(&root)), json!({"roles": []})).await,
        root.delete("/api/admin/v1/roles/admin").await,
    ] {
        assert_eq!((reply.status(), reply.code().as_str()), (403, "FORBIDDEN"), "{reply}");
    }

    let _ = root.get(&of(&root)).await.expect(200);
    app.upkeep().await;
    let refused = app.audit_records().await;
    let reasons: Vec<_> =
        refused.iter().filter(|r| r.event == Event::AccessDenied).filter_map(|r| r.reason.as_deref()).collect();
    assert_eq!(reasons, ["last_admin", "last_admin", "last_admin", "protected_role"]);
    let _ = root.post(&format!("{}/enable", of(&bob)), Value::Null).await.expect(200);
    let _ = root.delete(&of(&root)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_administrators_who_take_each_others_role_one_stays() {
    for round in 0..8 {
        let app = TestApp::builder().seed(round + 1).start().await;
        let (root, bob) = (administrator(&app, "root").await, administrator(&app, "bob").await);
        let demote = |by: &Actor, whom: &Actor| {
            let (by, path) = (by.clone(), format!("/api/admin/v1/users/{}/roles", whom.user_id()));
            tokio::spawn(async move { put(&by, &path, json!({"roles": []})).await })
        };

        let (one, other) = (demote(&root, &bob), demote(&bob, &root));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());

        let done = [&one, &other].into_iter().filter(|reply| reply.status() == 200).count();
        assert_eq!(done, 1, "round {round}: {one} and {other}");
        let mut left = 0;
        for actor in [&root, &bob] {
            let _ = actor.refresh().await.expect(200);
            left += usize::from(actor.get("/api/admin/v1/users").await.status() == 200);
        }
        assert_eq!(left, 1, "round {round}");
    }
}
