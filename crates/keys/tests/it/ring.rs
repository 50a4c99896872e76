use std::collections::BTreeSet;

use countersign_audit::Event;
use countersign_jose::Algorithm;
use countersign_kernel::Lifetime;
use countersign_keys::{Error, KeyPolicy, Keyring, MasterKey, Roots, Standing, Ticked};
use countersign_store::KeyState;

use crate::rig::{Rig, accepts, only, sign};

#[tokio::test]
async fn the_first_start_makes_one_active_and_one_next_key() {
    let rig = Rig::new().await;

    let node = rig.node().await;

    assert_eq!(node.list().len(), 2);
    assert_eq!(node.signer().kid(), only(&node, Standing::Active).kid);
    assert_eq!(only(&node, Standing::Next).algorithm, "EdDSA");
    assert!(accepts(&node, &sign(&node)));
    assert_eq!(
        rig.trail().await,
        [
            (Event::SigningKeyCreated, "first_start".to_owned()),
            (Event::SigningKeyActivated, "first_start".to_owned()),
            (Event::SigningKeyCreated, "first_start".to_owned()),
        ]
    );
}

// bug S2
#[tokio::test]
async fn a_restart_finds_the_same_keys_and_changes_nothing() {
    let rig = Rig::new().await;
    let before = rig.node().await;

    let after = rig.node().await;

    assert_eq!(before.list(), after.list());
    assert!(accepts(&after, &sign(&before)), "a token outlives the process that signed it");
    assert_eq!(rig.trail().await.len(), 3, "nothing new happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_first_starts_make_one_set() {
    let rig = Rig::new().await;
    let starts: Vec<_> = (0..12)
        .map(|_| {
            let (store, master, env) = (rig.store.clone(), rig.master.clone(), rig.env.clone());
            tokio::spawn(async move {
                let roots = Roots::load_or_make(store.as_ref(), &master, &env).await.unwrap();
                let ring = Keyring::start(store, master, env, KeyPolicy::default()).await.unwrap();
                (ring.list(), *roots.refresh.expose())
            })
        })
        .collect();
    let mut seen = Vec::new();
    for start in starts {
        seen.push(start.await.unwrap());
    }

    let (keys, root) = seen[0].clone();
    assert_eq!(keys.len(), 2);
    assert!(seen.iter().all(|(others, other_root)| *others == keys && *other_root == root));
    assert_eq!(rig.trail().await.len(), 3);
}

#[tokio::test]
async fn the_wrong_master_key_refuses_to_start_and_makes_nothing() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let other = MasterKey::generate(&rig.env);

    let refused =
        Keyring::start(rig.store.clone(), other, rig.env.clone(), KeyPolicy::default()).await.expect_err("refused");

    assert!(matches!(&refused, Error::WrongMasterKey { .. }), "{refused}");
    assert!(refused.to_string().contains("restore the right one"), "{refused}");
    assert_eq!(rig.node().await.list(), node.list());
}

#[tokio::test]
async fn a_row_that_was_tampered_with_refuses_to_start() {
    let rig = Rig::new().await;
    rig.node().await;
    let mut tx = rig.store.begin().await.unwrap();
    let mut row = tx.list_signing_keys().await.unwrap().remove(0);
    let last = row.sealed.len() - 1;
    row.sealed[last] ^= 1;
    tx.delete_signing_key(row.id).await.unwrap();
    assert!(tx.insert_signing_key(&row).await.unwrap());
    tx.commit().await.unwrap();

    let refused = rig.node_with(KeyPolicy::default()).await.expect_err("refused");

    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
}

#[tokio::test]
async fn a_changed_algorithm_takes_effect_at_the_next_start_and_signs_nobody_out() {
    let rig = Rig::new().await;
    let before = rig.node().await;
    let token = sign(&before);

    let after = rig.node_with(KeyPolicy { algorithm: Algorithm::ES256, ..KeyPolicy::default() }).await.unwrap();

    assert_eq!(after.signer().algorithm(), Algorithm::ES256);
    assert_eq!(only(&after, Standing::Retired).kid, before.signer().kid());
    assert!(accepts(&after, &token));
    assert!(
        after.list().iter().any(|key| key.standing == Standing::Next && key.algorithm == "ES256"),
        "a next key of the new algorithm is published at once"
    );
}

#[tokio::test]
async fn nodes_of_an_old_and_a_new_setting_do_not_fight() {
    let rig = Rig::new().await;
    let old = rig.node().await;
    let new = rig.node_with(KeyPolicy { algorithm: Algorithm::ES256, ..KeyPolicy::default() }).await.unwrap();
    old.reload().await.unwrap();
    let settled = (old.tick().await.unwrap(), new.tick().await.unwrap());

    for _ in 0..10 {
        rig.clock.advance(Lifetime::from_seconds(1));
        old.reload().await.unwrap();
        new.reload().await.unwrap();
        assert_eq!(old.tick().await.unwrap(), Ticked::Nothing, "after {settled:?}");
        assert_eq!(new.tick().await.unwrap(), Ticked::Nothing, "after {settled:?}");
    }
    assert_eq!(old.signer().algorithm(), Algorithm::ES256);
}

#[tokio::test]
async fn every_algorithm_starts_and_signs() {
    for algorithm in [Algorithm::ES256, Algorithm::RS256, Algorithm::PS256, Algorithm::HS256] {
        let rig = Rig::new().await;
        let node = rig.node_with(KeyPolicy { algorithm, ..KeyPolicy::default() }).await.unwrap();
        let again = rig.node_with(KeyPolicy { algorithm, ..KeyPolicy::default() }).await.unwrap();

        assert_eq!(node.signer().algorithm(), algorithm);
        assert!(accepts(&again, &sign(&node)), "{algorithm}");
    }
}

#[tokio::test]
async fn an_unknown_kid_is_a_reason_to_reload_once_a_second() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let known = node.signer().kid().to_owned();

    assert!(!node.wants_reload(&known));
    assert!(node.wants_reload("invented-1"));
    assert!((2..1_000).all(|n| !node.wants_reload(&format!("invented-{n}"))));
    rig.clock.advance(Lifetime::from_millis(999));
    assert!(!node.wants_reload("invented-1"));
    rig.clock.advance(Lifetime::from_millis(1));
    assert!(node.wants_reload("invented-1"));
    assert!(!node.may_reload(), "the turn is one, whoever asks");
    rig.clock.advance(Lifetime::from_seconds(1));
    assert!(node.may_reload());
    assert!(!node.wants_reload("invented-2"));
}

#[tokio::test]
async fn a_ring_follows_the_number_of_key_changes() {
    let rig = Rig::new().await;
    let (a, b) = (rig.node().await, rig.node().await);
    let (_, head) = rig.store.heads().await.unwrap();

    assert!(!b.follow(head).await.unwrap(), "nothing to read");
    a.rotate(countersign_audit::Actor::Operator, &rig.origin()).await.unwrap();
    let (_, head) = rig.store.heads().await.unwrap();
    assert!(b.follow(head).await.unwrap());
    assert!(!b.follow(head).await.unwrap());

    assert_eq!(a.list(), b.list());
}

#[tokio::test]
async fn without_an_active_key_a_running_node_keeps_what_it_has_and_a_start_heals_it() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let mut tx = rig.store.begin().await.unwrap();
    let active = only(&node, Standing::Active).id;
    assert!(tx.move_signing_key(active, KeyState::Active, KeyState::Retired, tx.now(), None).await.unwrap());
    tx.commit().await.unwrap();

    assert!(matches!(node.reload().await, Err(Error::NoActiveKey)));
    assert!(accepts(&node, &sign(&node)));
    let healed = rig.node().await;
    assert!(accepts(&healed, &sign(&healed)));
    assert_ne!(healed.signer().kid(), node.signer().kid());
}

// attack 36
#[tokio::test]
async fn names_are_unique_across_a_long_life() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let mut kids = BTreeSet::new();
    for _ in 0..20 {
        node.rotate(countersign_audit::Actor::Operator, &rig.origin()).await.unwrap();
        assert!(kids.insert(node.signer().kid().to_owned()), "a retired key never signs again");
    }
}
