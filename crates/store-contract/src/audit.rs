//! Promises of `AuditRecords`.

use countersign_audit::{Actor, Event, Outcome, Record};
use countersign_kernel::{AuditId, Lifetime, RequestId, SessionId, UserId};
use countersign_store::{AuditFilter, Cursor, Error, PageRequest, SealedRecord};

use crate::subject::{Kept, Subject, winners};

async fn write(subject: &Subject, records: &[Record]) -> Kept {
    let mut tx = subject.begin().await?;
    for record in records {
        tx.audit(record.clone());
    }
    tx.commit().await
}

async fn list(subject: &Subject, filter: &AuditFilter) -> Result<Vec<Record>, Error> {
    let page = subject.store.snapshot().await?.list_audit_records(filter, &PageRequest::first(200)).await?;
    Ok(page.items.into_iter().map(|sealed| sealed.record).collect())
}

fn hash(seq: u64) -> [u8; 32] {
    let mut hash = [1; 32];
    for (slot, byte) in hash.iter_mut().zip(seq.to_be_bytes()) {
        *slot = byte;
    }
    hash
}

/// Numbers for the waiting records, as a sealer gives them.
async fn to_seal(subject: &Subject) -> Result<(u64, Vec<(AuditId, u64, [u8; 32])>), Error> {
    let mut tx = subject.store.snapshot().await?;
    let (head, _) = tx.audit_head().await?;
    let waiting = tx.list_unsealed_audit_records(100).await?;
    Ok((head, (head + 1..).zip(waiting).map(|(seq, record)| (record.id, seq, hash(seq))).collect()))
}

async fn seal(subject: &Subject, from: u64, sealed: &[(AuditId, u64, [u8; 32])]) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let moved = tx.seal_audit_records(from, sealed).await?;
    tx.commit().await?;
    Ok(moved)
}

/// Every field comes out as it went in; every event and actor is kept.
pub async fn a_record_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let mut records: Vec<Record> = Event::ALL.iter().map(|event| subject.record(*event)).collect();
    for actor in [Actor::Anonymous, Actor::User(UserId::new(&subject.env)), Actor::Operator, Actor::System] {
        let mut record = subject
            .record(Event::SignInFailed)
            .refused("wrong_password")
            .of(UserId::new(&subject.env))
            .in_session(SessionId::new(&subject.env))
            .with("role", "admin \"quoted\"")
            .with("b", "");
        record.actor = actor;
        record.address = Some("2001:db8::1".to_owned());
        record.user_agent = Some("agent/1 (ü)".to_owned());
        records.push(record);
    }
    let mut bare = subject.record(Event::LimitReached);
    bare.request = None;
    records.push(bare);
    write(&subject, &records).await?;

    let mut listed = list(&subject, &AuditFilter::default()).await?;
    listed.reverse();
    assert_eq!(listed, records);
    let sealed =
        subject.store.snapshot().await?.list_audit_records(&AuditFilter::default(), &PageRequest::first(1)).await?;
    assert!(sealed.items.iter().all(|sealed| sealed.seq.is_none() && sealed.hash.is_none()));
    Ok(())
}

/// Records of one moment stay in the order in which they were written, across transactions.
pub async fn records_of_one_moment_keep_their_order(subject: Subject) -> Kept {
    let records: Vec<Record> = (0..30).map(|_| subject.record(Event::SignedIn)).collect();
    for chunk in records.chunks(4) {
        write(&subject, chunk).await?;
    }

    let mut listed = list(&subject, &AuditFilter::default()).await?;
    listed.reverse();
    assert_eq!(listed, records);
    let waiting = subject.store.snapshot().await?.list_unsealed_audit_records(100).await?;
    assert_eq!(waiting, records);
    Ok(())
}

/// Pages follow each other without a gap or a double, and end.
pub async fn records_are_listed_in_pages(subject: Subject) -> Kept {
    let records: Vec<Record> = (0..7).map(|_| subject.record(Event::SignedIn)).collect();
    write(&subject, &records).await?;

    let mut tx = subject.store.snapshot().await?;
    let mut request = PageRequest::first(3);
    let mut listed = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = tx.list_audit_records(&AuditFilter::default(), &request).await?;
        sizes.push(page.items.len());
        listed.extend(page.items.into_iter().map(|sealed| sealed.record));
        let Some(next) = page.next else { break };
        request = PageRequest::after(next, 3);
    }
    listed.reverse();
    assert_eq!(listed, records);
    assert_eq!(sizes, [3, 3, 1]);
    for broken in ["", ".", "1", "x.y", "1.usr_00000000000000000000000000"] {
        let request = PageRequest::after(Cursor(broken.to_owned()), 3);
        let page = tx.list_audit_records(&AuditFilter::default(), &request).await?;
        assert_eq!((page.items.len(), page.next), (0, None), "{broken:?}");
    }
    Ok(())
}

/// Each filter by itself, and all together.
pub async fn records_are_filtered(subject: Subject) -> Kept {
    let (user, session) = (UserId::new(&subject.env), SessionId::new(&subject.env));
    let start = subject.now();
    let mut wanted = subject.record(Event::SignedIn).of(user).in_session(session);
    wanted.address = Some("192.0.2.7".to_owned());
    wanted.at = start + Lifetime::from_seconds(1);
    let mut before = subject.record(Event::SignedOut);
    before.at = start;
    let mut after = subject.record(Event::SignedOut).refused("x");
    after.at = start + Lifetime::from_seconds(2);
    write(&subject, &[before, wanted.clone(), after]).await?;

    let nothing = AuditFilter::default;
    let filters = [
        AuditFilter { subject: Some(user), ..nothing() },
        AuditFilter { session: Some(session), ..nothing() },
        AuditFilter { event: Some(Event::SignedIn), ..nothing() },
        AuditFilter { address: Some("192.0.2.7".to_owned()), ..nothing() },
        AuditFilter { since: Some(wanted.at), until: Some(wanted.at + Lifetime::from_micros(1)), ..nothing() },
        AuditFilter {
            subject: Some(user),
            session: Some(session),
            event: Some(Event::SignedIn),
            since: Some(wanted.at),
            until: Some(wanted.at + Lifetime::from_micros(1)),
            address: Some("192.0.2.7".to_owned()),
        },
    ];
    for filter in filters {
        assert_eq!(list(&subject, &filter).await?, std::slice::from_ref(&wanted), "{filter:?}");
    }
    let none = AuditFilter { subject: Some(user), event: Some(Event::SignedOut), ..nothing() };
    assert_eq!(list(&subject, &none).await?, []);
    assert_eq!(list(&subject, &AuditFilter { until: Some(wanted.at), ..nothing() }).await?.len(), 1);
    assert_eq!(list(&subject, &AuditFilter { since: Some(wanted.at), ..nothing() }).await?.len(), 2);
    Ok(())
}

/// What came to nothing is not on record.
pub async fn a_rollback_leaves_no_record(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.audit(subject.record(Event::SignedIn));
    drop(tx);

    assert_eq!(list(&subject, &AuditFilter::default()).await?, []);
    Ok(())
}

/// Sealing takes waiting records in order and shows them as sealed.
pub async fn records_are_sealed_in_order(subject: Subject) -> Kept {
    let records: Vec<Record> = (0..5).map(|_| subject.record(Event::SignedIn).because("test")).collect();
    write(&subject, &records).await?;
    assert_eq!(subject.store.snapshot().await?.audit_head().await?, (0, [0; 32]));

    let (from, sealed) = to_seal(&subject).await?;
    let (first, rest) = sealed.split_at(2);
    assert!(seal(&subject, from, first).await?);
    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.audit_head().await?, (2, hash(2)));
    assert_eq!(tx.list_unsealed_audit_records(2).await?, records.get(2..4).expect("five records"));
    let oldest = records.get(2..).expect("five records").iter().map(|record| record.at).min();
    assert_eq!(tx.unsealed_audit_tail(10).await?, (3, oldest));
    assert_eq!(tx.unsealed_audit_tail(2).await?.0, 2);
    drop(tx);
    assert!(seal(&subject, 2, rest).await?);

    let mut tx = subject.store.snapshot().await?;
    let expected: Vec<SealedRecord> = (1..)
        .zip(&records)
        .map(|(seq, record)| SealedRecord { seq: Some(seq), hash: Some(hash(seq)), record: record.clone() })
        .collect();
    assert_eq!(tx.list_sealed_audit_records(0, 10).await?, expected);
    assert_eq!(tx.list_sealed_audit_records(3, 1).await?, expected.get(3..4).expect("five records"));
    assert_eq!(tx.list_unsealed_audit_records(10).await?, []);
    assert_eq!(tx.unsealed_audit_tail(10).await?, (0, None));
    assert_eq!(tx.audit_head().await?, (5, hash(5)));
    Ok(())
}

/// Twenty sealers seal the same tail.
pub async fn of_racing_sealers_one_moves_the_head(subject: Subject) -> Kept {
    let records: Vec<Record> = (0..10).map(|_| subject.record(Event::SignedIn)).collect();
    write(&subject, &records).await?;
    let (from, sealed) = to_seal(&subject).await?;
    let moved = subject
        .race(20, |subject, number| {
            let mut sealed = sealed.clone();
            for entry in &mut sealed {
                entry.2 = [u8::try_from(number).unwrap_or(0); 32];
            }
            async move { seal(&subject, from, &sealed).await }
        })
        .await?;

    assert_eq!(winners(&moved), 1);
    let winner = moved.iter().position(|won| *won).and_then(|number| u8::try_from(number).ok()).expect("one");
    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.audit_head().await?, (10, [winner; 32]));
    let hashes = tx.list_sealed_audit_records(0, 100).await?;
    assert!(hashes.iter().all(|sealed| sealed.hash == Some([winner; 32])), "no hash of a loser");
    Ok(())
}

/// A sealer that would tear the chain is refused.
pub async fn a_seal_that_does_not_follow_the_head_is_refused(subject: Subject) -> Kept {
    write(&subject, &[subject.record(Event::SignedIn), subject.record(Event::SignedOut)]).await?;
    let (from, sealed) = to_seal(&subject).await?;
    let [first, second] = sealed.as_slice() else { return Err(Error::ReadOnly) };
    let unknown = (AuditId::new(&subject.env), 1, hash(1));
    let wrong: [&[(AuditId, u64, [u8; 32])]; 3] =
        [&[(first.0, 2, hash(2))], &[*first, (second.0, 3, hash(3))], &[unknown]];
    for sealed in wrong {
        let mut tx = subject.begin().await?;
        let refused = tx.seal_audit_records(from, sealed).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    assert!(seal(&subject, from, &[*first]).await?);
    let mut tx = subject.begin().await?;
    let twice = tx.seal_audit_records(1, &[(first.0, 2, hash(2))]).await;
    assert!(matches!(twice, Err(Error::Refused(_))), "a record is sealed once: {twice:?}");
    drop(tx);
    assert!(!seal(&subject, from, &[*first]).await?, "the head has moved");
    assert!(seal(&subject, 1, &[]).await?);
    assert_eq!(subject.store.snapshot().await?.audit_head().await?, (1, hash(1)));
    Ok(())
}

/// The outcome and the request are part of the record.
pub async fn outcome_and_request_are_kept(subject: Subject) -> Kept {
    let request = RequestId::new(&subject.env);
    let mut record = subject.record(Event::SignInFailed).refused("limited");
    record.request = Some(request);
    write(&subject, &[record]).await?;

    let listed = list(&subject, &AuditFilter::default()).await?;
    let facts: Vec<_> = listed.iter().map(|r| (r.outcome, r.reason.as_deref(), r.request)).collect();
    assert_eq!(facts, [(Outcome::Refused, Some("limited"), Some(request))]);
    Ok(())
}
