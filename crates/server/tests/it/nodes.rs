//! Several nodes on one PostgreSQL database, as real processes on the loopback.

mod clocks;
mod failover;
mod fleet;
mod outage;
mod pair;
pub(crate) mod place;
mod rolling;
mod spread;
mod valkey;

use countersign_testkit::{Actor, Method, Process, ProcessBuilder, Reply, json};

use crate::support::{server, soon};
use place::Place;

/// What every node of one database is given.
const MASTER_KEY: &str = "c2FibGUtb3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci0";

/// A node to be.
fn node(url: &str) -> ProcessBuilder {
    server().setting("DATABASE", url).setting("MASTER_KEY", MASTER_KEY)
}

/// Three nodes that start at the same moment on a database where nothing is yet.
async fn three(url: &str) -> (Process, Process, Process) {
    let starts = [node(url), node(url), node(url)].map(|node| tokio::spawn(node.start()));
    let [a, b, c] = starts;
    (a.await.unwrap(), b.await.unwrap(), c.await.unwrap())
}

/// Shows an access token, whoever holds it.
async fn verifies(actor: &Actor, token: &str) -> Reply {
    actor.call(Method::GET, "/api/auth/verify").bearer(token).send().await
}

fn is_revoked(reply: &Reply) -> bool {
    (reply.status(), reply.code().as_str()) == (401, "TOKEN_REVOKED")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_at_one_node_refreshes_at_the_next_and_is_signed_out_of_all_by_the_third() {
    let Some(place) = Place::make().await else { return };
    let (a, b, c) = three(&place.url()).await;
    let ada = a.member("ada").await;
    let (at_b, at_c) = (b.meet_again(&ada), c.meet_again(&ada));

    assert_eq!(at_b.refresh().await.expect(200).refresh_case(), "5-rotated");
    for at in [&ada, &at_b, &at_c] {
        let _ = at.get("/api/auth/verify").await.expect(200);
    }
    let (token, loot) = (ada.access_token(), ada.loot());
    let _ = at_c.sign_out_everywhere().await.expect(200);

    // Where it was done it holds at once, elsewhere within the second.
    assert!(is_revoked(&verifies(&at_c, &token).await));
    for node in [&a, &b] {
        let visitor = node.stranger("visitor");
        let _: Reply = soon(|| verifies(&visitor, &token), is_revoked).await;
        assert!(is_revoked(&visitor.redeem(&loot).await));
    }
    for node in [&a, &b, &c] {
        assert!(!node.log().contains("upkeep fails"), "{}", node.log());
    }
    drop((a, b, c));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_signs_nobody_out_and_is_missed_by_nobody() {
    let Some(place) = Place::make().await else { return };
    let (mut a, b) = (node(&place.url()).start().await, node(&place.url()).start().await);
    let ada = a.member("ada").await;
    let _ = ada.refresh().await.expect(200);
    a.kill();

    let at_b = b.meet_again(&ada);
    assert_eq!(at_b.refresh().await.expect(200).refresh_case(), "5-rotated");
    let a = a.restart().await;
    let at_a = a.meet_again(&ada);
    let _ = at_a.get("/api/auth/verify").await.expect(200);
    assert_eq!(at_a.refresh().await.expect(200).refresh_case(), "5-rotated");

    drop((a, b));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_the_right_master_key_refuses_to_start_and_says_what_to_do() {
    let Some(place) = Place::make().await else { return };
    let first = node(&place.url()).start().await;
    let ada = first.member("ada").await;

    let other = "b3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci1zYWJsZS0";
    let ran = server().setting("DATABASE", &place.url()).setting("MASTER_KEY", other).run(&["serve"], "").expect(1);
    assert!(ran.err.contains("sealed under another master key"), "{}", ran.err);
    assert!(ran.err.contains("all of its nodes have in common"), "{}", ran.err);

    let keyless =
        server().setting("DATABASE", &place.url()).setting("DATA_DIR", "keyless").run(&["serve"], "").expect(1);
    assert!(keyless.err.contains("has no master key") && keyless.err.contains("keyless/master.key"), "{}", keyless.err);
    assert!(!keyless.err.contains("options["), "the address is shown without its options: {}", keyless.err);

    let _ = ada.refresh().await.expect(200);
    drop(first);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_node_makes_the_master_key_and_a_second_one_with_a_copy_of_it_joins() {
    let Some(place) = Place::make().await else { return };
    let url = place.url();
    let first = server().setting("DATABASE", &url).start().await;
    let ada = first.member("ada").await;
    let key = std::fs::read_to_string(first.folder().join("countersign-data/master.key")).unwrap();
    assert!(first.log().contains("every further node needs a copy"), "{}", first.log());
    assert!(!first.log().contains(key.trim()));
    assert!(!first.folder().join("countersign-data/countersign.db").exists(), "there is no second database");

    let second = server().setting("DATABASE", &url).setting("MASTER_KEY", key.trim()).start().await;
    let _ = second.meet_again(&ada).refresh().await.expect(200);
    assert!(!second.folder().join("countersign-data").exists(), "a node that is given everything needs no directory");

    drop((first, second));
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_act_on_the_database_and_what_belongs_to_a_file_is_refused() {
    let Some(place) = Place::make().await else { return };
    let mut alone = node(&place.url());
    let none = alone.run(&["user", "list"], "").expect(3);
    assert!(none.err.contains("there is no database at postgres://127.0.0.1"), "{}", none.err);
    assert_eq!(place.count("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").await, 0);
    let node = alone.start().await;
    let ada = node.member("ada").await;

    let listed = node.run(&["user", "list", "--json"]).expect(0);
    assert!(listed.out.contains(&ada.user_id()), "{}", listed.out);
    assert!(node.run(&["keys", "list"]).expect(0).out.contains("active"));
    assert!(node.run(&["audit", "verify"]).code == Some(0));
    let ended = node.run(&["session", "revoke", &ada.session_id()]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let _: Reply = soon(|| ada.get("/api/auth/verify"), is_revoked).await;

    let findings = node.run(&["doctor", "--json"]).expect(0).json();
    let states: Vec<_> = findings["findings"].as_array().unwrap().iter().map(|f| (&f["check"], &f["state"])).collect();
    for check in ["database", "clock", "keys", "audit", "backup", "permissions"] {
        assert!(states.contains(&(&json!(check), &json!("ok"))), "{check}: {findings}");
    }
    assert!(!states.iter().any(|(check, _)| [&json!("journal"), &json!("disk"), &json!("proxies")].contains(check)));
    for command in [&["backup"][..], &["restore", "auth.backup", "--end-all-sessions"]] {
        let refused = node.run(command).expect(2);
        assert!(refused.err.contains("pg_dump"), "{}", refused.err);
    }
    let shown = node.run(&["config", "show"]).expect(0);
    assert!(shown.out.contains("postgres://127.0.0.1") && !shown.out.contains("countersign@"), "{}", shown.out);

    drop(node);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_and_metrics_tell_of_the_pools() {
    let Some(place) = Place::make().await else { return };
    let node = node(&place.url())
        .setting("ADMIN__LISTEN", "127.0.0.1:0")
        .setting("POSTGRES__CONNECTIONS", "7")
        .setting("POSTGRES__HOT_CONNECTIONS", "3")
        .start()
        .await;
    let ada = node.member("ada").await;
    let _ = ada.refresh().await.expect(200);

    let ready = node.stranger("visitor").get("/readyz").await.expect(200);
    assert_eq!(ready.json()["checks"], json!({"database": "ok", "revocations": "ok", "writes": "ok"}));
    let metrics = node.operator().get("/metrics").await.expect(200).text();
    for (pool, most) in [("transactions", 7), ("hot", 3)] {
        let line = format!("countersign_database_connections{{pool=\"{pool}\",state=\"max\"}} {most}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }

    drop(node);
    place.drop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_told_without_its_password() {
    // Nobody listens on the port of discarded things.
    let url = "postgres://ada:canary@127.0.0.1:9/auth";
    let ran = node(url).run(&["serve"], "").expect(5);
    assert!(!ran.err.contains("canary"), "{}", ran.err);
    let ran = node(url).run(&["doctor"], "").expect(1);
    assert!(ran.out.contains("postgres://127.0.0.1:9/auth cannot be reached"), "{}", ran.out);
    assert!(!ran.out.contains("canary") && !ran.err.contains("canary"));
}
