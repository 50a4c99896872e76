//! A full disk. The operating system lets no file of the process grow, which a file system without room does as well; then it does
//! again, and nobody restarts anything.

use countersign_testkit::{Process, Reply};

use crate::support::{bound, server, soon};

fn fill(server: &Process) {
    bound(server.id(), "fsize=0:");
}

fn make_room(server: &Process) {
    bound(server.id(), "fsize=unlimited:");
}

fn checks(reply: &Reply) -> String {
    reply.json()["checks"].to_string()
}

// attack 124
#[tokio::test]
async fn a_full_disk_is_a_503_that_changes_nothing_and_room_alone_heals_it() {
    let server = server().start().await;
    let (ada, ben, gone) = (server.member("ada").await, server.member("ben").await, server.member("gone").await);
    let copied = gone.loot();
    let _ = gone.sign_out().await.expect(200);
    gone.take(&copied);
    let _ = ada.get("/api/auth/verify").await.expect(200);
    let cleo = server.stranger("cleo");

    fill(&server);
    for round in 0..2 {
        for (what, reply) in [
            ("sign-up", cleo.register().await),
            ("sign-in", ben.elsewhere().sign_in().await),
            ("sign-in with a wrong password", ben.elsewhere().sign_in_with("not the password").await),
            ("refresh", ada.refresh_as_sdk().await),
            ("sign-out", ben.sign_out().await),
            ("sign-out everywhere", ada.sign_out_everywhere().await),
            ("rename", ada.patch("/api/user/profile", countersign_testkit::json!({"name": "Ada L."})).await),
        ] {
            assert_eq!(
                (reply.status(), reply.code().as_str()),
                (503, "OVERLOADED"),
                "{what}, {round}: {}",
                reply.text()
            );
            assert!(!reply.header("retry-after").is_empty(), "{what}, {round}");
            assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{what}, {round}");
        }
        // What only reads goes on.
        let _ = ada.get("/api/auth/verify").await.expect(200);
        let _ = ben.get("/api/auth/verify").await.expect(200);
        let _ = ada.get("/api/user/profile").await.expect(200);
        assert_eq!(gone.get("/api/auth/verify").await.code(), "TOKEN_REVOKED");
    }
    let _ = server.stranger("ada").get("/healthz").await.expect(200);
    let unready = server.stranger("ada").get("/readyz").await.expect(503);
    assert_eq!(checks(&unready), r#"{"database":"ok","revocations":"ok","writes":"failing"}"#);

    make_room(&server);
    let visitor = server.stranger("visitor");
    let _ = soon(|| visitor.get("/readyz"), |reply| reply.status() == 200).await;
    assert_eq!(ada.refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated", "no refresh was half done");
    let _ = ben.refresh().await.expect(200);
    let _ = cleo.register().await.expect(201);
    assert_eq!(ada.get("/api/user/profile").await.text_at("/name"), "ada");
    assert_eq!(gone.get("/api/auth/verify").await.code(), "TOKEN_REVOKED");
    let _ = server.run(&["audit", "verify"]).expect(0);

    let server = server.restart().await;
    for person in [&ada, &ben, &cleo] {
        let _ = server.meet_again(person).refresh().await.expect(200);
    }
}

// attack 124
#[tokio::test]
async fn what_was_answered_before_the_disk_was_full_survives_a_power_failure_in_that_state() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let out = server.member("out").await;
    let _ = ada.refresh_as_sdk().await.expect(200);
    let copied = out.loot();
    let _ = out.sign_out().await.expect(200);
    fill(&server);
    let _ = server.stranger("nobody").register().await.expect(503);
    let _ = ada.refresh_as_sdk().await.expect(503);

    server.kill();
    let server = server.restart().await;

    let ada = server.meet_again(&ada);
    assert_eq!(ada.refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated");
    let out = server.meet_again(&out);
    out.take(&copied);
    assert_eq!(out.refresh().await.code(), "TOKEN_REVOKED");
    let _ = server.stranger("nobody").sign_in().await.expect(401);
}
