//! `countersign audit`, beside a running server.

use rusqlite::Connection;

use crate::support::server;

#[tokio::test]
async fn the_trail_of_a_person_is_shown() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let _bob = server.member("bob").await;
    assert_eq!(ada.elsewhere().sign_in_with("wrong-horse-17-battery").await.status(), 401);
    let _ = ada.sign_out().await.expect(200);

    let json = server.run(&["audit", "tail", "--user", "ada@example.com", "--json"]).expect(0).json();

    let events: Vec<&str> =
        json["data"].as_array().unwrap().iter().filter_map(|l| l["record"]["event"].as_str()).collect();
    assert_eq!(events, ["signed_up", "sign_in_failed", "signed_out"]);
    let table = server.run(&["audit", "tail", "--event", "signed_up"]).expect(0).out;
    assert_eq!(table.lines().count(), 3, "{table}");
    let ran = server.run(&["audit", "tail", "--event", "sign_up"]).expect(2);
    assert!(ran.err.contains("did you mean signed_up?"), "{}", ran.err);
}

#[tokio::test]
async fn an_intact_trail_verifies_in_the_database_and_as_an_export() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    assert_eq!(server.terminate().code(), Some(0));

    let report = server.run(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!((&report["intact"], &report["unsealed"]), (&true.into(), &0.into()), "{report}");

    let export = server.run(&["audit", "export"]).expect(0).out;
    assert_eq!(export.lines().count() as u64, report["sealed"].as_u64().unwrap());
    let head = report["head"].as_str().unwrap();
    let again =
        server.run_with(&["audit", "verify", "--export", "-", "--expect", head, "--json"], &export).expect(0).json();
    assert_eq!(again["head"], report["head"]);
    let _ = server.run(&["audit", "verify", "--expect", head]).expect(0);
}

#[tokio::test]
async fn a_changed_or_shortened_trail_is_found() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    assert_eq!(server.terminate().code(), Some(0));
    let head = server.run(&["audit", "verify", "--json"]).expect(0).json()["head"].as_str().unwrap().to_owned();
    let export = server.run(&["audit", "export"]).expect(0).out;

    let forged = export.replace("signed_up", "signed_in");
    let ran = server.run_with(&["audit", "verify", "--export", "-"], &forged).expect(1);
    assert!(ran.err.contains("not intact"), "{}", ran.err);
    let shortened: String = export.lines().take(2).map(|line| format!("{line}\n")).collect();
    let ran = server.run_with(&["audit", "verify", "--export", "-", "--expect", &head], &shortened).expect(1);
    assert!(ran.err.contains("not intact"), "{}", ran.err);

    let database = Connection::open(server.folder().join("countersign-data/countersign.db")).unwrap();
    assert!(database.execute("DELETE FROM audit_records WHERE seq = 2", []).unwrap() == 1);
    drop(database);
    let ran = server.run(&["audit", "verify", "--json"]).expect(1);
    assert_eq!(ran.json()["intact"], false);
    assert!(ran.out.contains("record 2 was cut out"), "{}", ran.out);
}

#[tokio::test]
async fn a_missing_export_or_a_malformed_head_is_told() {
    let _ = crate::support::run(&["audit", "verify", "--export", "missing.jsonl"]).expect(3);
    let _ = crate::support::run(&["audit", "verify", "--expect", "12"]).expect(2);
}
