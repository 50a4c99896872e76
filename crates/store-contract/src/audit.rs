//! Promises of `AuditRecords`.

use countersign_audit::{Actor, Blinding, Event, Hash, Link, Outcome, Place, Record};
use countersign_kernel::{AuditId, Lifetime, RequestId, SessionId, UserId};
use countersign_store::{AuditFilter, ChainRow, Cursor, Error, PageRequest};

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

/// Somewhere in a chain; the hashes are not those of any record.
fn place(seq: u64) -> Place {
    let hash = |seq: u64| {
        let mut hash = [1; 32];
        for (slot, byte) in hash.iter_mut().zip(seq.to_be_bytes()) {
            *slot = byte;
        }
        Hash(hash)
    };
    Place { prev: hash(seq - 1), link: Link { seq, hash: hash(seq) } }
}

/// Numbers for the waiting records, as a sealer gives them.
async fn to_seal(subject: &Subject) -> Result<(u64, Vec<(AuditId, Place)>), Error> {
    let mut tx = subject.store.snapshot().await?;
    let head = tx.audit_head().await?.seq;
    let waiting = tx.list_unsealed_audit_records(100).await?;
    Ok((head, (head + 1..).zip(waiting).map(|(seq, record)| (record.id, place(seq))).collect()))
}

async fn seal(subject: &Subject, from: u64, sealed: &[(AuditId, Place)]) -> Result<bool, Error> {
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
        records.push(record.clone().of_unknown("0123"));
        record.id = AuditId::new(&subject.env);
        record.erase();
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
    assert!(sealed.items.iter().all(|sealed| sealed.place.is_none()));
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
    let (actor, request) = (UserId::new(&subject.env), RequestId::new(&subject.env));
    wanted.actor = Actor::User(actor);
    wanted.request = Some(request);
    let mut before = subject.record(Event::SignedOut);
    before.at = start;
    before.address = Some("192.0.3.7".to_owned());
    let mut after = subject.record(Event::SignedOut).refused("x");
    after.at = start + Lifetime::from_seconds(2);
    write(&subject, &[before, wanted.clone(), after]).await?;

    let nothing = AuditFilter::default;
    let filters = [
        AuditFilter { person: Some(user), ..nothing() },
        AuditFilter { person: Some(actor), ..nothing() },
        AuditFilter { session: Some(session), ..nothing() },
        AuditFilter { events: vec![Event::SignedIn], ..nothing() },
        AuditFilter { events: vec![Event::SteppedUp, Event::SignedIn], ..nothing() },
        AuditFilter { addresses: "192.0.2.7".parse().ok(), ..nothing() },
        AuditFilter { addresses: "192.0.2.0/24".parse().ok(), ..nothing() },
        AuditFilter { request: Some(request), ..nothing() },
        AuditFilter {
            outcome: Some(Outcome::Success),
            events: vec![Event::SignedIn, Event::SignedOut],
            person: Some(user),
            ..nothing()
        },
        AuditFilter { since: Some(wanted.at), until: Some(wanted.at + Lifetime::from_micros(1)), ..nothing() },
        AuditFilter {
            person: Some(user),
            session: Some(session),
            events: vec![Event::SignedIn],
            outcome: Some(Outcome::Success),
            since: Some(wanted.at),
            until: Some(wanted.at + Lifetime::from_micros(1)),
            addresses: "::ffff:192.0.2.7".parse().ok(),
            request: Some(request),
        },
    ];
    for filter in filters {
        assert_eq!(list(&subject, &filter).await?, std::slice::from_ref(&wanted), "{filter:?}");
    }
    let none = AuditFilter { person: Some(user), events: vec![Event::SignedOut], ..nothing() };
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
    assert_eq!(subject.store.snapshot().await?.audit_head().await?, Link::START);

    let (from, sealed) = to_seal(&subject).await?;
    let (first, rest) = sealed.split_at(2);
    assert!(seal(&subject, from, first).await?);
    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.audit_head().await?, place(2).link);
    assert_eq!(tx.list_unsealed_audit_records(2).await?, records.get(2..4).expect("five records"));
    let oldest = records.get(2..).expect("five records").iter().map(|record| record.at).min();
    assert_eq!(tx.unsealed_audit_tail(10).await?, (3, oldest));
    assert_eq!(tx.unsealed_audit_tail(2).await?.0, 2);
    drop(tx);
    assert!(seal(&subject, 2, rest).await?);

    let mut tx = subject.store.snapshot().await?;
    let expected: Vec<ChainRow> =
        (1..).zip(&records).map(|(seq, record)| ChainRow { place: place(seq), record: Ok(record.clone()) }).collect();
    assert_eq!(tx.list_audit_chain(0, 10).await?, expected);
    assert_eq!(tx.list_audit_chain(3, 1).await?, expected.get(3..4).expect("five records"));
    assert_eq!(tx.list_unsealed_audit_records(10).await?, []);
    assert_eq!(tx.unsealed_audit_tail(10).await?, (0, None));
    assert_eq!(tx.audit_head().await?, place(5).link);
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
                entry.1.link.hash = Hash([u8::try_from(number).unwrap_or(0); 32]);
            }
            async move { seal(&subject, from, &sealed).await }
        })
        .await?;

    assert_eq!(winners(&moved), 1);
    let winner = moved.iter().position(|won| *won).and_then(|number| u8::try_from(number).ok()).expect("one");
    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.audit_head().await?, Link { seq: 10, hash: Hash([winner; 32]) });
    let rows = tx.list_audit_chain(0, 100).await?;
    assert!(rows.iter().all(|row| row.place.link.hash == Hash([winner; 32])), "no hash of a loser");
    Ok(())
}

/// A sealer that would tear the chain is refused.
pub async fn a_seal_that_does_not_follow_the_head_is_refused(subject: Subject) -> Kept {
    write(&subject, &[subject.record(Event::SignedIn), subject.record(Event::SignedOut)]).await?;
    let (from, sealed) = to_seal(&subject).await?;
    let [first, second] = sealed.as_slice() else { return Err(Error::ReadOnly) };
    let unknown = (AuditId::new(&subject.env), place(1));
    let wrong: [&[(AuditId, Place)]; 3] = [&[(first.0, place(2))], &[*first, (second.0, place(3))], &[unknown]];
    for sealed in wrong {
        let mut tx = subject.begin().await?;
        let refused = tx.seal_audit_records(from, sealed).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    assert!(seal(&subject, from, &[*first]).await?);
    let mut tx = subject.begin().await?;
    let twice = tx.seal_audit_records(1, &[(first.0, place(2))]).await;
    assert!(matches!(twice, Err(Error::Refused(_))), "a record is sealed once: {twice:?}");
    drop(tx);
    assert!(!seal(&subject, from, &[*first]).await?, "the head has moved");
    assert!(seal(&subject, 1, &[]).await?);
    assert_eq!(subject.store.snapshot().await?.audit_head().await?, place(1).link);
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

/// Two people's records are found by either, each once, newest first and page by page.
pub async fn a_person_is_found_as_actor_and_as_subject(subject: Subject) -> Kept {
    let (ada, bob) = (UserId::new(&subject.env), UserId::new(&subject.env));
    let by = |actor: UserId, of: UserId| {
        let mut record = subject.record(Event::RolesAssigned).of(of);
        record.actor = Actor::User(actor);
        record
    };
    let records =
        [by(ada, ada), by(bob, ada), by(bob, bob), by(ada, bob), subject.record(Event::SignedIn), by(ada, ada)];
    write(&subject, &records).await?;

    let mut tx = subject.store.snapshot().await?;
    let filter = AuditFilter { person: Some(ada), ..AuditFilter::default() };
    let mut request = PageRequest::first(2);
    let mut found = Vec::new();
    loop {
        let page = tx.list_audit_records(&filter, &request).await?;
        found.extend(page.items.into_iter().map(|sealed| sealed.record.id));
        let Some(next) = page.next else { break };
        request = PageRequest::after(next, 2);
    }
    let expected: Vec<AuditId> =
        [5, 3, 1, 0].into_iter().filter_map(|at: usize| records.get(at)).map(|r| r.id).collect();
    assert_eq!(found, expected);
    Ok(())
}

/// Of a person who goes, everything personal goes, and of nobody else; the commitments stay.
pub async fn a_persons_traces_are_erased_and_nobody_elses(subject: Subject) -> Kept {
    let (ada, admin) = (UserId::new(&subject.env), UserId::new(&subject.env));
    let of = |actor: Actor, who: Option<UserId>| {
        let mut record = subject.record(Event::SignInFailed);
        record.actor = actor;
        record.subject = who;
        record.address = Some("192.0.2.7".to_owned());
        record.user_agent = Some("agent".to_owned());
        record
    };
    let hers = [
        of(Actor::User(ada), Some(ada)),
        of(Actor::User(ada), None),
        of(Actor::Anonymous, Some(ada)),
        of(Actor::System, Some(ada)),
        of(Actor::Anonymous, None).of_unknown("her hash"),
    ];
    let others = [
        of(Actor::User(admin), Some(ada)),
        of(Actor::Anonymous, Some(admin)),
        of(Actor::Anonymous, None).of_unknown("another hash"),
        of(Actor::Operator, None),
    ];
    write(&subject, &hers).await?;
    write(&subject, &others).await?;
    let late = of(Actor::User(ada), Some(ada));

    let mut tx = subject.begin().await?;
    tx.audit(late.clone());
    assert_eq!(tx.erase_audit_person(ada, "her hash").await?, 6);
    tx.commit().await?;

    let mut expected: Vec<Record> = hers.iter().chain(&others).chain([&late]).cloned().collect();
    for record in expected.iter_mut().filter(|r| !others.iter().any(|other| other.id == r.id)) {
        record.erase();
    }
    expected.reverse();
    assert_eq!(list(&subject, &AuditFilter::default()).await?, expected);
    let there = AuditFilter { addresses: "192.0.2.7".parse().ok(), ..AuditFilter::default() };
    assert_eq!(list(&subject, &there).await?.len(), others.len(), "nor are they found by the address");
    let mut tx = subject.begin().await?;
    assert_eq!(tx.erase_audit_person(ada, "her hash").await?, 0, "once is enough");
    Ok(())
}

/// What waits for the sealer and is about somebody who is gone is erased; what is about somebody who is there is not.
pub async fn waiting_records_of_the_gone_are_erased(subject: Subject) -> Kept {
    let there = subject.user("ada").await?;
    let gone = UserId::new(&subject.env);
    let records: Vec<Record> = [there, gone]
        .into_iter()
        .flat_map(|id| {
            let mut acted = subject.record(Event::SignedIn);
            acted.actor = Actor::User(id);
            let mut suffered = subject.record(Event::SignInFailed).of(id);
            suffered.actor = Actor::Anonymous;
            [acted, suffered]
        })
        .collect();
    write(&subject, &records).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.erase_audit_of_the_gone().await?, 2);
    tx.commit().await?;

    let erased = |record: &Record| matches!(record.blinding, Blinding::Erased(_));
    let mut listed = list(&subject, &AuditFilter::default()).await?;
    listed.reverse();
    assert_eq!(listed.iter().map(erased).collect::<Vec<_>>(), [false, false, true, true]);
    Ok(())
}

/// A span of moments becomes a span of numbers; what waits is in none.
pub async fn a_span_of_moments_is_a_span_of_numbers(subject: Subject) -> Kept {
    write(&subject, &[subject.record(Event::SignedIn), subject.record(Event::SignedIn)]).await?;
    subject.clock.advance(Lifetime::from_hours(1));
    let later = subject.now();
    write(&subject, &[subject.record(Event::SignedIn)]).await?;
    assert_eq!(subject.store.snapshot().await?.audit_span(None, None).await?, None);
    let (from, sealed) = to_seal(&subject).await?;
    assert!(seal(&subject, from, &sealed).await?);

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.audit_span(None, None).await?, Some((1, 3)));
    assert_eq!(tx.audit_span(Some(later), None).await?, Some((3, 3)));
    assert_eq!(tx.audit_span(None, Some(later)).await?, Some((1, 2)));
    assert_eq!(tx.audit_span(Some(later + Lifetime::from_hours(1)), None).await?, None);
    Ok(())
}
