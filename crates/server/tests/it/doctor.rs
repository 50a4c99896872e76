//! `doctor`: each thing that goes wrong is told, with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use countersign_testkit::{Process, Ran, json};

use crate::support::{run, server};

/// State and hint of a check; the worst where it has several.
fn finding(ran: &Ran, check: &str) -> (String, String) {
    let json = ran.json();
    let all = json["findings"].as_array().unwrap_or_else(|| panic!("{}{}", ran.out, ran.err)).clone();
    let rank = |state: &str| ["ok", "warn", "fail"].iter().position(|s| *s == state);
    let mut of: Vec<_> = all.into_iter().filter(|f| f["check"] == check).collect();
    of.sort_by_key(|f| rank(f["state"].as_str().unwrap()));
    let worst = of.pop().unwrap_or_else(|| panic!("{check} is not there: {}", ran.out));
    (worst["state"].as_str().unwrap().to_owned(), worst["fix"].as_str().unwrap_or_default().to_owned())
}

fn doctor(server: &Process) -> Ran {
    server.run(&["doctor", "--json"])
}

#[tokio::test]
async fn a_server_that_is_well_has_one_warning_until_it_has_a_backup() {
    let server = server().start().await;
    let _ada = server.member("ada").await;

    let ran = doctor(&server);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert_eq!(finding(&ran, "backup").0, "warn");
    assert_eq!(server.run(&["doctor", "--strict"]).code, Some(1));

    let _ = server.run(&["backup"]).expect(0);
    let ran = server.run(&["doctor", "--strict", "--json"]).expect(0);
    for check in [
        "configuration",
        "listener",
        "permissions",
        "disk",
        "database",
        "clock",
        "keys",
        "audit",
        "backup",
        "journal",
        "proxies",
    ] {
        assert_eq!(finding(&ran, check).0, "ok", "{check}: {}", ran.out);
    }
    assert_eq!(ran.json()["failures"], 0);
}

#[tokio::test]
async fn what_others_can_read_is_told_with_the_command_that_mends_it() {
    let mut server = server().start().await;
    let data = server.folder().join("countersign-data");
    assert_eq!(server.terminate().code(), Some(0));
    fs::set_permissions(data.join("master.key"), fs::Permissions::from_mode(0o644)).unwrap();

    let ran = doctor(&server).expect(1);

    let (state, fix) = finding(&ran, "permissions");
    assert_eq!(state, "fail");
    assert!(fix.starts_with("chmod 600") && fix.ends_with("master.key"), "{fix}");
    assert_eq!(finding(&ran, "database").0, "fail", "and the database is not opened with it");
}

#[test]
fn settings_that_are_refused_or_unsafe_are_told() {
    let ran = run(&["doctor", "--json", "--set", "tokens.access_seconds=soon"]).expect(1);
    assert_eq!(finding(&ran, "configuration").0, "fail");

    let mut unsafe_one = server().setting("LIMITS__ENABLED", "false").public_url("https://auth.example.com");
    let ran = unsafe_one.run(&["doctor", "--json"], "").expect(1);
    assert_eq!(finding(&ran, "limits").0, "fail");
    let (state, fix) = finding(&ran, "listener");
    assert_eq!(state, "warn");
    assert!(fix.contains("TRUSTED_PROXIES") && fix.contains("TLS__CERTIFICATE"), "{fix}");
    assert_eq!(finding(&ran, "database").0, "warn", "there is none yet");
}

#[tokio::test]
async fn a_forwarding_header_from_an_unnamed_proxy_is_told() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let call = ada.elsewhere().call(countersign_testkit::Method::POST, "/api/auth/login");
    let body = json!({"email": ada.email, "password": ada.password});
    let reply = call.json(body).header("X-Forwarded-For", "203.0.113.9").send().await;
    assert_eq!(reply.status(), 200, "{reply}");
    assert_eq!(server.terminate().code(), Some(0));

    let ran = doctor(&server);

    let (state, fix) = finding(&ran, "proxies");
    assert_eq!(state, "warn", "{}", ran.out);
    assert!(fix.contains("TRUSTED_PROXIES=127.0.0.1"), "{fix}");
}

#[tokio::test]
async fn a_database_that_was_put_back_by_hand_is_told() {
    let mut server = server().start().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    assert_eq!(server.terminate().code(), Some(0));
    let database = server.folder().join("countersign-data/countersign.db");
    let old = fs::read(&database).unwrap();
    let mut server = server.restart().await;
    for person in [&ada, &bob] {
        assert_eq!(server.meet_again(person).sign_out().await.status(), 200);
    }
    assert_eq!(server.terminate().code(), Some(0));
    fs::write(&database, old).unwrap();

    let ran = doctor(&server).expect(1);

    let (state, fix) = finding(&ran, "journal");
    assert_eq!(state, "fail");
    assert!(fix.contains("countersign restore"), "{fix}");
    let server = server.restart().await;
    assert!(server.log().contains("older than the journal"), "{}", server.log());
}

#[tokio::test]
async fn a_damaged_database_is_told() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    assert_eq!(server.terminate().code(), Some(0));
    let database = server.folder().join("countersign-data/countersign.db");
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    fs::write(&database, bytes).unwrap();

    let ran = doctor(&server).expect(1);

    assert_eq!(finding(&ran, "database").0, "fail", "{}", ran.out);
    assert_eq!(ran.json()["ok"], json!(false));
}
