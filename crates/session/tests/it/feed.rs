//! The revocation feed where a database fails, goes back in time, or has been quiet.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_audit::Actor;
use countersign_jose::{Algorithm, KeySet, SigningKey, verify_jws};
use countersign_kernel::{Lifetime, Secret, TokenId};
use countersign_keys::{Activation, ImportKey, Imported};
use countersign_session::{
    CreateMachineVerdict, Effect, FeedEvent, Named, Sessions, SubscribeVerdict, Subscription, Target,
};
use countersign_store::{Delivery, NewRevocation, Store};
use countersign_store_sql::{Database, Options, SqlStore};

use crate::house::{House, minutes, policy, seconds};
use crate::late::{SlowStore, slow_with};

async fn key(house: &House, name: &str) -> String {
    match house.sessions.create_machine(name, Actor::Operator, &house.origin()).await.unwrap() {
        CreateMachineVerdict::Created(_, key) => key.expose().clone(),
        other => panic!("{other:?}"),
    }
}

async fn subscribe(sessions: &Sessions, key: &str, after: Option<&str>) -> Subscription {
    match sessions.subscribe(key, after).await.unwrap() {
        SubscribeVerdict::Open(subscription) => *subscription,
        other => panic!("{other:?}"),
    }
}

/// What has come by now, as short words; `over` where the stream has ended.
async fn heard(subscription: &mut Subscription) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        let event = tokio::select! {
            biased;
            event = tokio::task::unconstrained(subscription.next()) => event,
            () = std::future::ready(()) => return words,
        };
        words.push(match event {
            None => {
                words.push("over".to_owned());
                return words;
            }
            Some(FeedEvent::Reset) => "reset".to_owned(),
            Some(FeedEvent::Snapshot(some)) => format!("snapshot of {}", some.len()),
            Some(FeedEvent::Revoked(place, told)) => {
                format!("revoked {} {}", place.seq, told.reason.unwrap_or_default())
            }
            Some(FeedEvent::Heartbeat(place, _)) => format!("heartbeat {}", place.seq),
        });
    }
}

/// Two claims of the next heartbeat: `seq` and `time`.
async fn heartbeat(sessions: &Sessions, subscription: &mut Subscription) -> (i64, i64) {
    let keys = KeySet::from_jwks(&sessions.feed_jwks().unwrap()).unwrap();
    loop {
        if let FeedEvent::Heartbeat(_, signed) = subscription.next().await.unwrap() {
            let payload = verify_jws(&signed, &keys, Some("countersign-revocation-heartbeat+jwt")).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            return (claims["seq"].as_i64().unwrap(), claims["time"].as_i64().unwrap());
        }
    }
}

async fn time_of_heartbeat(sessions: &Sessions, subscription: &mut Subscription) -> i64 {
    heartbeat(sessions, subscription).await.1
}

#[tokio::test]
async fn while_the_database_is_silent_heartbeats_come_and_their_time_stands_still() {
    let (house, store, node) = slow_with(policy()).await;
    let mut feed = subscribe(&node, &key(&house, "orders").await, None).await;
    node.tick().await.unwrap();
    let then = house.env.now().as_seconds();
    house.clock.advance(seconds(1));
    node.tick().await.unwrap();
    assert_eq!(time_of_heartbeat(&node, &mut feed).await, then + 1, "the first one waits for whoever asks");
    heard(&mut feed).await;

    store.is_down.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        house.clock.advance(seconds(10));
        assert!(node.tick().await.is_err());
        assert_eq!(time_of_heartbeat(&node, &mut feed).await, then + 1);
    }
    store.is_down.store(false, Ordering::SeqCst);
    house.clock.advance(seconds(1));
    node.tick().await.unwrap();

    assert_eq!(time_of_heartbeat(&node, &mut feed).await, then + 32);
}

#[tokio::test]
async fn a_log_that_was_rolled_back_resets_whoever_listens_and_forgets_nothing() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let early = house.sign_in(&user, Delivery::Cookie).await;
    house.sign_out(&early).await;
    let late = house.sign_in(&user, Delivery::Cookie).await;
    let key = key(&house, "orders").await;
    let (house, backup) = house.backup().await;
    let door = SlowStore::new(&house);
    let node = house.floor_on(Arc::clone(&door) as Arc<dyn Store>).await;
    let mut feed = subscribe(&node, &key, None).await;
    house.sign_out(&late).await;
    node.tick().await.unwrap();
    assert_eq!(heard(&mut feed).await, ["snapshot of 2", "revoked 2 signed_out", "heartbeat 2"]);
    // The tokens of these two die, so that nobody writes them again: the log will be shorter than the one that was told.
    house.clock.advance(minutes(60));
    let later = house.sign_in(&user, Delivery::Cookie).await;
    house.sign_out(&later).await;
    node.tick().await.unwrap();
    assert_eq!(heard(&mut feed).await, ["revoked 3 signed_out", "heartbeat 3"]);

    house.store.close().await;
    house.put_back(&backup);
    let restored = SqlStore::open(Database::Sqlite { path: house.path() }, house.env.clone(), Options::default()).await;
    let restored = restored.unwrap();
    door.fail_over(&restored);
    node.tick().await.unwrap();
    assert_eq!(heard(&mut feed).await, ["reset", "snapshot of 1", "heartbeat 1"], "in the same second");
    house.clock.advance(seconds(1));
    node.tick().await.unwrap();
    assert_eq!(heard(&mut feed).await, ["revoked 2 restored", "heartbeat 2"], "what the log lacked was written again");
    let named = Named::Token(TokenId::new(&house.env));
    node.revoke(&named, None, Actor::Operator, &house.origin()).await.unwrap();
    node.tick().await.unwrap();
    assert_eq!(heard(&mut feed).await, ["revoked 3 revoked"], "what comes then is told from where it is now");
}

#[tokio::test]
async fn two_heartbeats_of_one_second_are_signed_for_the_places_they_are_told_at() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let key = key(&house, "orders").await;
    house.sessions.tick().await.unwrap();
    let mut early = subscribe(&house.sessions, &key, None).await;
    let (seq, second) = heartbeat(&house.sessions, &mut early).await;
    assert_eq!(seq, 0);

    house.sign_out(&ada).await;
    house.sessions.tick().await.unwrap();
    let mut late = subscribe(&house.sessions, &key, None).await;

    assert_eq!(heartbeat(&house.sessions, &mut late).await, (1, second));
}

#[tokio::test]
async fn a_revocation_is_a_reason_to_read_the_log_at_once_where_somebody_listens() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (first, second) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);
    let hurry = house.sessions.hurry();
    let is_asked = async || {
        tokio::select! {
            biased;
            () = tokio::task::unconstrained(hurry.notified()) => true,
            () = std::future::ready(()) => false,
        }
    };

    house.sign_out(&first).await;
    assert!(!is_asked().await, "nobody listens");
    let feed = subscribe(&house.sessions, &key(&house, "orders").await, None).await;
    house.user("grace").await;
    assert!(!is_asked().await, "nothing was revoked");
    house.sign_out(&second).await;
    assert!(is_asked().await);
    drop(feed);
}

#[tokio::test]
async fn a_log_that_was_quiet_until_all_was_swept_is_no_other_log() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (first, second) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);
    house.sign_out(&first).await;
    house.sessions.tick().await.unwrap();
    let mut feed = subscribe(&house.sessions, &key(&house, "orders").await, None).await;
    assert_eq!(heard(&mut feed).await, ["snapshot of 1", "heartbeat 1"]);
    house.clock.advance(minutes(60));
    for _ in 0..3 {
        house.sessions.tick().await.unwrap();
        house.clock.advance(minutes(2));
    }
    let mut tx = house.store.snapshot().await.unwrap();
    assert_eq!(tx.list_revocations(0, 10).await.unwrap(), [], "its tokens have died");
    drop(tx);
    assert!(heard(&mut feed).await.iter().all(|word| word == "heartbeat 1"));

    house.sign_out(&second).await;
    house.sessions.tick().await.unwrap();

    assert_eq!(heard(&mut feed).await, ["revoked 2 signed_out", "heartbeat 2"]);
}

#[tokio::test]
async fn a_key_that_another_node_brought_and_withdrew_is_told_by_its_own_name() {
    let house = House::new().await;
    let node = house.another_node().await;
    let mut feed = subscribe(&node.sessions, &key(&house, "orders").await, None).await;
    assert_eq!(heard(&mut feed).await, ["heartbeat 0"]);
    let foreign = SigningKey::generate(Algorithm::EdDSA, None, |target| target.fill(9)).unwrap();
    let der = STANDARD.encode(foreign.to_pkcs8_der().unwrap());
    let text = Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n"));
    let activation = Activation::WithNextRotation;
    let import = ImportKey { text: &text, algorithm: None, kid: Some("our-old-key"), activation };
    assert!(matches!(house.keyring.import(import, Actor::Operator, &house.origin()).await.unwrap(), Imported::Done(_)));
    let named = Named::Key("our-old-key".to_owned());
    house.sessions.revoke(&named, None, Actor::Operator, &house.origin()).await.unwrap();

    node.sessions.tick().await.unwrap();

    let FeedEvent::Revoked(_, told) = feed.next().await.unwrap() else { panic!("a revocation") };
    assert!(matches!(told.target, Target::Key(_)));
    assert_eq!((told.kid.as_deref(), told.effect), (Some("our-old-key"), Effect::Superseded));
}

#[tokio::test]
async fn who_reads_too_slowly_is_cut_off_and_a_snapshot_brings_him_on() {
    let house = House::new().await;
    let key = key(&house, "orders").await;
    let mut feed = subscribe(&house.sessions, &key, None).await;
    assert_eq!(heard(&mut feed).await, ["heartbeat 0"]);

    let mut tx = house.store.begin().await.unwrap();
    for _ in 0..16_385 {
        tx.revoke(NewRevocation {
            target: Target::Token(TokenId::new(&house.env)),
            effect: Effect::Ended,
            at: tx.now(),
            until: tx.now() + Lifetime::from_hours(1),
            reason: "revoked".to_owned(),
        });
    }
    tx.commit().await.unwrap();
    house.sessions.tick().await.unwrap();
    assert_eq!(house.sessions.readings().feed.backlog, 16_385);

    assert_eq!(heard(&mut feed).await, ["over"]);
    drop(feed);
    let mut feed = subscribe(&house.sessions, &key, Some("0-0000000000000000")).await;
    let words = heard(&mut feed).await;
    assert_eq!((words[0].as_str(), words.last().unwrap().as_str()), ("reset", "heartbeat 16385"));
    let sizes: usize = words.iter().filter_map(|word| word.strip_prefix("snapshot of ")?.parse::<usize>().ok()).sum();
    assert_eq!(sizes, 16_385);
    let readings = house.sessions.readings().feed;
    assert_eq!((readings.cut_off, readings.backlog), (1, 0));
}
