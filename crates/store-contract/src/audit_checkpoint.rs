//! Promises of `AuditCheckpoints`.

use countersign_audit::{Checkpoint, Event, Hash, Link, Place};
use countersign_kernel::{AuditId, Lifetime};
use countersign_store::{Error, SignedCheckpoint};

use crate::subject::{Kept, Subject, winners};

fn checkpoint(subject: &Subject, number: u64, seq: u64) -> SignedCheckpoint {
    let link = Link { seq, hash: Hash([7; 32]) };
    let signed = format!("checkpoint {number} of {seq}");
    SignedCheckpoint { checkpoint: Checkpoint { number, link, at: subject.now() }, signed }
}

async fn insert(subject: &Subject, checkpoint: &SignedCheckpoint) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let inserted = tx.insert_audit_checkpoint(checkpoint).await?;
    tx.commit().await?;
    Ok(inserted)
}

async fn move_base(subject: &Subject, base: &SignedCheckpoint) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let moved = tx.move_audit_base(base).await?;
    tx.commit().await?;
    Ok(moved)
}

/// Checkpoints are listed in order, and the newest is the one with the greatest number.
pub async fn checkpoints_are_kept_in_order(subject: Subject) -> Kept {
    assert_eq!(subject.store.snapshot().await?.newest_audit_checkpoint().await?, None);
    let first = checkpoint(&subject, 1, 10);
    subject.clock.advance(Lifetime::from_hours(1));
    let between = subject.now();
    subject.clock.advance(Lifetime::from_hours(1));
    let second = checkpoint(&subject, 2, 20);
    assert!(insert(&subject, &second).await?);
    assert!(insert(&subject, &first).await?);

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.list_audit_checkpoints(0, 10).await?, [first.clone(), second.clone()]);
    assert_eq!(tx.list_audit_checkpoints(1, 10).await?, std::slice::from_ref(&second));
    assert_eq!(tx.list_audit_checkpoints(0, 1).await?, std::slice::from_ref(&first));
    assert_eq!(tx.newest_audit_checkpoint().await?, Some(second));
    assert_eq!(tx.audit_checkpoint_at(between).await?, Some(first.clone()));
    assert_eq!(tx.audit_checkpoint_at(first.checkpoint.at).await?, Some(first.clone()));
    assert_eq!(tx.audit_checkpoint_at(first.checkpoint.at - Lifetime::from_micros(1)).await?, None);
    Ok(())
}

/// Twenty nodes sign the next checkpoint at once.
pub async fn of_racing_checkpoints_with_a_number_one_is_kept(subject: Subject) -> Kept {
    let inserted = subject
        .race(20, |subject, number| {
            let seq = u64::try_from(number).unwrap_or(0);
            async move { insert(&subject, &checkpoint(&subject, 1, seq)).await }
        })
        .await?;

    assert_eq!(winners(&inserted), 1);
    assert_eq!(subject.store.snapshot().await?.list_audit_checkpoints(0, 10).await?.len(), 1);
    Ok(())
}

/// The base goes on and never back.
pub async fn the_base_only_moves_on(subject: Subject) -> Kept {
    assert_eq!(subject.store.snapshot().await?.audit_base().await?, None);
    let (near, far) = (checkpoint(&subject, 1, 10), checkpoint(&subject, 2, 20));
    assert!(move_base(&subject, &near).await?);
    assert!(move_base(&subject, &far).await?);
    assert!(!move_base(&subject, &near).await?);
    assert!(!move_base(&subject, &far).await?);
    assert_eq!(subject.store.snapshot().await?.audit_base().await?, Some(far));
    Ok(())
}

/// Only what the base gives up is swept, oldest first, in batches.
pub async fn nothing_behind_the_base_is_swept(subject: Subject) -> Kept {
    let records: Vec<_> = (0..9).map(|_| subject.record(Event::SignedIn)).collect();
    let mut tx = subject.begin().await?;
    records.iter().for_each(|record| tx.audit(record.clone()));
    tx.audit(subject.record(Event::SignedOut));
    tx.commit().await?;
    let place = |seq: u64| Place { prev: Hash([7; 32]), link: Link { seq, hash: Hash([7; 32]) } };
    let sealed: Vec<(AuditId, Place)> = (1..).zip(&records).map(|(seq, record)| (record.id, place(seq))).collect();
    let mut tx = subject.begin().await?;
    assert!(tx.seal_audit_records(0, &sealed).await?);
    tx.commit().await?;
    for (number, seq) in [(1, 2), (2, 5), (3, 8)] {
        assert!(insert(&subject, &checkpoint(&subject, number, seq)).await?);
    }
    let sweep = async || {
        let mut tx = subject.begin().await?;
        let swept = tx.sweep_audit_records(3).await?;
        tx.commit().await?;
        Ok::<_, Error>(swept)
    };

    assert_eq!(sweep().await?, 0, "there is no base");
    assert!(move_base(&subject, &checkpoint(&subject, 2, 5)).await?);
    assert_eq!((sweep().await?, sweep().await?, sweep().await?), (3, 2, 0));

    let mut tx = subject.store.snapshot().await?;
    let left: Vec<u64> = tx.list_audit_chain(0, 10).await?.iter().map(|row| row.place.link.seq).collect();
    assert_eq!(left, [6, 7, 8, 9]);
    assert_eq!(tx.list_unsealed_audit_records(10).await?.len(), 1);
    let numbers: Vec<u64> = tx.list_audit_checkpoints(0, 10).await?.iter().map(|c| c.checkpoint.number).collect();
    assert_eq!(numbers, [3]);
    Ok(())
}
