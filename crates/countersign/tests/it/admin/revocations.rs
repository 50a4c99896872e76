//! Revocations: by token, session, person and key.

use countersign_testkit::{Event, TestApp, json};

use super::{administrator, each, pages};

const PATH: &str = "/api/admin/v1/revocations";

#[tokio::test]
async fn each_kind_is_revoked_at_once_and_the_reason_is_on_record() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);

    let jti = ada.claims()["jti"].clone();
    let one = root.post(PATH, json!({"jti": jti, "reason": "seen in a log"})).await.expect(201);
    assert_eq!(one.json(), json!({"revoked": 0}));
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    let _ = ada.refresh().await.expect(200);
    let _ = ada.get("/api/user/profile").await.expect(200);

    let body = json!({"sid": phone.session_id(), "reason": "lost phone"});
    assert_eq!(root.post(PATH, body.clone()).await.expect(201).json(), json!({"revoked": 1}));
    assert_eq!(phone.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(root.post(PATH, body).await.code(), "NOT_FOUND", "it has ended");

    let sub = json!({"sub": ada.user_id(), "reason": "left"});
    assert_eq!(root.post(PATH, sub).await.expect(201).json(), json!({"revoked": 1}));
    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED");

    let kid = root.get("/api/admin/v1/keys").await.json()["data"]
        .as_array()
        .and_then(|keys| keys.iter().find(|key| key["state"] == "active").map(|key| key["kid"].clone()))
        .unwrap();
    let withdrawn = json!({"kid": kid, "reason": "key in a backup that leaked"});
    let _ = root.post(PATH, withdrawn.clone()).await.expect(201);
    assert_eq!(root.get("/api/admin/v1/keys").await.code(), "TOKEN_EXPIRED", "superseded, and nobody is signed out");
    let _ = root.refresh().await.expect(200);
    let _ = root.post(PATH, withdrawn).await.expect(201);

    let notes: Vec<String> = app
        .audit_records()
        .await
        .into_iter()
        .filter_map(|record| Some(format!("{}: {}", record.event.as_str(), record.detail.get("note")?)))
        .collect();
    assert_eq!(
        notes[..3],
        ["token_revoked: seen in a log", "session_ended: lost phone", "signed_out_everywhere: left"]
    );
    assert!(notes.iter().any(|note| note == "signing_key_withdrawn: key in a backup that leaked"), "{notes:?}");

    let listed = pages(&root, &format!("{PATH}?limit=3")).await;
    let seqs: Vec<u64> = listed.iter().flat_map(|page| each(page, "seq")).filter_map(|seq| seq.as_u64()).collect();
    assert!(seqs.len() >= 5 && seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    let all = root.get(PATH).await.expect(200);
    for (member, value) in
        [("jti", jti), ("sid", json!(phone.session_id())), ("sub", json!(ada.user_id())), ("kid", kid)]
    {
        assert!(each(&all, member).contains(&value), "{member}");
    }
    assert!(!all.text().contains("lost phone"), "the words stay in the trail");
}

#[tokio::test]
async fn exactly_one_thing_is_named_and_a_reason_given() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let (sub, sid) = (ada.user_id(), ada.session_id());
    for (body, field, code) in [
        (json!({"reason": "x"}), "", "EXACTLY_ONE"),
        (json!({"sub": sub, "sid": sid, "reason": "x"}), "", "EXACTLY_ONE"),
        (json!({"sub": sub}), "reason", "REQUIRED"),
        (json!({"sub": sub, "reason": "  "}), "reason", "TOO_SHORT"),
        (json!({"sub": sub, "reason": "x".repeat(201)}), "reason", "TOO_LONG"),
        (json!({"sub": sub, "reason": 7}), "reason", "WRONG_TYPE"),
        (json!({"sub": "ada@example.com", "reason": "x"}), "sub", "MALFORMED"),
        (json!({"sid": sub, "reason": "x"}), "sid", "MALFORMED"),
        (json!({"jti": null, "reason": "x"}), "jti", "WRONG_TYPE"),
        (json!({"sub": sub, "reason": "x", "until": "2100-01-01T00:00:00Z"}), "until", "UNKNOWN_FIELD"),
    ] {
        let reply = root.post(PATH, body.clone()).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{body}");
        let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| error["field"] == field && error["code"] == code);
        assert!(found, "{body}: {errors:?}");
    }
    for (name, value) in
        [("sub", "usr_00000000000000000000000000"), ("sid", "ses_00000000000000000000000000"), ("kid", "nobody")]
    {
        assert_eq!(root.post(PATH, json!({name: value, "reason": "x"})).await.code(), "NOT_FOUND", "{name}");
    }
    let _ = ada.get("/api/user/profile").await.expect(200);
    assert_eq!(app.audited(Event::SignedOutEverywhere).await, 0);
}

// attack 100
#[tokio::test]
async fn what_looks_like_a_secret_in_a_reason_does_not_reach_the_trail() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let reason = format!("{} of ada@example.com \u{1b}[2J", ada.refresh_token());
    let _ = root.post(PATH, json!({"sid": ada.session_id(), "reason": reason})).await.expect(201);

    let ended = app.audit_records().await.into_iter().rfind(|r| r.event == Event::SessionEnded).unwrap();
    assert_eq!(ended.detail["note"], r"[redacted] of [redacted] \u{1b}[2J");
}
