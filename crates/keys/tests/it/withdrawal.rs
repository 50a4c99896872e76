use countersign_audit::{Actor, Event};
use countersign_kernel::Lifetime;
use countersign_keys::{Standing, Withdrawn};
use countersign_store::{Effect, Target};

use crate::rig::{Rig, accepts, only, published, sign};

#[tokio::test]
async fn a_withdrawn_key_signs_no_more_and_its_tokens_are_superseded() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let (old, next) = (only(&node, Standing::Active), only(&node, Standing::Next));
    let token = sign(&node);

    let withdrawn = node.withdraw(&old.kid, None, Actor::Operator, &rig.origin()).await.unwrap();

    let Withdrawn::Done { active } = withdrawn else { panic!("{withdrawn:?}") };
    assert_eq!((active.id, node.signer().kid()), (next.id, next.kid.as_str()));
    assert!(!published(&node).contains(&old.kid), "strangers refuse it from their next look at the JWKS on");
    assert!(accepts(&node, &token), "known, so that it can be told to be superseded instead of invalid");
    assert_eq!(node.standing(&old.kid), Some((old.id, Standing::Withdrawn)));

    let revocations = rig.revocations().await;
    assert_eq!(revocations.len(), 1);
    let record = &revocations[0].record;
    assert_eq!((record.target, record.effect), (Target::Key(old.id), Effect::Superseded));
    assert_eq!(record.until.since(record.at), Lifetime::from_seconds(900 + 45 + 150));
    assert_eq!(
        rig.trail().await[3..],
        [
            (Event::SigningKeyWithdrawn, "withdrawn".to_owned()),
            (Event::SigningKeyActivated, "withdrawn".to_owned()),
            (Event::SigningKeyCreated, "withdrawn".to_owned()),
        ]
    );
}

#[tokio::test]
async fn the_private_half_of_a_withdrawn_key_is_gone_from_the_database() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let old = only(&node, Standing::Active);
    let sealed = |id| {
        let store = rig.store.clone();
        async move {
            let rows = store.snapshot().await.unwrap().list_signing_keys().await.unwrap();
            rows.into_iter().find(|row| row.id == id).unwrap().sealed
        }
    };
    let before = sealed(old.id).await;

    node.withdraw(&old.kid, None, Actor::Operator, &rig.origin()).await.unwrap();

    let after = sealed(old.id).await;
    assert!(after.len() < before.len() && after.len() < 1 + 8 + 12 + 1 + 16 + 32, "{} bytes are left", after.len());
}

#[tokio::test]
async fn every_key_can_be_withdrawn_and_one_always_signs() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();
    let keys = node.list();
    assert_eq!(keys.len(), 3);

    for key in &keys {
        let withdrawn = node.withdraw(&key.kid, None, Actor::Operator, &rig.origin()).await.unwrap();
        assert!(matches!(withdrawn, Withdrawn::Done { .. }), "{withdrawn:?}");
        assert!(accepts(&node, &sign(&node)));
        assert_eq!(only(&node, Standing::Active).kid, node.signer().kid());
        only(&node, Standing::Next);
    }
    assert!(keys.iter().all(|key| key.kid != node.signer().kid()));
    assert_eq!(rig.revocations().await.len(), 3);
}

#[tokio::test]
async fn withdrawing_twice_or_a_stranger_changes_nothing() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let kid = node.signer().kid().to_owned();
    node.withdraw(&kid, None, Actor::Operator, &rig.origin()).await.unwrap();
    let (keys, trail) = (node.list(), rig.trail().await);

    assert_eq!(node.withdraw(&kid, None, Actor::Operator, &rig.origin()).await.unwrap(), Withdrawn::Already);
    assert_eq!(node.withdraw("nobody", None, Actor::Operator, &rig.origin()).await.unwrap(), Withdrawn::Unknown);

    assert_eq!((node.list(), rig.trail().await), (keys, trail));
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_when_its_last_token_has_died() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let kid = node.signer().kid().to_owned();
    let token = sign(&node);
    node.withdraw(&kid, None, Actor::Operator, &rig.origin()).await.unwrap();

    rig.clock.advance(Lifetime::from_minutes(20));
    node.tick().await.unwrap();

    assert_eq!(node.standing(&kid), None);
    assert!(!accepts(&node, &token));
}

#[tokio::test]
async fn other_nodes_follow_a_withdrawal() {
    let rig = Rig::new().await;
    let (a, b) = (rig.node().await, rig.node().await);
    let kid = a.signer().kid().to_owned();

    a.withdraw(&kid, None, Actor::Operator, &rig.origin()).await.unwrap();
    let (_, head) = rig.store.heads().await.unwrap();
    b.follow(head).await.unwrap();

    assert_ne!(b.signer().kid(), kid);
    assert_eq!(a.list(), b.list());
}
