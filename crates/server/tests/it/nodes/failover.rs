//! The primary dies, and a standby is promoted that lacks its last commits.

use std::time::Duration;

use countersign_testkit::Reply;
use sqlx::{Connection, PgConnection};

use super::pair::Pair;
use super::place::Place;
use super::{is_revoked, node, verifies};
use crate::cable::Cable;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_go_on_and_sign_outs_hold_after_a_failover_that_lost_both() {
    let Some(mut pair) = Pair::start() else { return };
    let place = Place::on(&pair.primary()).await;
    let on_standby = place.moved_to(&pair.standby());
    let cable = Cable::to(place.server_address()).await;
    let url = place.url_by(cable.address);
    let (a, b) = (node(&url).start().await, node(&url).start().await);
    let (ada, ben) = (a.member("ada").await, a.member("ben").await);
    let _ = ada.refresh().await.expect(200);
    let _ = b.meet_again(&ben).get("/api/auth/verify").await.expect(200);
    stop_following(&pair).await;

    // All of this is acknowledged, and the standby never hears of it.
    for _ in 0..3 {
        assert_eq!(ada.refresh().await.expect(200).refresh_case(), "5-rotated");
    }
    let (token, loot) = (ben.access_token(), ben.loot());
    let _ = ben.sign_out().await.expect(200);
    let (at_a, at_b) = (a.stranger("a"), b.stranger("b"));
    let _: Reply = soon(|| verifies(&at_b, &token), is_revoked).await;

    pair.kill_primary();
    cable.pull();
    assert!(is_revoked(&verifies(&at_a, &token).await), "from memory");
    assert_eq!(on_standby.count("SELECT count(*) FROM revocations").await, 0, "it knows of no sign-out");
    // First it leads to a standby that is none the wiser, then that is promoted.
    cable.lead_to(on_standby.server_address());
    cable.release();
    let visitor = a.stranger("visitor");
    let _: Reply = soon(|| visitor.get("/readyz"), |reply| reply.json()["checks"]["database"] == "ok").await;
    let refused = a.stranger("cleo").register().await;
    assert_eq!((refused.status(), refused.code().as_str()), (503, "OVERLOADED"), "{}", refused.text());
    assert_eq!(visitor.get("/readyz").await.expect(503).json()["checks"]["writes"], "failing");
    promote(&pair).await;

    for node in [&a, &b] {
        let visitor = node.stranger("visitor");
        let _: Reply = soon(|| visitor.get("/readyz"), |reply| reply.status() == 200).await;
    }
    let went_on = soon(|| ada.refresh(), |reply| reply.status() == 200).await;
    assert_eq!(went_on.refresh_case(), "3-recovered");
    let recovered = "SELECT count(*) FROM audit_records WHERE event = 'session_recovered'";
    assert_eq!(on_standby.count(recovered).await, 1);
    assert_eq!(b.meet_again(&ada).refresh().await.expect(200).refresh_case(), "5-rotated");

    for at in [&at_a, &at_b] {
        assert!(is_revoked(&verifies(at, &token).await), "it never counted less");
    }
    // A node that knows nothing but the new primary refuses him, too: by his access token and by his session.
    let c = node(&url).start().await;
    let at_c = c.stranger("c");
    let _: Reply = soon(|| verifies(&at_c, &token), is_revoked).await;
    let out = at_c.redeem(&loot).await;
    assert_eq!((out.status(), out.code().as_str()), (401, "TOKEN_REVOKED"), "{}", out.text());
}

/// Waits until the standby has all there is, and cuts it off.
async fn stop_following(pair: &Pair) {
    let mut primary = PgConnection::connect(&pair.primary()).await.unwrap();
    let at: String = sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut primary).await.unwrap();
    let mut standby = PgConnection::connect(&pair.standby()).await.unwrap();
    let has_all = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn";
    for _ in 0..500 {
        if sqlx::query_scalar::<_, bool>(has_all).bind(&at).fetch_one(&mut standby).await.unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for statement in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
        sqlx::query(statement).execute(&mut standby).await.unwrap();
    }
    let is_alone = "SELECT count(*) = 0 FROM pg_stat_wal_receiver";
    for _ in 0..500 {
        if sqlx::query_scalar::<_, bool>(is_alone).fetch_one(&mut standby).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the standby goes on following")
}

async fn promote(pair: &Pair) {
    let mut standby = PgConnection::connect(&pair.standby()).await.unwrap();
    let promoted: bool = sqlx::query_scalar("SELECT pg_promote()").fetch_one(&mut standby).await.unwrap();
    assert!(promoted);
}
