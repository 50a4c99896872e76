//! `countersign migrate`: a running SQLite server becomes a PostgreSQL server, and nobody notices.
//!
//! What the copy does with single values is tested beside it (`crates/store-sql/src/moving`), and so are its refusals that need a
//! hand in the databases (`crates/store-sql/tests/it/moving.rs`).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use countersign_testkit::{Process, Ran, Reply, SecurityKey, Value, json};
use rusqlite::Connection;

use crate::nodes::place::Place;
use crate::support::server;

fn database(server: &Process) -> PathBuf {
    server.folder().join("countersign-data/countersign.db")
}

fn migrate(server: &Process, place: &Place, further: &[&str]) -> Ran {
    let url = place.url();
    server.run(&[&["migrate", "--from", "sqlite", "--to", &url][..], further].concat())
}

/// Every table of ours in the file, and how many rows it has.
fn rows(server: &Process) -> BTreeMap<String, i64> {
    let connection = Connection::open(database(server)).unwrap();
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%' AND name NOT LIKE '%sqlx%'";
    let names: Vec<String> =
        connection.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count =
        |name: &String| connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0)).unwrap();
    names.iter().filter(|name| *name != "moved_to").map(|name| (name.clone(), count(name))).collect()
}

fn case(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.refresh_case())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_stays_signed_in_and_whoever_was_signed_out_stays_out() {
    let Some(place) = Place::make().await else { return };
    let mut old = server().start().await;
    let [ada, bob, eve, carl] =
        [old.member("ada").await, old.member("bob").await, old.member("eve").await, old.member("carl").await];
    let (_, codes) = ada.set_up_app().await;
    let key = SecurityKey::new("http://localhost:8420");
    let _ = bob.add_passkey(&key).await.expect(201);
    let _ = carl.refresh().await.expect(200);
    let asked = ada.elsewhere();
    let pending = asked.sign_in().await.expect(401);
    let (token, loot) = (eve.access_token(), eve.loot());
    let _ = eve.sign_out().await.expect(200);
    let machine = old.run(&["machine", "create", "orders", "--json"]).expect(0).json();

    let report = migrate(&old, &place, &["--json"]).expect(0).json();

    assert_eq!((&report["moved"], &report["auditTrailFindings"]), (&json!(true), &json!([])), "{report}");
    assert_eq!(old.ended().code(), Some(1), "it has stopped by itself, and not for good: {}", old.log());
    assert!(old.log().contains("start it with DATABASE set to that"), "{}", old.log());
    let new = old.restart_with("DATABASE", &place.url()).await;
    let [ada, bob, eve, carl] = [&ada, &bob, &eve, &carl].map(|person| new.meet_again(person));
    let _ = ada.get("/api/user/profile").await.expect(200);
    for person in [&ada, &bob, &carl] {
        assert_eq!(case(&person.refresh().await), (200, "5-rotated".to_owned()));
    }
    eve.set_access_token(&token);
    assert_eq!(eve.get("/api/auth/verify").await.code(), "TOKEN_REVOKED");
    assert_eq!(new.stranger("thief").redeem(&loot).await.code(), "TOKEN_REVOKED");
    let asked = new.meet_again(&asked);
    let _ = asked.second_step(&pending, "recovery", codes.first().unwrap()).await.expect(200);
    let _ = bob.elsewhere().sign_in_with_passkey(&key).await.expect(200);
    let _ = carl.elsewhere().sign_in().await.expect(200);
    assert_eq!(ada.elsewhere().sign_in().await.code(), "MFA_REQUIRED");
    let machines = new.run(&["machine", "list", "--json"]).expect(0);
    assert!(machines.out.contains(machine["machine"]["id"].as_str().unwrap()), "{}", machines.out);
    let verified = new.run(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!(verified["intact"], true, "{verified}");
    let listed = new.run(&["audit", "query", "--event", "database_moved", "--json"]).expect(0);
    assert!(listed.out.contains("database_moved") && !listed.out.contains("options["), "{}", listed.out);

    drop(new);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_of_the_file_is_in_the_copy() {
    let Some(place) = Place::make().await else { return };
    let mut old = server().start().await;
    let ada = old.member("ada").await;
    let _ = ada.set_up_app().await;
    let _ = ada.sign_out().await;
    assert_eq!(old.terminate().code(), Some(0));

    let report = migrate(&old, &place, &["--json"]).expect(0).json();

    let found = rows(&old);
    let told: BTreeMap<String, i64> = report["tables"].as_array().unwrap().iter().map(of_report).collect();
    assert_eq!(told, found);
    assert!(found.len() > 25 && found["audit_records"] > 5 && found["revocations"] > 0, "{found:?}");
    for (table, rows) in &found {
        // The move itself is on record in the copy.
        let more = i64::from(table == "audit_records");
        assert_eq!(place.count(&format!("SELECT count(*) FROM {table}")).await, rows + more, "{table}");
    }
    let here = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> '_sqlx_migrations'";
    assert_eq!(usize::try_from(place.count(here).await).unwrap(), found.len());
    place.drop().await;
}

fn of_report(table: &Value) -> (String, i64) {
    (table["table"].as_str().unwrap().to_owned(), table["rows"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_moved_is_closed_to_every_server_and_command() {
    let Some(place) = Place::make().await else { return };
    let mut old = server().start().await;
    let ada = old.member("ada").await;
    old.kill();
    let _ = migrate(&old, &place, &[]).expect(0);

    for command in [&["serve"][..], &["user", "list"], &["backup"], &["doctor"]] {
        let ran = old.run(command);
        assert_ne!(ran.code, Some(0));
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("was moved to postgres://127.0.0.1") && said.contains("--undo"), "{command:?}: {said}");
        assert!(!said.contains("options["), "{said}");
    }
    // A program of before knows nothing of the mark, and writes nothing all the same.
    let connection = Connection::open(database(&old)).unwrap();
    for (table, rows) in rows(&old).into_iter().filter(|(_, rows)| *rows > 0) {
        let refused = connection.execute(&format!("DELETE FROM {table}"), []).unwrap_err();
        assert!(refused.to_string().contains("moved"), "{table}: {refused}");
        assert!(rows > 0);
    }
    let again = migrate(&old, &place, &[]).expect(4);
    assert!(again.err.contains("nothing is left to be done"), "{}", again.err);

    let _ = migrate(&old, &place, &["--undo"]).expect(0);
    let refused = server().setting("DATABASE", &place.url()).run(&["serve"], "").expect(5);
    assert!(refused.err.contains("unfinished copy of a SQLite file"), "{}", refused.err);
    let old = old.restart().await;
    assert_eq!(case(&old.meet_again(&ada).refresh().await), (200, "5-rotated".to_owned()));
    drop(old);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_empty_is_not_moved_into_and_what_has_lived_is_not_taken_back() {
    let Some(place) = Place::make().await else { return };
    let other = Place::make().await.unwrap();
    let mut old = server().start().await;
    let ada = old.member("ada").await;
    let stranger = server().setting("DATABASE", &other.url()).start().await;
    let eve = stranger.member("eve").await;

    let refused = migrate(&old, &other, &[]).expect(4);
    assert!(refused.err.contains("is not empty"), "{}", refused.err);
    assert_eq!(migrate(&old, &place, &["--undo"]).code, Some(3));
    let planned = migrate(&old, &place, &["--dry-run", "--json"]).expect(0).json();
    assert!(planned["rows"].as_u64().unwrap() > 10, "{planned}");
    assert_eq!(place.count("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").await, 0);
    for person in [&ada, &eve] {
        let _ = person.refresh().await.expect(200);
    }
    let with_password =
        old.run(&["migrate", "--from", "sqlite", "--to", "postgres://ada:canary@127.0.0.1/db"]).expect(2);
    assert!(with_password.err.contains("COUNTERSIGN_DATABASE_FILE") && !with_password.err.contains("canary"));

    let _ = migrate(&old, &place, &[]).expect(0);
    let _ = old.ended();
    let elsewhere = migrate(&old, &other, &["--undo"]).expect(4);
    assert!(elsewhere.err.contains("not the database that the file was moved to"), "{}", elsewhere.err);
    let _ = eve.refresh().await.expect(200);
    let mut new = server().setting("DATABASE", &place.url()).setting("MASTER_KEY", &master_key(&old)).start().await;
    let _ = new.meet_again(&ada).sign_out().await.expect(200);
    assert_eq!(new.terminate().code(), Some(0));
    let late = migrate(&old, &place, &["--undo"]).expect(4);
    assert!(late.err.contains("has been used since"), "{}", late.err);
    let new = new.restart().await;
    assert_eq!(new.meet_again(&ada).refresh().await.status(), 401);

    drop((new, stranger));
    place.drop().await;
    other.drop().await;
}

fn master_key(server: &Process) -> String {
    fs::read_to_string(server.folder().join("countersign-data/master.key")).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_comes_from_the_setting_too() {
    let Some(place) = Place::make().await else { return };
    let mut old = server().start().await;
    let ada = old.member("ada").await;
    old.kill();
    let none = old.run(&["migrate", "--from", "sqlite", "--to", "postgres"]).expect(2);
    assert!(none.err.contains("COUNTERSIGN_DATABASE_FILE"), "{}", none.err);
    let settings = old.folder().join("countersign.toml");
    fs::write(&settings, format!("database = {:?}\n", place.url())).unwrap();
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o600)).unwrap();

    let ran = old.run(&["migrate", "--from", "sqlite", "--to", "postgres"]).expect(0);

    assert!(ran.out.contains("nobody could write for"), "{}", ran.out);
    // With the setting in place before, whoever keeps the server running starts it on the new database.
    let new = old.restart().await;
    assert_eq!(case(&new.meet_again(&ada).refresh().await), (200, "5-rotated".to_owned()));
    drop(new);
    place.drop().await;
}
