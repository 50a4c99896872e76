//! Promises of `Sessions`.

use countersign_kernel::{Lifetime, SessionId, Timestamp, UserId};
use countersign_store::{
    Answered, AttemptHash, Cursor, Delivery, EndReason, Ended, Error, PageRequest, Session, Spent,
};

use crate::subject::{Kept, Subject, winners};

fn answered(count: u8) -> Vec<Answered> {
    (0..count).map(|n| Answered { id: AttemptHash([n; 16]), mints: n % 4 }).collect()
}

/// Eight spent generations with eight ids each: as full as a row can be.
fn spent(now: Timestamp) -> Vec<Spent> {
    let entry = |n: u64| Spent {
        first: n * 2_000,
        last: n * 2_000 + if n == 3 { 1_023 } else { 0 },
        spent_at: now + Lifetime::from_micros(1),
        passed_at: n.is_multiple_of(2).then_some(now),
        answered: answered(8),
    };
    (0..8).map(entry).collect()
}

fn full(subject: &Subject, user: UserId) -> Session {
    let now = subject.now();
    let mut session = subject.new_session(user);
    session.delivery = Delivery::Body;
    session.remember = false;
    session.row.generation = 1_u64 << 40;
    session.row.period = u32::MAX;
    session.row.delivered = Some((1_u64 << 40) - 1);
    session.row.answered = answered(8);
    session.row.recent = spent(now);
    session.row.uses_ids = true;
    session.row.bound_key = Some([9; 32]);
    session.row.version = 77;
    session.amr = vec!["hwk".to_owned(), "pwd".to_owned()];
    session.first_address = Some("2001:db8::1".to_owned());
    session.noticed = crate::noticed::full();
    session
}

async fn insert(subject: &Subject, session: &Session) -> Kept {
    let mut tx = subject.begin().await?;
    tx.insert_session(session).await?;
    tx.commit().await
}

async fn end(subject: &Subject, id: SessionId) -> Result<Option<Session>, Error> {
    let mut tx = subject.begin().await?;
    let ended = Ended { at: subject.now(), reason: EndReason::SignedOut };
    let session = tx.end_session(id, ended).await?;
    tx.commit().await?;
    Ok(session)
}

/// Every field comes out as it went in, the emptiest row and the fullest.
pub async fn a_session_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut empty = subject.new_session(ada);
    empty.device = None;
    empty.user_agent = None;
    empty.address = None;
    empty.first_address = None;
    empty.amr = vec![];
    let mut ended = full(&subject, ada);
    ended.row.ended = Some(Ended { at: subject.now(), reason: EndReason::Theft });
    for session in [empty, full(&subject, ada), ended] {
        insert(&subject, &session).await?;

        assert_eq!(subject.find_session(session.id).await?.as_ref(), Some(&session));
        let hot = subject.store.find_session_and_user(session.id).await?;
        assert_eq!(hot.map(|(session, _)| session).as_ref(), Some(&session), "the hot path reads the same");
    }
    assert_eq!(subject.find_session(SessionId::new(&subject.env)).await?, None);
    Ok(())
}

/// Every reason of an ending is kept.
pub async fn every_reason_of_an_ending_reads_back(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for &reason in EndReason::ALL {
        let mut session = subject.new_session(ada);
        session.row.ended = Some(Ended { at: subject.now(), reason });
        insert(&subject, &session).await?;
        assert_eq!(subject.find_session(session.id).await?, Some(session));
    }
    Ok(())
}

/// What a row may not have is refused before it is written.
pub async fn a_row_longer_than_any_may_be_is_refused(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?;
    let mut long = subject.rotation(&session);
    long.row.answered = answered(9);
    let mut other_version = subject.rotation(&session);
    other_version.row.version = 5;
    for wrong in [long, other_version] {
        let mut tx = subject.begin().await?;
        assert!(matches!(tx.write_refresh(&wrong).await, Err(Error::Refused(_))));
        drop(tx);
        assert!(matches!(subject.store.write_refresh_and_find_user(&wrong).await, Err(Error::Refused(_))));
    }
    assert_eq!(subject.find_session(session.id).await?, Some(session));
    Ok(())
}

/// Whoever opens a session for an account that is just being deleted is told to look again.
pub async fn a_session_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let session = subject.new_session(UserId::new(&subject.env));
    let mut tx = subject.begin().await?;
    let lost = tx.insert_session(&session).await;
    assert!(matches!(lost, Err(Error::Conflict(_))), "{lost:?}");
    Ok(())
}

/// Everything that was judged is written, the address only where it is known.
pub async fn a_judged_row_is_written_whole(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let before = subject.session(ada).await?;
    subject.clock.advance(Lifetime::from_minutes(3));
    let mut write = subject.rotation(&before);
    let like = full(&subject, ada).row;
    write.row.answered = like.answered;
    write.row.recent = like.recent;
    write.row.uses_ids = true;
    write.row.bound_key = Some([3; 32]);
    write.row.period = 8;
    write.row.idle_deadline = subject.now() + Lifetime::from_days(7);
    write.address = Some("2001:db8::1".to_owned());
    let mut tx = subject.begin().await?;
    assert!(tx.write_refresh(&write).await?);
    tx.commit().await?;

    let row = write.row.clone();
    let expected = Session { row, last_seen_at: subject.now(), address: write.address.clone(), ..before };
    assert_eq!(subject.find_session(expected.id).await?.as_ref(), Some(&expected));

    let again = subject.rotation(&expected);
    let mut tx = subject.begin().await?;
    assert!(tx.write_refresh(&again).await?);
    tx.commit().await?;
    let address = subject.find_session(expected.id).await?.and_then(|session| session.address);
    assert_eq!(address, write.address, "an unknown address leaves the known one");
    Ok(())
}

/// Fifty judges of one version write at once.
pub async fn a_version_is_written_over_once(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let written = subject
        .race(50, |subject, number| {
            let mut write = subject.rotation(&session);
            write.row.generation = 100 + u64::try_from(number).unwrap_or(0);
            async move {
                let mut tx = subject.begin().await?;
                let written = tx.write_refresh(&write).await?;
                tx.commit().await?;
                Ok((written, write.row))
            }
        })
        .await?;

    let won: Vec<_> = written.into_iter().filter(|(won, _)| *won).map(|(_, row)| row).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(subject.find_session(session.id).await?.map(|session| session.row).as_ref(), won.first());
    Ok(())
}

/// An ended session is written by nobody, whatever version he judged.
pub async fn an_ended_session_is_not_written(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let ended = end(&subject, session.id).await?.expect("it lived");
    let mut tx = subject.begin().await?;

    assert!(!tx.write_refresh(&subject.rotation(&session)).await?);
    assert!(!tx.write_refresh(&subject.rotation(&ended)).await?);
    assert!(!tx.set_authentication(session.id, &["otp".to_owned()], subject.now()).await?);
    Ok(())
}

/// Fifty tasks end one session.
pub async fn a_session_ends_once(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let id = session.id;
    let ends = subject.race(50, move |subject, _| async move { end(&subject, id).await }).await?;

    let ends: Vec<Session> = ends.into_iter().flatten().collect();
    assert_eq!(ends.len(), 1);
    let now = subject.find_session(id).await?.expect("its row stays");
    assert_eq!(ends.first(), Some(&now));
    assert_eq!(now.row.ended, Some(Ended { at: subject.now(), reason: EndReason::SignedOut }));
    assert_eq!(now.row.version, session.row.version + 1);
    assert_eq!(end(&subject, SessionId::new(&subject.env)).await?, None);
    Ok(())
}

/// A theft and a sign-out meet: one ending, and the reason of the one that came first.
pub async fn an_ending_is_written_by_the_judged_write_too(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let mut theft = subject.rotation(&session);
    theft.row.ended = Some(Ended { at: subject.now(), reason: EndReason::Theft });
    let id = session.id;
    let won = subject
        .race(2, |subject, number| {
            let theft = theft.clone();
            async move {
                if number == 0 {
                    return Ok(end(&subject, id).await?.is_some());
                }
                let mut tx = subject.begin().await?;
                let written = tx.write_refresh(&theft).await?;
                tx.commit().await?;
                Ok(written)
            }
        })
        .await?;

    assert_eq!(winners(&won), 1);
    let reason = subject.find_session(id).await?.and_then(|session| session.row.ended).map(|ended| ended.reason);
    let expected = if won.first() == Some(&true) { EndReason::SignedOut } else { EndReason::Theft };
    assert_eq!(reason, Some(expected));
    Ok(())
}

/// All but one, and only living ones are counted.
pub async fn all_sessions_of_a_person_end_but_one(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let (kept, first, second) = (subject.session(ada).await?, subject.session(ada).await?, subject.session(ada).await?);
    let of_bob = subject.session(bob).await?;
    end(&subject, first.id).await?;

    let ended = Ended { at: subject.now(), reason: EndReason::PasswordChanged };
    let mut tx = subject.begin().await?;
    assert_eq!(tx.end_sessions_of(ada, Some(kept.id), ended).await?, 1);
    tx.commit().await?;
    let reason = |session: Option<Session>| session.and_then(|session| session.row.ended).map(|ended| ended.reason);
    assert_eq!(reason(subject.find_session(first.id).await?), Some(EndReason::SignedOut));
    assert_eq!(reason(subject.find_session(second.id).await?), Some(EndReason::PasswordChanged));
    assert_eq!(reason(subject.find_session(kept.id).await?), None);

    let mut tx = subject.begin().await?;
    assert_eq!(tx.end_sessions_of(ada, None, ended).await?, 1);
    tx.commit().await?;
    assert_eq!(reason(subject.find_session(of_bob.id).await?), None, "nobody else's");
    Ok(())
}

/// All that live, whosoever they are; an ended one keeps its reason.
pub async fn every_session_there_is_can_be_ended(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let (first, over, of_bob) = (subject.session(ada).await?, subject.session(ada).await?, subject.session(bob).await?);
    end(&subject, over.id).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.end_every_session(Ended { at: subject.now(), reason: EndReason::Restored }).await?, 2);
    tx.commit().await?;

    let reason = |session: Option<Session>| session.and_then(|session| session.row.ended).map(|ended| ended.reason);
    assert_eq!(reason(subject.find_session(over.id).await?), Some(EndReason::SignedOut));
    for id in [first.id, of_bob.id] {
        assert_eq!(reason(subject.find_session(id).await?), Some(EndReason::Restored));
    }
    Ok(())
}

/// Those that lived at a moment, up to their absolute deadline; none loses by it, and what is over stays over.
pub async fn idle_deadlines_of_what_lived_at_a_moment_are_renewed(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let minutes = |minutes| subject.now() + Lifetime::from_minutes(minutes);
    let (lived_at, until) = (minutes(10), minutes(60));
    let mut sessions = Vec::new();
    for (idle, absolute, wanted) in [(20, 90, 60), (11, 50, 50), (70, 90, 70), (10, 90, 10), (20, 10, 20), (11, 11, 11)]
    {
        let mut session = subject.new_session(ada);
        (session.row.idle_deadline, session.row.absolute_deadline) = (minutes(idle), minutes(absolute));
        insert(&subject, &session).await?;
        sessions.push((session, minutes(wanted)));
    }
    let mut ended = subject.new_session(ada);
    ended.row.idle_deadline = minutes(20);
    insert(&subject, &ended).await?;
    end(&subject, ended.id).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.renew_idle_deadlines(lived_at, until).await?, 2);
    tx.commit().await?;

    for (before, wanted) in sessions {
        let row = subject.find_session(before.id).await?.map(|session| session.row);
        let raised = u64::from(wanted != before.row.idle_deadline);
        assert_eq!(row.as_ref().map(|row| row.idle_deadline), Some(wanted), "{before:?}");
        assert_eq!(row.map(|row| row.version), Some(before.row.version + raised), "{before:?}");
    }
    let ended = subject.find_session(ended.id).await?;
    assert_eq!(ended.map(|session| session.row.idle_deadline), Some(minutes(20)));
    Ok(())
}

/// Sessions that are over in each way there is: idle for too long, too old, ended.
async fn insert_over(subject: &Subject, user: UserId) -> Kept {
    let mut idle = subject.new_session(user);
    idle.row.idle_deadline = subject.now();
    let mut old = subject.new_session(user);
    old.row.absolute_deadline = subject.now();
    insert(subject, &idle).await?;
    insert(subject, &old).await?;
    let over = subject.session(user).await?;
    end(subject, over.id).await?;
    Ok(())
}

/// Living ones only, most recently used first.
pub async fn living_sessions_are_listed_last_used_first(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut sessions = Vec::new();
    for minutes in [5, 1, 9] {
        let mut session = subject.new_session(ada);
        session.last_seen_at = subject.now() + Lifetime::from_minutes(minutes);
        insert(&subject, &session).await?;
        sessions.push((minutes, session.id));
    }
    insert_over(&subject, ada).await?;
    subject.session(subject.user("bob").await?).await?;

    let listed = subject.store.snapshot().await?.list_sessions_of(ada, subject.now()).await?;
    sessions.sort_unstable_by_key(|(minutes, _)| std::cmp::Reverse(*minutes));
    let expected: Vec<SessionId> = sessions.into_iter().map(|(_, id)| id).collect();
    assert_eq!(listed.into_iter().map(|session| session.id).collect::<Vec<_>>(), expected);
    Ok(())
}

/// Everybody's or one person's, in pages; what is over is on none.
pub async fn living_sessions_are_listed_in_pages_newest_first(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let mut newest = Vec::new();
    for user in [ada, bob, ada, ada, bob] {
        // Ids of one moment have no order.
        subject.clock.advance(Lifetime::from_millis(1));
        newest.insert(0, (user, subject.session(user).await?.id));
    }
    insert_over(&subject, ada).await?;

    let mut tx = subject.store.snapshot().await?;
    for whose in [None, Some(ada), Some(bob), Some(UserId::new(&subject.env))] {
        let mut request = PageRequest::first(2);
        let (mut listed, mut pages) = (Vec::new(), 0);
        loop {
            let page = tx.list_living_sessions(whose, subject.now(), &request).await?;
            listed.extend(page.items.iter().map(|session| (session.user, session.id)));
            pages += 1;
            let Some(next) = page.next else { break };
            request = PageRequest::after(next, 2);
        }
        let expected: Vec<_> =
            newest.iter().copied().filter(|(user, _)| whose.is_none_or(|whose| whose == *user)).collect();
        assert_eq!(pages, expected.len().div_ceil(2).max(1), "{whose:?}");
        assert_eq!(listed, expected, "{whose:?}");
    }
    let broken = PageRequest::after(Cursor("no cursor".to_owned()), 2);
    let page = tx.list_living_sessions(None, subject.now(), &broken).await?;
    assert_eq!((page.items.len(), page.next), (0, None));
    Ok(())
}

/// A step-up is written, and whoever judged the row before it judges again.
pub async fn a_new_proof_is_recorded(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let later = subject.now() + Lifetime::from_minutes(1);
    let mut tx = subject.begin().await?;
    assert!(tx.set_authentication(session.id, &["otp".to_owned(), "pwd".to_owned()], later).await?);
    assert!(!tx.set_authentication(SessionId::new(&subject.env), &[], later).await?);
    assert!(!tx.write_refresh(&subject.rotation(&session)).await?);
    tx.commit().await?;

    let now = subject.find_session(session.id).await?.expect("it lives");
    assert_eq!((now.amr.join(" ").as_str(), now.auth_time), ("otp pwd", later));
    Ok(())
}

/// Only what is past, and no more than was asked for.
pub async fn old_sessions_are_swept_in_batches(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for _ in 0..5 {
        subject.session(ada).await?;
    }
    let deadline = subject.new_session(ada).row.absolute_deadline;
    let mut late = subject.new_session(ada);
    late.row.absolute_deadline = deadline + Lifetime::from_micros(1);
    insert(&subject, &late).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_sessions(deadline, 9).await?, 0, "none passed before its own moment");
    let just_after = deadline + Lifetime::from_micros(1);
    assert_eq!(tx.sweep_sessions(just_after, 3).await?, 3);
    assert_eq!(tx.sweep_sessions(just_after, 3).await?, 2);
    assert_eq!(tx.sweep_sessions(just_after, 3).await?, 0);
    tx.commit().await?;
    assert!(subject.find_session(late.id).await?.is_some());
    Ok(())
}
