//! A person who is deleted leaves a pseudonym in the audit trail, and the trail stays whole.

use countersign_audit::Trust;
use countersign_testkit::{TestApp, json};
use tempfile::tempdir;

/// What of the rows of the trail a thief of the database file could read.
async fn trail_rows(app: &TestApp) -> String {
    app.audit_records().await.iter().map(|record| format!("{record:?}\n")).collect()
}

async fn is_intact(app: &TestApp) -> bool {
    let (store, key) = (app.store(), app.system.audit_key().verifying_key());
    let verifier = countersign_trail::verifier(store.as_ref(), &key, &Trust::default()).await.unwrap();
    countersign_trail::check(store.as_ref(), verifier).await.unwrap().is_intact()
}

#[tokio::test]
async fn nothing_of_a_deleted_person_is_left_in_the_trail_but_the_id() {
    let place = tempdir().unwrap();
    let data = place.path().join("data");
    let app = TestApp::builder().on_data_dir(&data).start().await;
    let stranger = app.stranger("ada").at("203.0.113.77".parse().unwrap()).using("Canary/7.7");
    // Before there is an account, and after: all this is hers.
    let _ = stranger.sign_in().await.expect(401);
    let _ = stranger.register().await.expect(201);
    let ada = stranger;
    let _ = ada.elsewhere().sign_in_with("wrong-horse-17-battery").await.expect(401);
    let _ = ada
        .post("/api/user/password", json!({"currentPassword": "wrong", "newPassword": "heron-violin-77-quarry"}))
        .await;
    let bob = app.stranger("bob").at("198.51.100.9".parse().unwrap()).using("Other/1");
    let _ = bob.register().await.expect(201);
    app.upkeep().await;
    let before = trail_rows(&app).await;
    for canary in ["203.0.113.77", "Canary/7.7", "account: Some"] {
        assert!(before.contains(canary), "{canary} was there");
    }
    let records = app.audit_records().await.len();

    let reply = ada.call(http::Method::DELETE, "/api/user").json(json!({"currentPassword": ada.password})).send().await;
    let _ = reply.expect(204);

    app.upkeep().await;
    let after = trail_rows(&app).await;
    for canary in ["203.0.113.77", "Canary/7.7", "ada@", "account: Some"] {
        assert!(!after.contains(canary), "{canary} is gone");
    }
    assert!(after.contains(&ada.user_id()), "the pseudonym stays");
    assert!(after.contains("198.51.100.9"), "nobody else is touched");
    assert_eq!(app.audit_records().await.len(), records + 1, "no record is gone");
    assert!(is_intact(&app).await);

    // Not in the free pages of the file either: what is deleted is overwritten.
    app.system.shut_down().await;
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        for canary in ["203.0.113.77", "Canary/7.7", "ada@example.com"] {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
        }
    }
}
