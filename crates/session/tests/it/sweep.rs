//! What is over goes.

use countersign_kernel::Lifetime;
use countersign_store::{Delivery, Hot, Store};

use crate::house::{House, minutes};

#[tokio::test]
async fn a_session_is_kept_a_day_past_its_end_and_then_swept() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.clock.advance(Lifetime::from_days(30) + minutes(24 * 60 - 1));
    house.sessions.tick().await.unwrap();
    assert_eq!(ada.refresh_in_vain(&house).await, "2-expired");

    house.clock.advance(minutes(2));
    house.sessions.tick().await.unwrap();

    assert_eq!(ada.refresh_in_vain(&house).await, "2-unknown");
    assert!(house.store.find_session_and_user(ada.session).await.unwrap().is_none());
}

#[tokio::test]
async fn revocations_are_swept_with_their_last_token() {
    let house = House::new().await;
    let user = house.user("ada").await;
    house.sign_out(&house.sign_in(&user, Delivery::Cookie).await).await;
    let logged = || async { house.store.snapshot().await.unwrap().list_revocations(0, 10).await.unwrap().len() };
    assert_eq!(logged().await, 1);
    assert!(!house.sessions.revocations().is_empty());

    house.clock.advance(minutes(20));
    house.sessions.tick().await.unwrap();

    assert_eq!(logged().await, 0);
}

#[tokio::test]
async fn a_crowd_that_is_over_goes_in_batches() {
    let house = House::new().await;
    let user = house.user("ada").await;
    for _ in 0..450 {
        house.sign_in(&user, Delivery::Cookie).await;
    }
    house.clock.advance(Lifetime::from_days(32));

    for _ in 0..3 {
        house.sessions.tick().await.unwrap();
    }

    let mut tx = house.store.begin().await.unwrap();
    let now = tx.now();
    assert_eq!(tx.sweep_sessions(now, 100).await.unwrap(), 0, "all are gone");
}
