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
    let records = export.lines().filter(|line| line.starts_with("{\"seq\":")).count();
    assert_eq!(records as u64, report["sealed"].as_u64().unwrap());
    let head = report["head"].as_str().unwrap();
    let key = server.run(&["audit", "key", "--json"]).expect(0).json()["kid"].as_str().unwrap().to_owned();
    let arguments = ["audit", "verify", "--export", "-", "--expect", head, "--key", &key, "--json"];
    let again = server.run_with(&arguments, &export).expect(0).json();
    assert_eq!((&again["head"], &again["unsigned"], &again["key"]), (&report["head"], &0.into(), &key.into()));
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
    let shortened: String = export.lines().take(5).map(|line| format!("{line}\n")).collect();
    let ran = server.run_with(&["audit", "verify", "--export", "-", "--expect", &head], &shortened).expect(1);
    assert!(ran.err.contains("not intact"), "{}", ran.err);

    let database = Connection::open(server.folder().join("countersign-data/countersign.db")).unwrap();
    assert!(database.execute("DELETE FROM audit_records WHERE seq = 2", []).unwrap() == 1);
    drop(database);
    let ran = server.run(&["audit", "verify", "--json"]).expect(1);
    assert_eq!(ran.json()["intact"], false);
    let finding = &ran.json()["findings"][0];
    assert_eq!((&finding["kind"], &finding["first"], &finding["last"]), (&"cut_out".into(), &2.into(), &2.into()));
    assert_eq!(finding["text"], "record 2 was cut out");
}

#[tokio::test]
async fn a_missing_export_or_a_malformed_head_is_told() {
    let _ = crate::support::run(&["audit", "verify", "--export", "missing.jsonl"]).expect(3);
    let _ = crate::support::run(&["audit", "verify", "--expect", "12"]).expect(2);
}

#[tokio::test]
async fn the_trail_is_searched_by_person_session_kind_time_and_address() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let bob = server.member("bob").await;
    let _ = ada.elsewhere().sign_in_with("wrong-horse-17-battery").await;
    let _ = server.run(&["user", "disable", "bob@example.com"]).expect(0);
    let events = |arguments: &[&str]| -> Vec<String> {
        let json = server.run(&[&["audit", "query", "--json"], arguments].concat()).expect(0).json();
        let text = |line: &serde_json::Value| line["record"]["event"].as_str().unwrap_or_default().to_owned();
        json["data"].as_array().unwrap().iter().map(text).collect()
    };

    assert_eq!(events(&["--user", "ada@example.com"]), ["sign_in_failed", "signed_up"]);
    assert_eq!(events(&["--user", &bob.user_id()]), ["account_disabled", "signed_up"]);
    assert_eq!(events(&["--session", &ada.session_id()]), ["signed_up"]);
    assert_eq!(
        events(&["--event", "sign_in_failed", "--event", "account_disabled"]),
        ["account_disabled", "sign_in_failed"]
    );
    assert_eq!(events(&["--outcome", "refused"]), ["sign_in_failed"]);
    assert_eq!(events(&["--address", "127.0.0.0/8"]), ["sign_in_failed", "signed_up", "signed_up"]);
    assert_eq!(events(&["--address", "192.0.2.0/24"]), [""; 0]);
    assert_eq!(events(&["--user", "ada@example.com", "--since", "1h", "--event", "signed_up"]), ["signed_up"]);
    assert_eq!(events(&["--user", "ada@example.com", "--until", "2020-01-01"]), [""; 0]);
    let first = server.run(&["audit", "query", "--limit", "1", "--event", "signed_up", "--json"]).expect(0).json();
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(first["data"][0]["record"]["subject"], *bob.user_id());
    let second =
        server.run(&["audit", "query", "--limit", "1", "--event", "signed_up", "--after", &cursor, "--json"]).expect(0);
    assert_eq!(second.json()["data"][0]["record"]["subject"], *ada.user_id());
    assert_eq!(second.json()["nextCursor"], serde_json::Value::Null);
    let table = server.run(&["audit", "query", "--limit", "1"]).expect(0);
    assert!(table.out.lines().count() == 2 && table.err.contains("--after"), "{table:?}");
    let _ = server.run(&["audit", "query", "--since", "yesterday"]).expect(2);
    let _ = server.run(&["audit", "query", "--address", "somewhere"]).expect(2);
    let _ = server.run(&["audit", "query", "--user", "eve@example.com"]).expect(3);
}

// attack 101
#[tokio::test]
async fn a_checkpoint_that_was_printed_finds_a_trail_that_was_made_anew() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    let printed = server.run(&["audit", "checkpoint", "--sign"]).expect(0).out;
    assert_eq!(printed.lines().count(), 1, "one line");
    assert_eq!(server.terminate().code(), Some(0));
    let kept = server.folder().join("kept.txt");
    std::fs::write(&kept, &printed).unwrap();
    let kept = kept.to_str().unwrap();
    let _ = server.run(&["audit", "verify", "--checkpoint", kept]).expect(0);

    let database = Connection::open(server.folder().join("countersign-data/countersign.db")).unwrap();
    database
        .execute_batch(
            "DELETE FROM audit_records; DELETE FROM audit_checkpoints; UPDATE audit_head SET seq = 0, hash = NULL",
        )
        .unwrap();
    drop(database);
    let server = server.restart().await;
    for name in ["bob", "eve", "joe", "kim"] {
        let _ = server.member(name).await;
    }
    let _ = server.run(&["audit", "checkpoint", "--sign"]).expect(0);

    let _ = server.run(&["audit", "verify"]).expect(0);
    let ran = server.run(&["audit", "verify", "--checkpoint", kept, "--json"]).expect(1);
    assert_eq!(ran.json()["findings"][0]["kind"], "made_anew", "{}", ran.out);
}

#[tokio::test]
async fn an_export_to_a_file_appears_whole_and_is_on_record() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let (path, key) = (server.folder().join("trail.jsonl"), server.folder().join("key.jwk"));
    let out = path.to_str().unwrap();

    let told = server.run(&["audit", "export", "--out", out, "--json"]).expect(0).json();

    assert_eq!(told["first"], 1);
    std::fs::write(&key, server.run(&["audit", "key"]).expect(0).out).unwrap();
    let key = key.to_str().unwrap();
    let report = crate::support::run(&["audit", "verify", "--export", out, "--key", key, "--json"]).expect(0).json();
    assert_eq!(
        (&report["head"].as_str().unwrap().starts_with(&format!("{}:", told["last"])), &report["unsigned"]),
        (&true, &0.into())
    );
    let names: Vec<_> = std::fs::read_dir(server.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "no part is left: {names:?}");
    let asked = server.run(&["audit", "query", "--event", "audit_exported", "--json"]).expect(0).json();
    assert_eq!(asked["data"][0]["record"]["detail"]["last"], told["last"].to_string());
    let _ = server.run(&["audit", "export", "--out", "/no/such/folder/trail.jsonl"]).expect(1);
}

#[tokio::test]
async fn starts_stops_settings_and_refused_commands_are_on_record() {
    let mut server = server().start().await;
    let _ = server.run(&["user", "disable", "canary@example.com"]).expect(3);
    let _ = server.run(&["role", "delete", "admin"]).expect(4);
    assert_eq!(server.terminate().code(), Some(0));
    let server = server.restart().await;
    let trail = |server: &countersign_testkit::Process| {
        let json = server.run(&["audit", "tail", "--limit", "200", "--json"]).expect(0).json();
        let line = |line: &serde_json::Value| {
            let record = &line["record"];
            let command = record["detail"]["command"].as_str().unwrap_or_default();
            format!("{} {} {command}", record["event"].as_str().unwrap(), record["reason"].as_str().unwrap_or_default())
        };
        let lines: Vec<String> = json["data"].as_array().unwrap().iter().map(line).collect();
        (lines.into_iter().filter(|line| !line.starts_with("signing_key")).collect::<Vec<_>>(), json.to_string())
    };

    let (lines, text) = trail(&server);

    assert_eq!(
        lines,
        [
            "server_started  ",
            "command_refused not_found user disable",
            "command_refused denied role delete",
            "server_stopped  ",
            "server_started  ",
        ]
    );
    assert!(!text.contains("canary"));
}

#[tokio::test]
async fn a_start_with_other_settings_is_on_record_without_any_setting() {
    let mut before = server().start().await;
    assert_eq!(before.terminate().code(), Some(0));
    let data = before.folder().join("countersign-data");
    let data = data.to_str().unwrap();

    let after = server().setting("DATA_DIR", data).setting("AUDIT__RETENTION_DAYS", "31").start().await;

    let asked = after.run(&["audit", "query", "--event", "settings_changed", "--json"]).expect(0).json();
    let detail = &asked["data"][0]["record"]["detail"];
    assert_ne!(detail["before"], detail["settings"]);
    assert_eq!(detail["settings"].as_str().map(str::len), Some(16));
}
