//! A process that has not heard of revocations for too long: a stale guard itself (DESIGN section 2).

use std::sync::atomic::Ordering;

use countersign_kernel::Lifetime;
use countersign_session::{Policy, Sessions, TokenError, WhenStale};
use countersign_store::Delivery;

use crate::house::{Browser, House, minutes, policy, seconds};
use crate::late::{SlowStore, slow_with};

/// A floor under this policy, with somebody signed in and somebody signed out.
async fn floor(when_stale: WhenStale) -> (House, std::sync::Arc<SlowStore>, Sessions, Browser, Browser) {
    let (house, store, sessions) = slow_with(Policy { max_staleness: seconds(60), when_stale, ..policy() }).await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let gone = house.sign_in(&house.user("gone").await, Delivery::Cookie).await;
    house.sign_out(&gone).await;
    sessions.tick().await.unwrap();
    (house, store, sessions, ada, gone)
}

#[tokio::test]
async fn after_a_minute_of_silence_what_is_known_is_stale_and_not_before() {
    let (house, store, sessions, ada, gone) = floor(WhenStale::Flag).await;
    store.is_down.store(true, Ordering::SeqCst);

    house.clock.advance(seconds(60));
    assert!(sessions.tick().await.is_err());
    assert_eq!(sessions.staleness(), None);
    house.clock.advance(Lifetime::from_micros(1));

    assert_eq!(sessions.staleness(), Some(seconds(60) + Lifetime::from_micros(1)));
    assert!(sessions.verify(&ada.access).is_ok(), "accepted, for whoever asks to flag");
    assert_eq!(sessions.verify(&gone.access).unwrap_err(), TokenError::Revoked);
    store.is_down.store(false, Ordering::SeqCst);
    sessions.tick().await.unwrap();
    assert_eq!(sessions.staleness(), None);
}

#[tokio::test]
async fn a_policy_may_refuse_what_is_not_known_to_be_good_and_nothing_else_changes_its_name() {
    let (house, store, sessions, ada, gone) = floor(WhenStale::Refuse).await;
    let late = house.sign_in(&house.user("late").await, Delivery::Cookie).await;
    store.is_down.store(true, Ordering::SeqCst);
    assert!(sessions.verify(&ada.access).is_ok(), "and it is remembered");

    house.clock.advance(seconds(61));

    assert_eq!(sessions.verify(&ada.access).unwrap_err(), TokenError::Stale, "seen before");
    assert_eq!(sessions.verify(&late.access).unwrap_err(), TokenError::Stale, "never seen");
    assert_eq!(sessions.admit(&late.access).await.unwrap_err(), TokenError::Stale);
    assert_eq!(sessions.verify(&gone.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(sessions.verify("no token").unwrap_err(), TokenError::Invalid);
    store.is_down.store(false, Ordering::SeqCst);
    sessions.tick().await.unwrap();
    assert!(sessions.verify(&ada.access).is_ok() && sessions.verify(&late.access).is_ok());
    store.is_down.store(true, Ordering::SeqCst);
    house.clock.advance(minutes(16));
    assert_eq!(sessions.verify(&ada.access).unwrap_err(), TokenError::Expired, "its time is over either way");
}

#[tokio::test]
async fn hearing_that_there_is_news_is_not_hearing_the_news() {
    let (house, store, sessions, ada, _) = floor(WhenStale::Flag).await;
    house.sign_out(&ada).await;
    store.log_is_down.store(true, Ordering::SeqCst);

    house.clock.advance(seconds(61));
    assert!(sessions.tick().await.is_err());
    assert_eq!(sessions.staleness(), Some(seconds(61)), "the head answers, the log does not");

    store.log_is_down.store(false, Ordering::SeqCst);
    sessions.tick().await.unwrap();
    assert_eq!(sessions.staleness(), None);
    assert_eq!(sessions.verify(&ada.access).unwrap_err(), TokenError::Revoked);
}
