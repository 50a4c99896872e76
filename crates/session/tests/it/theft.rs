//! What thieves meet.

use countersign_session::{RotateVerdict, TokenError};
use countersign_store::Delivery;

use crate::house::{House, case, minutes, seconds};

// attack 37, 38, 39
// bug S25, S26, S35
#[tokio::test]
async fn a_spent_token_after_the_window_ends_the_session_and_its_access_tokens_at_once() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;
    let mut phone = house.sign_in(&user, Delivery::Body).await;
    let stolen = ada.refresh.clone();
    let first = ada.access.clone();
    ada.refresh(&house).await;
    house.clock.advance(seconds(60));
    ada.refresh(&house).await;
    house.clock.advance(seconds(31));
    assert!(house.verify(&first).is_ok() && house.verify(&ada.access).is_ok());

    let mallory = house.attempt();
    let answer = house.rotate(&stolen, Delivery::Cookie, (Some(&mallory), None)).await;

    assert!(matches!(answer.verdict, RotateVerdict::Reused));
    assert_eq!((case(&answer), answer.session), ("9-theft", Some(ada.session)));
    assert_eq!(house.verify(&first).unwrap_err(), TokenError::Revoked);
    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(ada.refresh(&house).await, "2-ended");
    assert_eq!(phone.refresh(&house).await, "5-rotated", "the person's other sessions live");
    assert!(house.verify(&phone.access).is_ok());
}

// bug S26
#[tokio::test]
async fn theft_is_written_down_with_all_that_is_known() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let stolen = ada.refresh.clone();
    for _ in 0..2 {
        ada.refresh(&house).await;
        house.clock.advance(seconds(60));
    }

    house.rotate(&stolen, Delivery::Cookie, (None, None)).await;
    house.rotate(&stolen, Delivery::Cookie, (None, None)).await;

    assert_eq!(house.events().await, ["refresh_reused"], "once");
    let record = house.records().await.pop().unwrap();
    assert_eq!((record.outcome.as_str(), record.reason.as_deref()), ("refused", Some("theft")));
    assert_eq!(record.session, Some(ada.session));
    assert_eq!(record.address.as_deref(), Some("192.0.2.1"));
    assert_eq!(record.detail["refresh_case"], "9-theft");
    assert_eq!((&*record.detail["presented_generation"], &*record.detail["live_generation"]), ("0", "2"));
}

#[tokio::test]
async fn a_thief_who_is_first_is_found_out_when_the_owner_comes() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let mut mallory = ada.clone();

    // He has the cookie, not the browser's storage: his ids are his own.
    let mut last: Option<String> = None;
    for _ in 0..2 {
        let id = house.attempt();
        let answer = house.rotate(&mallory.refresh, mallory.delivery, (Some(&id), last.as_deref())).await;
        assert_eq!(case(&answer), "5-rotated");
        mallory.receive(&house, &answer);
        last = Some(id);
        house.clock.advance(minutes(5));
    }
    house.clock.advance(minutes(1));
    let owner = ada.refresh_in_vain(&house).await;

    assert_eq!(owner, "9-theft");
    assert_eq!(house.verify(&mallory.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(house.rotate(&mallory.refresh, Delivery::Cookie, (None, None)).await.case.unwrap().as_str(), "2-ended");
}

// attack 38
#[tokio::test]
async fn an_unproven_presenter_of_a_spent_token_never_gets_the_owners_refresh_token() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let stolen = ada.refresh.clone();
    ada.refresh(&house).await;

    for wait in [0, 1, 10, 60, 600] {
        house.clock.advance(seconds(wait));
        let attempt = house.attempt();
        let answer = house.rotate(&stolen, Delivery::Cookie, (Some(&attempt), None)).await;
        assert!(matches!(answer.verdict, RotateVerdict::Thin(_)), "after {wait} s: {}", case(&answer));
    }
}

#[tokio::test]
async fn ids_of_one_session_prove_nothing_in_another() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (ada, other) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);
    let id = house.attempt();
    house.rotate(&other.refresh, Delivery::Cookie, (Some(&id), None)).await;
    ada.refresh_in_vain(&house).await;

    let answer = house.rotate(&ada.refresh, Delivery::Cookie, (Some(&id), None)).await;

    assert_eq!(case(&answer), "7-late");
}
