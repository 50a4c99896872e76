//! The database goes back in time.

use std::sync::Arc;

use countersign_session::TokenError;
use countersign_store::{Delivery, EndReason, Hot, Store};
use countersign_store_sql::{Database, Options, SqlStore};

use crate::house::{House, minutes, seconds};
use crate::late::SlowStore;

#[tokio::test]
async fn a_session_that_is_ahead_of_a_restored_database_goes_on() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    ada.refresh(&house).await;
    let (house, backup) = house.backup().await;
    for _ in 0..3 {
        house.clock.advance(minutes(10));
        assert_eq!(ada.refresh(&house).await, "5-rotated");
    }

    let house = house.restore(&backup).await;
    let recovered = ada.refresh(&house).await;

    assert_eq!(recovered, "3-recovered");
    assert_eq!(house.events().await, ["session_recovered"]);
    let record = house.records().await.pop().unwrap();
    assert_eq!((&*record.detail["presented_generation"], &*record.detail["live_generation"]), ("4", "1"));
    let row = house.store.find_session_and_user(ada.session).await.unwrap().unwrap().0.row;
    assert_eq!(row.generation, 4 + 1_024, "past whatever the lost timeline may have issued");
    house.clock.advance(minutes(10));
    assert_eq!(ada.refresh(&house).await, "5-rotated");
}

#[tokio::test]
async fn a_second_tab_that_lags_behind_a_restored_database_is_no_thief() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let (house, backup) = house.backup().await;
    ada.refresh(&house).await;
    let lagging = ada.clone();
    house.clock.advance(minutes(10));
    ada.refresh(&house).await;

    let house = house.restore(&backup).await;
    ada.refresh(&house).await;
    house.clock.advance(seconds(20));

    assert_eq!(lagging.refresh_in_vain(&house).await, "7-late");
}

#[tokio::test]
async fn a_node_writes_again_what_a_failover_forgot() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut early = house.sign_in(&user, Delivery::Cookie).await;
    early.refresh(&house).await;
    house.sign_out(&early).await;
    let late = house.sign_in(&user, Delivery::Cookie).await;
    let bystander = house.sign_in(&user, Delivery::Cookie).await;
    let (house, backup) = house.backup().await;
    let door = SlowStore::new(&house);
    let node = house.floor_on(Arc::clone(&door) as Arc<dyn Store>).await;
    house.sign_out(&late).await;
    node.tick().await.unwrap();
    assert_eq!(node.verify(&late.access).unwrap_err(), TokenError::Revoked);

    // The primary is lost with its last commit; the node lives on.
    house.store.close().await;
    house.put_back(&backup);
    let restored = SqlStore::open(Database::Sqlite { path: house.path() }, house.env.clone(), Options::default()).await;
    let restored = restored.unwrap();
    assert_eq!(restored.heads().await.unwrap().0.seq, 1, "the second sign-out is gone");
    door.fail_over(&restored);
    node.tick().await.unwrap();

    assert_eq!(restored.heads().await.unwrap().0.seq, 2, "and is written again");
    assert_eq!(node.verify(&late.access).unwrap_err(), TokenError::Revoked, "it never counted less");
    let other = house.floor_on(restored as Arc<dyn Store>).await;
    assert_eq!(other.verify(&late.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(other.verify(&early.access).unwrap_err(), TokenError::Revoked);
    assert!(other.verify(&bystander.access).is_ok());
    let row = door.find_session_and_user(late.session).await.unwrap().unwrap().0.row;
    assert_eq!(row.ended.map(|ended| ended.reason), Some(EndReason::Restored), "nor does it come back with the row");
    node.tick().await.unwrap();
    assert_eq!(door.heads().await.unwrap().0.seq, 2, "once");
}

/// The new log has the numbers of the old one, and more: only their hashes tell that it is another.
#[tokio::test]
async fn a_node_is_not_taken_in_by_a_log_that_has_grown_past_what_it_forgot() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let browsers = [(); 4].map(|()| house.sign_in(&user, Delivery::Cookie));
    let mut signed_in = Vec::new();
    for browser in browsers {
        signed_in.push(browser.await);
    }
    let (house, backup) = house.backup().await;
    let door = SlowStore::new(&house);
    let node = house.floor_on(Arc::clone(&door) as Arc<dyn Store>).await;
    house.sign_out(&signed_in[0]).await;
    node.tick().await.unwrap();

    house.store.close().await;
    house.put_back(&backup);
    let restored = house.another_node().await;
    restored.sign_out(&signed_in[1]).await;
    restored.sign_out(&signed_in[2]).await;
    door.fail_over(&restored.store);
    node.tick().await.unwrap();

    for ended in &signed_in[..3] {
        assert_eq!(node.verify(&ended.access).unwrap_err(), TokenError::Revoked);
    }
    assert!(node.verify(&signed_in[3].access).is_ok());
    assert_eq!(restored.store.heads().await.unwrap().0.seq, 3, "the forgotten one is written again");
    restored.sessions.tick().await.unwrap();
    assert_eq!(restored.verify(&signed_in[0].access).unwrap_err(), TokenError::Revoked);
}
