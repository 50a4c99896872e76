//! `countersign limits`, beside a running server.

use std::fs;

use countersign_testkit::{Actor, Process, Value};

use crate::support::{run, server};

const OTHER: &str = "wrong-horse-17-battery";

/// A day at a server: Ada mistypes three times and gets in, from a browser that her account does not know; somebody guesses at
/// Bob's password until he is stopped.
async fn day(server: &Process) -> (Actor, Actor) {
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let elsewhere = ada.elsewhere();
    for _ in 0..3 {
        assert_eq!(elsewhere.sign_in_with(OTHER).await.status(), 401);
    }
    let _ = elsewhere.sign_in().await.expect(200);
    let stranger = bob.elsewhere();
    for n in 0..7 {
        assert_eq!(stranger.sign_in_with(OTHER).await.status(), if n < 5 { 401 } else { 429 });
    }
    (ada, bob)
}

fn simulated(server: &Process, policy: &str, more: &[&str]) -> Value {
    let file = server.folder().join("policy.toml");
    fs::write(&file, policy).unwrap();
    let arguments = [&["limits", "simulate", "--policy", file.to_str().unwrap(), "--json"], more].concat();
    server.run(&arguments).expect(0).json()
}

fn limit<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["limits"].as_array().unwrap().iter().find(|limit| limit["name"] == name).unwrap()
}

/// How many acts are on record, looking at them aside.
fn acts(server: &Process) -> usize {
    let exported = server.run(&["audit", "export"]).expect(0).out;
    exported.lines().filter(|line| line.contains(r#""event""#) && !line.contains("audit_exported")).count()
}

#[tokio::test]
async fn a_proposal_is_replayed_and_names_whom_it_would_have_stopped() {
    let server = server().start().await;
    let (ada, bob) = day(&server).await;
    let before = acts(&server);

    let report = simulated(&server, "[limits]\nsign_in_address_account = \"2/15m\"\n", &[]);

    let found = limit(&report, "sign_in_address_account");
    assert_eq!((&found["now"]["limit"], &found["now"]["stopped"]), (&5.into(), &1.into()), "{report}");
    assert_eq!((&found["proposed"]["limit"], &found["proposed"]["windowSeconds"]), (&2.into(), &900.into()));
    assert_eq!((&found["proposed"]["stopped"], &found["proposed"]["likelyHonest"]), (&6.into(), &1.into()));
    let whom: Vec<_> = found["whom"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| {
            (
                w["subject"].as_str().unwrap(),
                w["times"].as_u64().unwrap(),
                &w["gotIn"] == true,
                &w["stoppedNowToo"] == true,
            )
        })
        .collect();
    assert_eq!(whom, [(ada.user_id().as_str(), 2, true, false), (bob.user_id().as_str(), 4, false, true)]);
    assert!(found["whom"][0]["network"].as_str().unwrap().starts_with("127."), "{found}");
    assert_eq!(report["refusalsOnRecord"], 1);
    assert_eq!(limit(&report, "sign_in_address")["proposed"]["stopped"], 0, "what is not named stays");
    assert_eq!(acts(&server), before, "nothing is written");
}

#[tokio::test]
async fn the_same_is_told_to_people_and_for_a_part_of_the_trail() {
    let server = server().start().await;
    let (ada, _) = day(&server).await;
    let file = server.folder().join("policy.toml");
    fs::write(&file, "limits.sign_in_address_account = \"2/15m\"\n").unwrap();
    let path = file.to_str().unwrap();

    let told = server.run(&["limits", "simulate", "--policy", path]).expect(0).out;

    for part in
        ["5/15m", "2/15m", "6 (1)", ada.user_id().as_str(), "127.0.0.1", "holds the first refusal of each window"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("@"), "no address of mail: {told}");
    let report =
        simulated(&server, "limits.register_address = \"1/1h\"", &["--since", "2025-01-01", "--until", "2025-01-02"]);
    assert_eq!(report["acts"], 0);
    let told = server.run(&["limits", "simulate", "--policy", path, "--since", "2025-01-01", "--until", "2025-01-02"]);
    assert!(told.expect(0).out.contains("stopped nobody"));
    let _ = server.run(&["limits", "simulate", "--policy", path, "--since", "1h", "--until", "2h"]).expect(2);
    let _ = server.run(&["limits", "simulate", "--policy", path, "--since", "yesterday"]).expect(2);
}

#[tokio::test]
async fn a_proposal_that_is_none_is_refused() {
    let server = server().start().await;
    let file = server.folder().join("policy.toml");
    for (policy, wanted) in [
        ("limits.sign_in_adress = \"2/15m\"", "did you mean limits.sign_in_address"),
        ("tokens.access_seconds = 60", "unknown setting tokens.access_seconds"),
        ("limits.sign_in_address = \"2/15d\"", "like 5/15m"),
        ("limits.sign_in_address = 2/15m", "line 1"),
    ] {
        fs::write(&file, policy).unwrap();
        let ran = server.run(&["limits", "simulate", "--policy", file.to_str().unwrap()]).expect(2);
        assert!(ran.err.contains(wanted), "{policy}: {}", ran.err);
    }
    let _ = server.run(&["limits", "simulate", "--policy", "missing.toml"]).expect(3);
}

#[test]
fn the_limits_that_hold_are_shown() {
    let told = run(&["limits", "show", "--set", "limits.sign_in_address=7/1m"]).expect(0).out;
    let line = |name: &str| told.lines().find(|line| line.trim().starts_with(name)).unwrap_or_default().to_owned();
    for (name, parts) in [
        ("sign_in_address ", ["7/1m", "30/15m", "429"]),
        ("sign_in_account ", ["20/1h", "20/1h", "428"]),
        ("claim_admin_account ", ["10/1h", "10/1h", "429"]),
        ("admin_account ", ["300/1m", "300/1m", "429"]),
        ("sign_in_country ", ["none", "none", "429"]),
    ] {
        assert!(parts.iter().all(|part| line(name).contains(part)), "{name}: {told}");
    }

    let json = run(&["limits", "show", "--json", "--set", "limits.enabled=false"]).expect(0).json();
    assert_eq!((&json["enabled"], &json["challengeDifficulty"]), (&false.into(), &50_000.into()));
    let first = &json["limits"][0];
    assert_eq!(
        (&first["name"], &first["windowSeconds"], &first["isDefault"]),
        (&"sign_in_address_account".into(), &900.into(), &true.into())
    );
}
