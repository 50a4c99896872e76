//! A restart changes nothing for anybody.

use countersign_testkit::json;

use crate::support::server;

#[tokio::test]
async fn everyone_is_still_signed_in_after_a_restart() {
    let mut server = server().start().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    assert_eq!(server.terminate().code(), Some(0));

    let server = server.restart().await;

    for actor in [ada, bob] {
        let again = server.meet_again(&actor);
        assert_eq!(again.get("/api/user/profile").await.status(), 200, "the access token of before");
        let reply = again.refresh().await;
        assert_eq!((reply.status(), reply.refresh_case().as_str()), (200, "5-rotated"));
    }
}

#[tokio::test]
async fn whoever_was_signed_out_stays_out_after_a_restart() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let loot = ada.loot();
    assert_eq!(ada.sign_out().await.status(), 200);

    let server = server.restart().await;

    let thief = server.meet_again(&ada);
    thief.take(&loot);
    assert_eq!(thief.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(thief.refresh().await.code(), "TOKEN_REVOKED");
}

#[tokio::test]
async fn a_changed_password_is_the_password_after_a_kill() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let body = json!({"currentPassword": ada.password, "newPassword": "heron-violin-77-quarry"});
    assert_eq!(ada.post("/api/user/password", body).await.status(), 200);

    let server = server.restart().await;

    let elsewhere = server.meet_again(&ada).elsewhere();
    assert_eq!(elsewhere.sign_in().await.code(), "AUTH_FAILED");
    assert_eq!(elsewhere.sign_in_with("heron-violin-77-quarry").await.status(), 200);
}

#[tokio::test]
async fn another_algorithm_at_a_start_signs_anew_and_signs_nobody_out() {
    let mut builder = server();
    let _ = builder.run(&["user", "create", "zoe@example.com", "--name", "Zoe"], "sable-otter-41-lantern\n").expect(0);
    let listed = |builder: &mut countersign_testkit::ProcessBuilder| {
        builder.run(&["keys", "list", "--json"], "").expect(0).json()
    };
    assert_eq!(listed(&mut builder)["keys"][0]["algorithm"], "EdDSA");

    let mut builder = builder.setting("TOKENS__ALGORITHM", "ES256");
    let keys = listed(&mut builder);

    let states: Vec<_> =
        keys["keys"].as_array().unwrap().iter().map(|k| (k["algorithm"].clone(), k["state"].clone())).collect();
    assert!(states.contains(&(json!("ES256"), json!("active"))), "{states:?}");
    assert!(states.contains(&(json!("EdDSA"), json!("retired"))), "{states:?}");
}

#[tokio::test]
async fn a_command_that_was_not_told_the_algorithm_leaves_the_keys_alone() {
    let server = server().setting("TOKENS__ALGORITHM", "ES256").start().await;
    let before = server.run(&["keys", "list", "--json"]).expect(0).json();

    let data = server.folder().join("countersign-data");
    let mut other = crate::support::server();
    let after = other.run(&["keys", "list", "--json", "--data-dir", data.to_str().unwrap()], "").expect(0).json();

    assert_eq!(before, after);
}
