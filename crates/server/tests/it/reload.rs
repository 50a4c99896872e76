//! SIGHUP: what a running server takes up, and what it leaves.

use std::fs;

use countersign_testkit::Process;

use crate::support::server;

fn settings(server: &Process, text: &str) {
    fs::write(server.folder().join("countersign.toml"), text).unwrap();
}

fn reload(server: &Process, says: &str) {
    server.signal("HUP");
    server.until_log(says, 1);
}

#[tokio::test]
async fn limits_proxies_and_the_level_of_the_log_are_taken_up() {
    let server = server().start().await;
    let _ada = server.member("ada").await;

    settings(
        &server,
        "trusted_proxies = [\"10.0.0.0/8\"]\n[limits]\nregister_address = \"1/1h\"\n[log]\nlevel = \"debug\"\n",
    );
    reload(&server, "taken up: trusted_proxies, log.level, limits.register_address");

    let refused = server.stranger("bob").register().await;
    assert_eq!(refused.code(), "RATE_LIMITED", "what was counted before counts");
    settings(&server, "[limits]\nregister_address = \"5/1h\"\n");
    reload(&server, "taken up: trusted_proxies, log.level, limits.register_address");
    server.until_log("taken up:", 2);
    assert_eq!(server.stranger("carol").register().await.status(), 201);
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_nothing_of_it_is_done() {
    let server = server().start().await;
    settings(&server, "[tokens]\naccess_seconds = 60\n[refresh]\nwindow_seconds = 20\n");

    reload(&server, "needs a restart: tokens.access_seconds, refresh.window_seconds");

    assert!(!server.log().contains("taken up:"), "{}", server.log());
    let ada = server.member("ada").await;
    let claims = ada.claims();
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!(life > 800, "the life of before: {life}");
}

#[tokio::test]
async fn settings_that_are_wrong_change_nothing() {
    let server = server().start().await;
    for (text, says) in [
        ("[limits]\nregister_adress = \"1/1h\"\n", "did you mean limits.register_address?"),
        ("[limits]\nregister_address = \"1/1h\"\n[cors]\nallowed_origins = [\"https://example.org\"]\n", "same-site"),
        ("[limits\n", "countersign.toml line 1"),
    ] {
        settings(&server, text);
        reload(&server, says);
    }
    assert!(server.log().contains("the settings stay as they were"), "{}", server.log());
    for name in ["ada", "bob"] {
        assert_eq!(server.stranger(name).register().await.status(), 201);
    }
}
