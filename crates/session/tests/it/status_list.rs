//! The status list: how indexes are given out, and how long a list is kept. What verifiers read of it is tested in
//! `crates/countersign/tests/it/status_list.rs`.

use std::io::Read as _;
use std::sync::atomic::Ordering;

use countersign_jose::base64url;
use countersign_kernel::{Lifetime, Timestamp};
use countersign_session::{Policy, Sessions};
use countersign_store::{Delivery, StatusListSize, Store};
use flate2::read::ZlibDecoder;
use rusqlite::Connection;
use serde_json::Value;

use crate::house::{Browser, House, minutes, policy, seconds};
use crate::late::slow_with;

fn with_list() -> Policy {
    Policy { status_list: true, ..policy() }
}

fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&base64url::decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn index(browser: &Browser) -> usize {
    claims(&browser.access)["status"]["status_list"]["idx"].as_u64().unwrap().try_into().unwrap()
}

async fn sign_in(house: &House, name: &str) -> Browser {
    house.sign_in(&house.user(name).await, Delivery::Cookie).await
}

async fn tag(sessions: &Sessions) -> String {
    sessions.status_list().await.unwrap().unwrap().tag.to_string()
}

async fn size(house: &House) -> StatusListSize {
    house.store.snapshot().await.unwrap().status_list_size().await.unwrap()
}

fn just_under(span: Lifetime) -> Lifetime {
    Lifetime::from_micros(span.as_micros() - 1)
}

/// A house with so many indexes.
async fn house_of(indexes: u32) -> House {
    let house = House::with(with_list()).await;
    let file = Connection::open(house.path()).unwrap();
    file.execute("UPDATE status_list_size SET size = ?1", [indexes]).unwrap();
    house.restart().await
}

#[tokio::test]
async fn the_bits_that_are_set_are_those_of_revoked_tokens() {
    let house = house_of(64).await;
    let (ada, bob) = (sign_in(&house, "ada").await, sign_in(&house, "bob").await);
    assert_ne!(index(&ada), index(&bob));
    assert_eq!(claims(&ada.access)["status"]["status_list"]["uri"], "https://id.example/.well-known/status-list");
    house.sign_out(&bob).await;

    let jwt = house.sessions.status_list().await.unwrap().unwrap().jwt;

    let packed = base64url::decode(claims(&jwt)["status_list"]["lst"].as_str().unwrap()).unwrap();
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 64 / 8 * 2, "what it may grow to while this list is kept is shown already");
    let mut wanted = [0; 16];
    wanted[index(&bob) / 8] = 1 << (index(&bob) % 8);
    assert_eq!(bytes, wanted);
}

#[tokio::test]
async fn without_the_policy_there_is_neither_list_nor_index() {
    let house = House::new().await;
    let ada = sign_in(&house, "ada").await;

    assert!(house.sessions.status_list().await.unwrap().is_none());
    assert_eq!((claims(&ada.access).get("status"), size(&house).await.taken), (None, 0));
}

#[tokio::test]
async fn a_list_is_kept_for_three_seconds_and_never_one_of_the_future() {
    let house = House::with(with_list()).await;
    let first = tag(&house.sessions).await;

    house.clock.advance(just_under(seconds(3)));
    assert_eq!(tag(&house.sessions).await, first);
    house.clock.advance(Lifetime::from_micros(1));
    let second = tag(&house.sessions).await;

    assert_ne!(second, first);
    house.clock.step_back(seconds(1));
    assert_ne!(tag(&house.sessions).await, second, "made at a moment that is yet to come");
}

#[tokio::test]
async fn while_the_database_is_away_the_last_list_is_shown_for_as_long_as_anybody_may_keep_it() {
    let (house, store, sessions) = slow_with(with_list()).await;
    let last = tag(&sessions).await;
    store.log_is_down.store(true, Ordering::SeqCst);

    house.clock.advance(just_under(seconds(30)));
    assert_eq!(tag(&sessions).await, last);
    house.clock.advance(Lifetime::from_micros(1));

    assert!(sessions.status_list().await.is_err());
    store.log_is_down.store(false, Ordering::SeqCst);
    assert_ne!(tag(&sessions).await, last);
}

#[tokio::test]
async fn a_list_doubles_when_half_of_it_is_taken_and_not_again_before_every_list_shows_it() {
    let house = house_of(8).await;
    for name in ["one", "two", "three"] {
        assert!(index(&sign_in(&house, name).await) < 8);
    }
    house.clock.advance(minutes(1));
    house.sessions.tick().await.unwrap();
    assert_eq!(size(&house).await, StatusListSize { size: 8, taken: 3 }, "less than half of it");

    sign_in(&house, "four").await;
    house.clock.advance(minutes(1));
    house.sessions.tick().await.unwrap();
    assert_eq!(size(&house).await, StatusListSize { size: 16, taken: 4 });
    for name in ["five", "six", "seven", "eight"] {
        assert!(index(&sign_in(&house, name).await) < 16);
    }

    // Each node looks when it starts.
    house.clock.advance(just_under(minutes(1)));
    let early = house.another_node().await;
    assert_eq!(size(&early).await.size, 16, "a verifier may have a list of before");
    house.clock.advance(Lifetime::from_micros(1));
    let late = house.another_node().await;

    assert_eq!(size(&late).await, StatusListSize { size: 32, taken: 8 });
}

#[tokio::test]
async fn an_index_goes_two_and_a_half_minutes_after_its_token() {
    let house = House::with(with_list()).await;
    let ada = sign_in(&house, "ada").await;
    let dies = Timestamp::from_seconds(claims(&ada.access)["exp"].as_i64().unwrap());

    house.clock.advance((dies + seconds(149)).since(house.env.now()));
    house.sessions.tick().await.unwrap();
    assert_eq!(size(&house).await.taken, 1, "somebody's clock may be slow");
    house.clock.advance(minutes(1));
    house.sessions.tick().await.unwrap();

    assert_eq!(size(&house).await.taken, 0);
}
