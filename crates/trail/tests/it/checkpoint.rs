use countersign_audit::{Checkpoint, CheckpointKind, Event, Finding, Trust};
use countersign_kernel::Lifetime;
use countersign_store::{AuditFilter, PageRequest};
use countersign_trail::{Due, checkpoint, list, seal};

use crate::rig::Rig;

const HOURLY: Due = Due::After(Lifetime::from_hours(1));

async fn due(rig: &Rig, due: Due) -> Option<u64> {
    let made = checkpoint(rig.store.as_ref(), &rig.key, &rig.env, due).await.unwrap();
    made.map(|made| made.checkpoint.number)
}

#[tokio::test]
async fn a_checkpoint_is_made_when_something_came_and_the_last_one_is_old() {
    let rig = Rig::new().await;
    assert_eq!(due(&rig, Due::Now).await, None, "there is nothing to sign");
    rig.happen(1).await;
    seal(rig.store.as_ref(), 10).await.unwrap();
    assert_eq!(due(&rig, HOURLY).await, Some(1), "the first at once");
    rig.clock.advance(Lifetime::from_hours(2));
    assert_eq!(due(&rig, HOURLY).await, None, "nothing came");

    rig.happen(1).await;
    seal(rig.store.as_ref(), 10).await.unwrap();
    assert_eq!(due(&rig, HOURLY).await, Some(2));
    rig.happen(1).await;
    seal(rig.store.as_ref(), 10).await.unwrap();
    rig.clock.advance(Lifetime::from_minutes(58));
    assert_eq!(due(&rig, HOURLY).await, None, "not yet");
    assert_eq!(due(&rig, Due::Now).await, Some(3));
}

#[tokio::test]
async fn a_checkpoint_is_of_the_keys_own_kind() {
    let rig = Rig::new().await;
    rig.happen(3).await;

    let made = rig.sign().await;

    let key = rig.key.verifying_key();
    assert_eq!(Checkpoint::verify(&made.signed, CheckpointKind::Checkpoint, &key), Ok(made.checkpoint));
    assert!(Checkpoint::verify(&made.signed, CheckpointKind::Base, &key).is_err());
    assert_eq!(made.checkpoint.link, rig.check().await.head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_nodes_one_signs() {
    let rig = std::sync::Arc::new(Rig::new().await);
    rig.happen(3).await;
    seal(rig.store.as_ref(), 10).await.unwrap();
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move { due(&rig, Due::Now).await })
        })
        .collect();
    let mut made = Vec::new();
    for racer in racers {
        made.extend(racer.await.unwrap());
    }

    assert_eq!(made, [1]);
    assert!(rig.check().await.is_intact());
}

// attack 101
#[tokio::test]
async fn a_whole_chain_made_anew_is_found_by_a_checkpoint_that_was_printed_before() {
    let rig = Rig::new().await;
    rig.happen(10).await;
    let printed = rig.sign().await;

    // Everything goes, the checkpoints too, and a trail that nothing is wrong with takes its place.
    rig.tamper("DELETE FROM audit_records; DELETE FROM audit_checkpoints; UPDATE audit_head SET seq = 0, hash = NULL");
    rig.happen(12).await;
    rig.sign().await;

    assert!(rig.check().await.is_intact(), "nothing in the database can tell");
    let trust = Trust { checkpoints: vec![printed.signed], ..Trust::default() };
    assert_eq!(rig.check_against(&trust).await.findings, [Finding::NotTheKnown { seq: 10, after: 0 }]);
}

// attack 101
#[tokio::test]
async fn the_server_finds_damage_by_itself_before_it_signs() {
    let rig = Rig::new().await;
    rig.happen(10).await;
    rig.sign().await;
    rig.happen(10).await;
    seal(rig.store.as_ref(), 100).await.unwrap();
    rig.tamper("UPDATE audit_records SET reason = 'nothing' WHERE seq = 15");

    assert_eq!(due(&rig, Due::Now).await, Some(2));

    let filter = AuditFilter { events: vec![Event::AuditDamaged], ..AuditFilter::default() };
    let told = list(rig.store.as_ref(), &filter, &PageRequest::first(10)).await.unwrap().items;
    let facts: Vec<&str> = told.iter().map(|line| line.record.detail["finding"].as_str()).collect();
    assert_eq!(facts, ["record 15 was changed"]);
    rig.sign().await;
    let told = list(rig.store.as_ref(), &filter, &PageRequest::first(10)).await.unwrap().items;
    assert_eq!(told.len(), 1, "once");
    assert_eq!(rig.check().await.findings, [Finding::Changed { seq: 15 }]);
}
