//! Attack 36 of SECURITY.md: a rotated key verifies until its tokens have died, is refused then, and never signs again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use countersign_audit::{Actor, Event};
use countersign_jose::Algorithm;
use countersign_kernel::Lifetime;
use countersign_keys::{KeyPolicy, Rotated, Standing, Ticked};

use crate::rig::{Rig, accepts, only, published, sign};

#[tokio::test]
async fn rotation_activates_the_key_that_was_published_before() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let (old, next) = (only(&node, Standing::Active), only(&node, Standing::Next));
    let before = published(&node);
    rig.clock.advance(Lifetime::from_hours(5));

    let rotated = node.rotate(Actor::Operator, &rig.origin()).await.unwrap();

    let Rotated::Done { active, published_for } = rotated else { panic!("{rotated:?}") };
    assert_eq!(active.id, next.id);
    assert_eq!(published_for, Lifetime::from_hours(5));
    assert!(before.contains(&node.signer().kid().to_owned()));
    assert_eq!(only(&node, Standing::Retired).id, old.id);
    assert_ne!(only(&node, Standing::Next).id, next.id);
    assert_eq!(
        rig.trail().await[3..],
        [
            (Event::SigningKeyRetired, "rotated".to_owned()),
            (Event::SigningKeyActivated, "rotated".to_owned()),
            (Event::SigningKeyCreated, "rotated".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_node_that_has_not_heard_of_a_rotation_accepts_and_is_accepted() {
    let rig = Rig::new().await;
    let (a, b) = (rig.node().await, rig.node().await);

    a.rotate(Actor::Operator, &rig.origin()).await.unwrap();

    assert_ne!(a.signer().kid(), b.signer().kid());
    assert!(accepts(&b, &sign(&a)), "the next key was in its key set before it signed");
    assert!(accepts(&a, &sign(&b)));
    b.reload().await.unwrap();
    assert_eq!(a.list(), b.list());
}

// attack 36
#[tokio::test]
async fn the_old_key_goes_when_its_last_token_has_died_and_not_before() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let token = sign(&node);
    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();
    let old = only(&node, Standing::Retired);

    // 15 minutes × 1.05 + 150 s.
    rig.clock.advance(Lifetime::from_millis(900_000 + 45_000 + 150_000 - 1));
    assert_eq!(node.tick().await.unwrap(), Ticked::Nothing);
    assert!(accepts(&node, &token) && published(&node).contains(&old.kid));

    rig.clock.advance(Lifetime::from_millis(1));
    assert_eq!(node.tick().await.unwrap(), Ticked::Moved);
    assert!(!accepts(&node, &token) && !published(&node).contains(&old.kid));
    assert_eq!(rig.trail().await.last(), Some(&(Event::SigningKeyRemoved, "schedule".to_owned())));
}

#[tokio::test]
async fn a_longer_life_that_was_noted_lately_keeps_the_old_key_for_longer() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let mut tx = rig.store.begin().await.unwrap();
    let now = tx.now();
    tx.note_access_lifetime(3_600, now).await.unwrap();
    tx.commit().await.unwrap();
    rig.clock.advance(Lifetime::from_hours(23));

    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();

    let old = only(&node, Standing::Retired);
    let kept = old.gone_after.unwrap().since(old.retired_at.unwrap());
    assert_eq!(kept, Lifetime::from_seconds(3_600 + 180 + 150));
}

#[tokio::test]
async fn the_schedule_rotates_after_ninety_days() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let first = only(&node, Standing::Active);
    rig.clock.advance(Lifetime::from_micros(Lifetime::from_days(90).as_micros() - 1));
    assert_eq!(node.tick().await.unwrap(), Ticked::Nothing);

    rig.clock.advance(Lifetime::from_micros(1));
    assert_eq!(node.tick().await.unwrap(), Ticked::Moved);

    assert_eq!(only(&node, Standing::Retired).id, first.id);
    assert_eq!(node.list().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_schedules_one_moves_the_ring() {
    let rig = Rig::new().await;
    let mut nodes = Vec::new();
    for _ in 0..8 {
        nodes.push(rig.node().await);
    }
    rig.clock.advance(Lifetime::from_days(91));

    let ticks: Vec<_> = nodes.iter().cloned().map(|node| tokio::spawn(async move { node.tick().await })).collect();
    let mut moved = 0;
    for tick in ticks {
        moved += u32::from(tick.await.unwrap().unwrap() == Ticked::Moved);
    }

    assert_eq!(moved, 1);
    assert!(nodes.iter().all(|node| node.list() == nodes[0].list()));
    assert_eq!(rig.trail().await.iter().filter(|(event, _)| *event == Event::SigningKeyRetired).count(), 1);
}

// attack 36
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_verification_fails_while_keys_rotate() {
    let rig = Rig::new().await;
    let (a, b) = (rig.node().await, rig.node().await);
    let (done, checked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let traffic: Vec<_> = [(a.clone(), b.clone()), (b.clone(), a.clone())]
        .into_iter()
        .map(|(signs, verifies)| {
            let (done, checked) = (Arc::clone(&done), Arc::clone(&checked));
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    assert!(accepts(&verifies, &sign(&signs)));
                    checked.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();

    for n in 0..20 {
        let (acts, hears) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
        acts.rotate(Actor::Operator, &rig.origin()).await.unwrap();
        // What the poll of the store's heads does each second.
        let (_, head) = rig.store.heads().await.unwrap();
        hears.follow(head).await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for task in traffic {
        task.await.unwrap();
    }

    assert!(checked.load(Ordering::SeqCst) > 20);
}

#[tokio::test]
async fn an_rsa_ring_rotates_too() {
    let rig = Rig::new().await;
    let policy = KeyPolicy { algorithm: Algorithm::RS256, ..KeyPolicy::default() };
    let node = rig.node_with(policy).await.unwrap();
    let token = sign(&node);

    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();

    assert!(accepts(&node, &token) && accepts(&node, &sign(&node)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_rotations_leave_one_active_and_one_next_key_on_all_nodes() {
    let rig = Rig::new().await;
    let mut nodes = Vec::new();
    for _ in 0..6 {
        nodes.push(rig.node().await);
    }

    let origin = rig.origin();
    let turns: Vec<_> = nodes
        .iter()
        .cloned()
        .map(|node| {
            let origin = origin.clone();
            tokio::spawn(async move { node.rotate(Actor::Operator, &origin).await.unwrap() })
        })
        .collect();
    let mut done = 0;
    for turn in turns {
        done += usize::from(matches!(turn.await.unwrap(), Rotated::Done { .. }));
    }

    assert!(done >= 1);
    for node in &nodes {
        node.reload().await.unwrap();
        assert_eq!(node.list(), nodes[0].list());
        only(node, Standing::Active);
        only(node, Standing::Next);
    }
    let retired = rig.trail().await.iter().filter(|(event, _)| *event == Event::SigningKeyRetired).count();
    assert_eq!(retired, done, "one rotation for each that says so");
}
