//! Promises of `Revocations`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_kernel::{KeyId, Lifetime, SessionId, TokenId, UserId};
use countersign_store::{Cursor, Effect, Error, NewRevocation, PageRequest, Revocation, RevocationHead, Target};

use crate::subject::{Kept, Subject};

fn revocation(subject: &Subject, target: Target) -> NewRevocation {
    NewRevocation {
        target,
        effect: Effect::Ended,
        at: subject.now(),
        until: subject.now() + Lifetime::from_minutes(20),
        reason: "signed_out".to_owned(),
    }
}

async fn revoke(subject: &Subject, count: usize) -> Kept {
    let mut tx = subject.begin().await?;
    for _ in 0..count {
        tx.revoke(revocation(subject, Target::Session(SessionId::new(&subject.env))));
    }
    tx.commit().await
}

async fn list(subject: &Subject, after: u64, limit: u32) -> Result<Vec<Revocation>, Error> {
    subject.store.snapshot().await?.list_revocations(after, limit).await
}

/// Behind a database that was put back, no number of the lost time is given again.
pub async fn raised_numbers_go_on_where_they_were_raised_to(subject: Subject) -> Kept {
    revoke(&subject, 2).await?;
    let mut tx = subject.begin().await?;
    tx.raise_revocation_head(40).await?;
    tx.raise_revocation_head(7).await?;
    tx.commit().await?;

    revoke(&subject, 1).await?;

    let numbers: Vec<u64> = list(&subject, 0, 100).await?.iter().map(|numbered| numbered.seq).collect();
    assert_eq!(numbers, [1, 2, 41], "and never goes back");
    Ok(())
}

/// Every kind of record comes out as it went in, numbered in the order in which it was put down.
pub async fn a_revocation_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let person = UserId::new(&subject.env);
    let targets = [
        Target::Token(TokenId::new(&subject.env)),
        Target::Session(SessionId::new(&subject.env)),
        Target::Person { user: person, below: 7, except: None },
        Target::Person { user: person, below: 1 << 40, except: Some(SessionId::new(&subject.env)) },
        Target::Key(KeyId::new(&subject.env)),
    ];
    let mut records = Vec::new();
    let mut tx = subject.begin().await?;
    for target in targets {
        for effect in [Effect::Ended, Effect::Superseded] {
            let record = NewRevocation { effect, ..revocation(&subject, target) };
            records.push(record.clone());
            tx.revoke(record);
        }
    }
    assert_eq!(tx.revocation_head().await?, RevocationHead::default(), "not before the commit");
    tx.commit().await?;

    let listed = list(&subject, 0, 100).await?;
    assert_eq!(listed.iter().map(|numbered| numbered.record.clone()).collect::<Vec<_>>(), records);
    assert_eq!(listed.iter().map(|numbered| numbered.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    Ok(())
}

/// The head is the last record, in a transaction and outside.
pub async fn the_head_is_the_last_record(subject: Subject) -> Kept {
    assert_eq!(subject.store.heads().await?.0, RevocationHead::default());
    for count in [1, 3, 2] {
        revoke(&subject, count).await?;
        let all = list(&subject, 0, 100).await?;
        let last = all.last().map(|last| RevocationHead { seq: last.seq, hash: last.hash });
        assert_eq!(Some(subject.store.heads().await?.0), last);
        assert_eq!(Some(subject.store.snapshot().await?.revocation_head().await?), last);
    }
    Ok(())
}

/// A reader asks for what follows the number he has, and for no more than he wants.
pub async fn revocations_are_listed_after_a_number(subject: Subject) -> Kept {
    revoke(&subject, 7).await?;
    let seqs = |listed: Vec<Revocation>| listed.iter().map(|numbered| numbered.seq).collect::<Vec<_>>();
    assert_eq!(seqs(list(&subject, 0, 3).await?), [1, 2, 3]);
    assert_eq!(seqs(list(&subject, 3, 3).await?), [4, 5, 6]);
    assert_eq!(seqs(list(&subject, 6, 3).await?), [7]);
    assert_eq!(list(&subject, 7, 3).await?, []);
    Ok(())
}

/// Newest first, in pages, until none is left.
pub async fn the_newest_revocations_are_listed_in_pages(subject: Subject) -> Kept {
    revoke(&subject, 5).await?;
    let mut tx = subject.store.snapshot().await?;
    let mut request = PageRequest::first(2);
    let mut pages: Vec<Vec<u64>> = Vec::new();
    loop {
        let page = tx.list_newest_revocations(&request).await?;
        pages.push(page.items.iter().map(|numbered| numbered.seq).collect());
        let Some(next) = page.next else { break };
        request = PageRequest::after(next, 2);
    }
    assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1]]);
    for broken in ["", "x", "0", "-1", "18446744073709551615"] {
        let request = PageRequest::after(Cursor(broken.to_owned()), 2);
        assert_eq!(tx.list_newest_revocations(&request).await?.items, [], "{broken:?}");
    }
    Ok(())
}

/// The hash tells two histories apart as soon as they differ, and for ever after.
pub async fn the_hash_depends_on_all_before(subject: Subject) -> Kept {
    revoke(&subject, 1).await?;
    let same = revocation(&subject, Target::Session(SessionId::from_bytes([7; 16])));
    for _ in 0..3 {
        let mut tx = subject.begin().await?;
        tx.revoke(same.clone());
        tx.commit().await?;
    }
    let listed = list(&subject, 0, 10).await?;
    let mut hashes: Vec<u64> = listed.iter().map(|numbered| numbered.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!((hashes.len(), listed.len()), (4, 4), "equal records have different hashes at different places");
    assert!(hashes.iter().all(|hash| *hash != 0));
    Ok(())
}

/// A transaction that came to nothing leaves no record and no gap.
pub async fn a_rollback_leaves_no_gap(subject: Subject) -> Kept {
    revoke(&subject, 1).await?;
    let mut tx = subject.begin().await?;
    tx.revoke(revocation(&subject, Target::Session(SessionId::new(&subject.env))));
    drop(tx);
    revoke(&subject, 1).await?;

    let seqs: Vec<u64> = list(&subject, 0, 10).await?.iter().map(|numbered| numbered.seq).collect();
    assert_eq!(seqs, [1, 2]);
    Ok(())
}

/// Fifty transactions race, some of them in vain. A reader who follows by number never sees one whose predecessors are not
/// all there: commit order is number order.
pub async fn racing_revocations_are_numbered_in_commit_order(subject: Subject) -> Kept {
    let over = Arc::new(AtomicBool::new(false));
    let follower = {
        let (subject, over) = (subject.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut seen = 0;
            loop {
                let last_look = over.load(Ordering::Acquire);
                for numbered in list(&subject, seen, 200).await? {
                    assert_eq!(numbered.seq, seen + 1, "a number came before the one below it");
                    seen = numbered.seq;
                }
                if last_look {
                    return Ok::<_, Error>(seen);
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let results = subject
        .race(50, |subject, number| async move {
            let mut tx = subject.begin().await?;
            let count = 1 + u64::try_from(number % 3).unwrap_or(0);
            for _ in 0..count {
                tx.revoke(revocation(&subject, Target::Session(SessionId::new(&subject.env))));
            }
            tx.raise_user_ver(UserId::new(&subject.env)).await?;
            if number % 5 == 4 {
                return Ok(0);
            }
            tx.commit().await?;
            Ok(count)
        })
        .await;
    over.store(true, Ordering::Release);

    let committed: u64 = results?.into_iter().sum();
    assert_eq!(follower.await.expect("the follower does not panic")?, committed);
    assert_eq!(subject.store.heads().await?.0.seq, committed);
    Ok(())
}

/// Many at once are one act.
pub async fn a_thousand_revocations_are_one_act(subject: Subject) -> Kept {
    revoke(&subject, 1_201).await?;

    assert_eq!(subject.store.heads().await?.0.seq, 1_201);
    assert_eq!(list(&subject, 1_000, 500).await?.len(), 201);
    Ok(())
}

/// Only what may be forgotten goes, in batches; the head stays.
pub async fn old_revocations_are_swept_in_batches(subject: Subject) -> Kept {
    revoke(&subject, 5).await?;
    subject.clock.advance(Lifetime::from_minutes(20));
    revoke(&subject, 1).await?;
    let head = subject.store.heads().await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_revocations(subject.now(), 3).await?, 3);
    assert_eq!(tx.sweep_revocations(subject.now(), 3).await?, 2);
    assert_eq!(tx.sweep_revocations(subject.now(), 3).await?, 0);
    tx.commit().await?;
    let seqs: Vec<u64> = list(&subject, 0, 10).await?.iter().map(|numbered| numbered.seq).collect();
    assert_eq!(seqs, [6]);
    assert_eq!(subject.store.heads().await?, head);
    Ok(())
}

/// The greatest of a window counts, however often a smaller one was noted since.
pub async fn the_greatest_access_lifetime_of_a_window_is_known(subject: Subject) -> Kept {
    let start = subject.now();
    let mut tx = subject.begin().await?;
    assert_eq!(tx.greatest_access_lifetime(start).await?, 0);
    tx.note_access_lifetime(900, start).await?;
    tx.note_access_lifetime(3_600, start).await?;
    let later = start + Lifetime::from_hours(1);
    tx.note_access_lifetime(900, later).await?;
    tx.note_access_lifetime(900, start).await?;
    tx.commit().await?;

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.greatest_access_lifetime(start).await?, 3_600);
    assert_eq!(tx.greatest_access_lifetime(start + Lifetime::from_micros(1)).await?, 900);
    assert_eq!(tx.greatest_access_lifetime(later).await?, 900, "an earlier note does not take the later one back");
    assert_eq!(tx.greatest_access_lifetime(later + Lifetime::from_micros(1)).await?, 0);
    Ok(())
}
