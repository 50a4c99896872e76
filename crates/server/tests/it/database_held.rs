//! A database that another process holds and does not let go of: everything that writes waits for as long as the lock is waited
//! for and no longer, whatever its number, and what reads does not wait at all.

use countersign_testkit::{Reply, json};
use futures_util::future::join_all;
use rusqlite::Connection;

use crate::support::{server, soon};

// attack 124
// bug S43
#[tokio::test]
async fn a_database_that_is_held_refuses_all_who_write_together_and_verify_goes_on() {
    let server = server().setting("LIMITS__ENABLED", "false").start().await;
    let mut crowd = Vec::new();
    // More than fit into one commit of refreshes.
    for n in 0..68 {
        crowd.push(server.member(&format!("member{n}")).await);
    }
    let (ada, ben) = (server.member("ada").await, server.member("ben").await);
    let path = server.folder().join("countersign-data/countersign.db");
    let lock = Connection::open(path).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let refreshes = join_all(crowd.iter().map(|one| one.refresh()));
    let elsewhere = ben.elsewhere();
    let others = async {
        let (signed_in, signed_out, renamed) = tokio::join!(
            elsewhere.sign_in_with("not the password"),
            ada.sign_out(),
            ben.patch("/api/user/profile", json!({"name": "Ben K."})),
        );
        [signed_in, signed_out, renamed]
    };
    let readers = async {
        // Some were seen before, some were not: neither waits for whoever waits for the lock.
        for one in crowd.iter().chain([&ada, &ben]) {
            let _ = one.get("/api/auth/verify").await.expect(200);
            let _ = one.get("/api/user/profile").await.expect(200);
        }
    };
    let (refreshes, others, ()) = tokio::join!(refreshes, others, readers);
    let unready = server.stranger("visitor").get("/readyz").await;
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);

    for reply in refreshes.iter().chain(&others) {
        assert_eq!((reply.status(), reply.code().as_str()), (503, "OVERLOADED"), "{}", reply.text());
        assert!(!reply.header("retry-after").is_empty());
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }
    assert_eq!(unready.json()["checks"], json!({"database": "ok", "revocations": "ok", "writes": "failing"}));
    let visitor = server.stranger("visitor");
    let _: Reply = soon(|| visitor.get("/readyz"), |reply| reply.status() == 200).await;
    for one in &crowd {
        assert_eq!(one.refresh().await.expect(200).refresh_case(), "5-rotated", "no refresh was half done");
    }
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ben.get("/api/user/profile").await.text_at("/name"), "ben");
}
