//! Sessions that are used from elsewhere than they began, and people with too many of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign_audit::Event;
use countersign_kernel::{Origin, SessionId, Timestamp};
use countersign_session::{AttemptIds, BindPolicy, Identity, OnChange, Policy, RotateVerdict, Rotated, TokenError};
use countersign_store::{Delivery, EndReason, Store as _};

use crate::house::{Browser, House, case, minutes, policy, seconds};
use crate::late::slow_with;

const CAFE: &str = "198.51.100.7";
const TRAIN: &str = "203.0.113.7";

fn on_network(on_change: OnChange) -> Policy {
    Policy { bind: BindPolicy { user_agent: OnChange::Audit, network: on_change }, ..policy() }
}

impl House {
    fn at(&self, address: &str) -> Origin {
        Origin { address: Some(address.parse().unwrap()), ..self.origin() }
    }

    async fn refresh_at(&self, browser: &mut Browser, address: &str) -> Rotated {
        let ids = AttemptIds { attempt: Some(self.attempt().parse().unwrap()), last: None };
        let origin = self.at(address);
        let answer = self.sessions.rotate(&browser.refresh, browser.delivery, ids, &origin).await.unwrap();
        browser.receive(self, &answer);
        answer
    }

    fn identity(&self, browser: &Browser) -> Arc<Identity> {
        self.verify(&browser.access).unwrap()
    }

    async fn step_up_at(&self, session: SessionId, method: &str, address: &str) {
        let mut tx = self.store.begin().await.unwrap();
        let (now, origin) = (self.env.now(), self.at(address));
        self.sessions.step_up_in(tx.as_mut(), session, &[method], now, &origin).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }
}

/// As long as nothing is new, a refresh is one conditional write on the hot path and no transaction.
#[tokio::test]
async fn a_refresh_from_home_opens_no_transaction() {
    let (house, store, sessions) = slow_with(on_network(OnChange::End)).await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    store.begin_takes.store(minutes(1).as_micros(), Ordering::SeqCst);
    let before = house.env.now();

    let origin = house.at("192.0.2.250");
    let answer = sessions.rotate(&ada.refresh, Delivery::Cookie, AttemptIds::default(), &origin).await.unwrap();

    assert!(matches!(answer.verdict, RotateVerdict::Full(_)));
    assert_eq!((house.env.now(), store.writes.load(Ordering::SeqCst)), (before, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_requests_from_one_new_network_one_is_written_down() {
    let house = Arc::new(House::new().await);
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let tabs: Vec<_> = (0..6)
        .map(|_| {
            let (house, mut tab) = (Arc::clone(&house), ada.clone());
            tokio::spawn(async move { house.refresh_at(&mut tab, CAFE).await })
        })
        .collect();
    for tab in tabs {
        let answer = tab.await.unwrap();
        assert!(matches!(answer.verdict, RotateVerdict::Full(_) | RotateVerdict::Thin(_)), "{answer:?}");
    }

    let moved: Vec<_> = house.records().await.into_iter().filter(|r| r.event == Event::SessionMoved).collect();
    assert_eq!(moved.len(), 1);
    let facts: Vec<(&str, &str)> =
        moved[0].detail.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(facts, [("network_from", "192.0.2.0/24"), ("network_to", "198.51.100.0/24"), ("policy", "audit")]);
    assert_eq!((moved[0].reason.as_deref(), moved[0].session), (Some("network"), Some(ada.session)));
}

/// An answer without a refresh token, and without a write of its own, is judged as well.
#[tokio::test]
async fn a_thin_answer_notices_a_new_network_once() {
    let house = House::with(on_network(OnChange::StepUp)).await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    ada.refresh(&house).await;
    for round in 0..3 {
        let origin = house.at(CAFE);
        let answer =
            house.sessions.rotate(&ada.refresh, Delivery::Cookie, AttemptIds::default(), &origin).await.unwrap();
        assert_eq!(case(&answer), "4-no-id", "round {round}");
        let RotateVerdict::Thin(issued) = answer.verdict else { panic!("thin") };
        assert_eq!(house.verify(&issued.access.token).unwrap().auth_time, Timestamp::EPOCH);
    }
    assert_eq!(house.events().await, ["session_moved"]);
}

// bug S45
#[tokio::test]
async fn whoever_flips_between_two_networks_is_written_down_once_for_each() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    for round in 0..12 {
        for address in [CAFE, TRAIN, "192.0.2.1"] {
            house.clock.advance(minutes(3));
            assert_eq!(case(&house.refresh_at(&mut ada, address).await), "5-rotated", "round {round} at {address}");
        }
    }
    assert_eq!(house.events().await, ["session_moved", "session_moved"]);
}

#[tokio::test]
async fn a_policy_that_ends_sessions_ends_this_one_with_its_access_tokens() {
    let house = House::with(on_network(OnChange::End)).await;
    let user = house.user("ada").await;
    let (mut ada, phone) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Body).await);
    let mut thief = ada.clone();

    let answer = house.refresh_at(&mut thief, CAFE).await;

    assert!(matches!(answer.verdict, RotateVerdict::Revoked));
    assert_eq!(case(&answer), "2-ended");
    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(ada.refresh(&house).await, "2-ended");
    assert!(house.verify(&phone.access).is_ok(), "the person's other session lives");
    let ended = house.sessions.find(ada.session).await.unwrap().unwrap().row.ended.unwrap();
    assert_eq!(ended.reason, EndReason::Binding);
    let last = house.records().await.pop().unwrap();
    assert_eq!((last.event, last.reason.as_deref()), (Event::SessionEnded, Some("binding")));
    assert_eq!(
        (last.detail["network_from"].as_str(), last.detail["network_to"].as_str()),
        ("192.0.2.0/24", "198.51.100.0/24")
    );

    let again = house.another_node().await;
    assert_eq!(again.verify(&ada.access).unwrap_err(), TokenError::Revoked, "and every other node knows");
}

/// A spent token is theft, wherever it comes from: the first row that fits decides.
#[tokio::test]
async fn theft_is_said_before_anything_is_said_of_the_network() {
    let house = House::with(on_network(OnChange::End)).await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let mut thief = ada.clone().without_ids();
    for _ in 0..2 {
        ada.refresh(&house).await;
        house.clock.advance(minutes(1));
    }

    assert_eq!(case(&house.refresh_at(&mut thief, CAFE).await), "9-theft");
    assert_eq!(house.events().await, ["refresh_reused"]);
}

#[tokio::test]
async fn an_ending_by_policy_is_never_written_late() {
    let (house, store, sessions) = slow_with(on_network(OnChange::End)).await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    store.begin_takes.store(seconds(11).as_micros(), Ordering::SeqCst);
    let moved = || async {
        sessions.rotate(&ada.refresh, Delivery::Cookie, AttemptIds::default(), &house.at(CAFE)).await.unwrap()
    };

    assert!(matches!(moved().await.verdict, RotateVerdict::Busy));
    assert!(house.verify(&ada.access).is_ok());

    store.begin_takes.store(0, Ordering::SeqCst);
    assert!(matches!(moved().await.verdict, RotateVerdict::Revoked));
}

#[tokio::test]
async fn where_nobody_was_proven_no_token_counts_as_a_recent_sign_in() {
    let house = House::with(on_network(OnChange::StepUp)).await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let is_recent = |browser: &Browser| house.sessions.is_recent(&house.identity(browser));
    assert!(is_recent(&ada));

    let away = house.refresh_at(&mut ada, CAFE).await;
    assert_eq!(case(&away), "5-rotated", "the refresh is answered as ever");
    assert!(!is_recent(&ada));
    assert_eq!(house.identity(&ada).auth_time, Timestamp::EPOCH);
    assert!(!house.identity(&ada).is_proven());
    house.refresh_at(&mut ada, "192.0.2.9").await;
    assert!(is_recent(&ada) && house.identity(&ada).is_proven(), "at home all is as it was");

    house.step_up_at(ada.session, "pwd", CAFE).await;
    house.refresh_at(&mut ada, CAFE).await;
    assert!(is_recent(&ada), "now this is home as well");
    house.clock.advance(minutes(11));
    house.refresh_at(&mut ada, CAFE).await;
    assert!(!is_recent(&ada), "a proof grows old here as anywhere");
    assert_eq!(house.events().await, ["session_moved"], "written down when it was new");
}

/// Somebody who holds a copy gains nothing from the owner's proof.
#[tokio::test]
async fn a_proof_at_home_proves_nobody_elsewhere() {
    let house = House::with(on_network(OnChange::StepUp)).await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.refresh_at(&mut ada, TRAIN).await;
    house.step_up_at(ada.session, "pwd", "192.0.2.1").await;
    let session = house.sessions.find(ada.session).await.unwrap().unwrap();
    assert_eq!(house.sessions.auth_time(&session, &house.at("192.0.2.1")), house.env.now());
    assert_eq!(house.sessions.auth_time(&session, &house.at(TRAIN)), Timestamp::EPOCH);

    house.refresh_at(&mut ada, TRAIN).await;

    assert!(!house.sessions.is_recent(&house.identity(&ada)));
}

#[tokio::test]
async fn a_proof_elsewhere_begins_the_list_of_methods_anew() {
    let house = House::with(on_network(OnChange::StepUp)).await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.step_up_at(ada.session, "otp", "192.0.2.1").await;
    house.refresh_at(&mut ada, "192.0.2.1").await;
    assert_eq!(
        (house.identity(&ada).amr.join(" "), house.identity(&ada).acr.as_str()),
        ("mfa otp pwd".to_owned(), "aal2")
    );

    house.step_up_at(ada.session, "pwd", CAFE).await;
    house.refresh_at(&mut ada, CAFE).await;
    assert_eq!((house.identity(&ada).amr.join(" "), house.identity(&ada).acr.as_str()), ("pwd".to_owned(), "aal1"));
    house.step_up_at(ada.session, "otp", CAFE).await;
    house.refresh_at(&mut ada, CAFE).await;
    assert_eq!(house.identity(&ada).amr.join(" "), "mfa otp pwd");
}

#[tokio::test]
async fn a_person_has_no_more_sessions_than_the_policy_allows() {
    let house = House::with(Policy { max_per_user: 3, ..policy() }).await;
    let (user, other) = (house.user("ada").await, house.user("bob").await);
    let bob = house.sign_in(&other, Delivery::Cookie).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(house.sign_in(&user, Delivery::Cookie).await);
        house.clock.advance(minutes(2));
    }
    held[0].refresh(&house).await;

    let newest = house.sign_in(&user, Delivery::Cookie).await;

    assert_eq!(house.verify(&held[1].access).unwrap_err(), TokenError::Revoked, "unused the longest");
    assert_eq!(held[1].refresh(&house).await, "2-ended");
    for browser in [&held[0], &held[2], &newest, &bob] {
        assert!(house.verify(&browser.access).is_ok());
    }
    let last = house.records().await.pop().unwrap();
    assert_eq!((last.event, last.reason.as_deref()), (Event::SessionEnded, Some("too_many_sessions")));
    assert_eq!((last.session, last.subject), (Some(held[1].session), Some(user.id)));
    assert_eq!(last.detail["made_room_for"], newest.session.to_string());
}
