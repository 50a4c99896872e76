//! What honest clients meet.

use countersign_kernel::Lifetime;
use countersign_session::{AttemptIds, Policy, RotateVerdict, Undelivered};
use countersign_store::{Delivery, Hot};

use crate::house::{House, case, limited, minutes, policy, seconds, token};

#[tokio::test]
async fn a_refresh_brings_a_new_pair_and_the_old_access_token_lives_on() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let before = ada.clone();

    assert_eq!(ada.refresh(&house).await, "5-rotated");

    assert_ne!((&ada.refresh, &ada.access), (&before.refresh, &before.access));
    assert!(house.verify(&before.access).is_ok(), "a refresh never shortens the life of the previous access token");
    assert!(house.verify(&ada.access).is_ok());
}

#[tokio::test]
async fn an_answer_says_how_long_the_session_lives() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.clock.advance(Lifetime::from_days(1));

    let RotateVerdict::Full(issued) = ada.send(&house).await.verdict else { panic!("a full answer") };

    assert_eq!(issued.idle_expires_in(), Lifetime::from_days(7));
    assert_eq!(issued.expires_in(), Lifetime::from_days(29));
    assert_eq!(house.sessions.page_session(issued.page.expose()), Some(ada.session));
    assert!(issued.csrf.is_none() && issued.device.is_none(), "these come with a sign-in");
}

#[tokio::test]
async fn a_lost_answer_is_given_again_byte_for_byte() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let lost = ada.send(&house).await;
    house.clock.advance(Lifetime::from_days(3));

    let again = ada.send(&house).await;

    assert_eq!((case(&lost), case(&again)), ("5-rotated", "6-repeated"));
    assert!(token(&lost).is_some());
    assert_eq!(token(&lost), token(&again));
    ada.receive(&house, &again);
    assert_eq!(ada.refresh(&house).await, "5-rotated");
}

#[tokio::test]
async fn a_client_without_ids_gets_the_successor_within_the_window_and_keeps_its_session_after_it() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Body).await.without_ids();
    let lost = ada.send(&house).await;

    house.clock.advance(seconds(29));
    let soon = ada.send(&house).await;
    house.clock.advance(seconds(2));
    let late = ada.send(&house).await;

    assert_eq!((case(&lost), case(&soon), case(&late)), ("5-rotated", "7-no-ids", "7-late"));
    assert_eq!(token(&lost), token(&soon));
    assert!(matches!(late.verdict, RotateVerdict::Thin(_)), "signed in still, with what it has");
}

#[tokio::test]
async fn five_tabs_that_wake_at_once_all_stay_signed_in() {
    let house = House::new().await;
    let mut first = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    // Tabs share the cookie and the ids; each asks before it has seen the others' answers.
    let tabs = vec![first.clone(); 4];

    let mut cases = vec![first.refresh(&house).await];
    for mut tab in tabs {
        cases.push(tab.refresh(&house).await);
        assert_eq!(tab.refresh, first.refresh);
    }

    assert_eq!(cases, ["5-rotated", "6-repeated", "6-repeated", "6-repeated", "6-repeated"]);
    assert_eq!(house.sessions.list(house.verify(&first.access).unwrap().user).await.unwrap().len(), 1);
}

// attack 50
#[tokio::test]
async fn a_session_keeps_its_delivery() {
    let house = House::new().await;
    let ada = house.user("ada").await;
    let cookie = house.sign_in(&ada, Delivery::Cookie).await;
    let body = house.sign_in(&ada, Delivery::Body).await;

    for (browser, other) in [(&cookie, Delivery::Body), (&body, Delivery::Cookie)] {
        assert_eq!(case(&house.rotate(&browser.refresh, other, (None, None)).await), "1-invalid");
        assert_eq!(house.sessions.read_refresh(&browser.refresh, other), None);
        assert_eq!(house.sessions.read_refresh(&browser.refresh, browser.delivery), Some(browser.session));
        assert_eq!(browser.refresh_in_vain(&house).await, "5-rotated", "nothing has ended");
    }
}

// attack 51
#[tokio::test]
async fn whatever_is_not_our_token_is_invalid_and_harms_nobody() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let mut forged = ada.refresh.clone();
    forged.replace_range(30..31, if &forged[30..31] == "A" { "B" } else { "A" });
    let texts =
        ["", "a", "\r\nSet-Cookie: x=1", "' OR 1=1 --", &ada.refresh[..93], &ada.access, &forged, &"A".repeat(100_000)];

    for text in texts {
        let answer = house.rotate(text, Delivery::Cookie, (None, None)).await;
        assert!(matches!(answer.verdict, RotateVerdict::Invalid), "{text:.40}");
        assert_eq!((case(&answer), answer.session), ("1-invalid", None));
    }
    assert_eq!(ada.refresh_in_vain(&house).await, "5-rotated");
    assert!(house.events().await.is_empty(), "nothing was written");
}

// attack 55
// bug S32
#[tokio::test]
async fn endless_rotation_makes_no_session_immortal() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let mut lives = vec![];
    for _ in 0..29 {
        house.clock.advance(Lifetime::from_days(1));
        let answer = ada.send(&house).await;
        let RotateVerdict::Full(issued) = &answer.verdict else { panic!("day by day it lives") };
        lives.push(issued.idle_expires_in());
        ada.receive(&house, &answer);
    }
    assert!(lives.is_sorted_by(|a, b| a >= b), "Max-Age never grows");

    house.clock.advance(Lifetime::from_days(1));

    assert_eq!(ada.refresh(&house).await, "2-expired");
}

#[tokio::test]
async fn an_unused_session_is_over_after_a_week() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.clock.advance(Lifetime::from_days(6));
    ada.refresh(&house).await;
    house.clock.advance(Lifetime::from_days(6));
    assert_eq!(ada.refresh(&house).await, "5-rotated", "idle slides");

    house.clock.advance(Lifetime::from_days(7));

    assert_eq!(ada.refresh(&house).await, "2-expired");
}

// attack 56
#[tokio::test]
async fn a_clock_stepped_back_ends_nothing_and_revives_nothing() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;
    let mut over = house.sign_in(&user, Delivery::Cookie).await;
    house.clock.advance(Lifetime::from_days(6));
    ada.refresh(&house).await;
    over.refresh(&house).await;
    house.sign_out(&over).await;

    house.clock.step_back(Lifetime::from_hours(2));

    assert_eq!(ada.refresh(&house).await, "5-rotated");
    assert_eq!(over.refresh(&house).await, "2-ended");
}

// bug S31
#[tokio::test]
async fn a_restart_keeps_everyone_signed_in() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut cookie = house.sign_in(&user, Delivery::Cookie).await;
    let mut body = house.sign_in(&user, Delivery::Body).await.without_ids();
    let gone = house.sign_in(&user, Delivery::Body).await;
    cookie.refresh(&house).await;
    let in_flight = body.refresh_in_vain(&house).await;
    house.sign_out(&gone).await;

    let house = house.restart().await;

    assert_eq!(in_flight, "5-rotated");
    assert!(house.verify(&cookie.access).is_ok(), "old access tokens verify by the same keys");
    assert!(house.verify(&gone.access).is_err(), "and revoked ones stay revoked");
    assert_eq!(cookie.refresh(&house).await, "5-rotated");
    assert_eq!(body.refresh(&house).await, "7-no-ids");
    assert_eq!(gone.refresh_in_vain(&house).await, "2-ended");
}

#[tokio::test]
async fn in_the_first_window_after_a_start_an_overtaken_request_is_no_theft() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await.without_ids();
    let stuck = ada.clone();
    ada.refresh(&house).await;
    house.clock.advance(seconds(31));
    ada.refresh(&house).await;

    let house = house.restart().await;
    house.clock.advance(seconds(29));

    assert_eq!(stuck.refresh_in_vain(&house).await, "7-late");
    house.clock.advance(seconds(1));
    assert_eq!(stuck.refresh_in_vain(&house).await, "9-theft", "only the first window is lenient");
}

#[tokio::test]
async fn a_quiet_repetition_writes_nothing_within_a_minute() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    ada.refresh_in_vain(&house).await;
    let version = || async { house.store.find_session_and_user(ada.session).await.unwrap().unwrap().0.row.version };
    ada.refresh_in_vain(&house).await;
    let before = version().await;

    house.clock.advance(seconds(59));
    assert_eq!(ada.refresh_in_vain(&house).await, "6-repeated");
    assert_eq!(version().await, before);

    house.clock.advance(seconds(1));
    assert_eq!(ada.refresh_in_vain(&house).await, "6-repeated");
    assert_eq!(version().await, before + 1, "idle slides once a minute");
}

#[tokio::test]
async fn a_session_refreshes_sixty_times_a_minute_and_too_many_is_no_theft() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let sessions = limited(&house).await;
    let origin = house.origin();
    let send = || sessions.rotate(&ada.refresh, Delivery::Cookie, AttemptIds::default(), &origin);

    for _ in 0..60 {
        assert!(send().await.unwrap().case.is_some());
    }
    for _ in 0..3 {
        let answer = send().await.unwrap();
        assert!(matches!(&answer.verdict, RotateVerdict::Limited(refused) if refused.name == "refresh_session"));
        assert_eq!((answer.case, answer.session), (None, Some(ada.session)));
    }

    assert_eq!(house.events().await, ["limit_reached"], "once");
    house.clock.advance(minutes(1));
    assert!(matches!(send().await.unwrap().verdict, RotateVerdict::Thin(_)), "and nobody was signed out");
}

#[tokio::test]
async fn the_strict_policy_catches_a_spent_token_after_the_window() {
    let strict = Policy { undelivered: Undelivered::Theft, ..policy() };
    let house = House::with(strict).await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await.without_ids();
    ada.refresh_in_vain(&house).await;

    house.clock.advance(seconds(30));

    assert_eq!(ada.refresh_in_vain(&house).await, "9-theft");
}
