//! Promises of `Sessions::end_idlest_sessions`: how many sessions of one person live.

use countersign_kernel::{Lifetime, SessionId, UserId};
use countersign_store::{EndReason, Ended, Error, Session};

use crate::subject::{Kept, Subject};

/// Ends what one more session would be beyond `bound`, and opens it, as a sign-in does.
async fn open(subject: &Subject, user: UserId, bound: u32) -> Result<(Session, Vec<SessionId>), Error> {
    let session = subject.new_session(user);
    let ended = Ended { at: subject.now(), reason: EndReason::TooMany };
    let mut tx = subject.begin().await?;
    assert!(tx.lock_user(user).await?.is_some());
    let beyond = tx.end_idlest_sessions(user, session.id, bound - 1, ended).await?;
    tx.insert_session(&session).await?;
    tx.commit().await?;
    Ok((session, beyond))
}

async fn living(subject: &Subject, user: UserId) -> Result<Vec<SessionId>, Error> {
    let sessions = subject.store.snapshot().await?.list_sessions_of(user, subject.now()).await?;
    Ok(sessions.into_iter().map(|session| session.id).collect())
}

/// In the order of their last use, never the new one, and nobody else's.
pub async fn the_sessions_unused_the_longest_end_beyond_the_bound(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let of_bob = subject.session(bob).await?;
    let mut by_age = Vec::new();
    for minutes in [7, 2, 9, 4] {
        let mut session = subject.new_session(ada);
        session.last_seen_at = subject.now() - Lifetime::from_minutes(minutes);
        let mut tx = subject.begin().await?;
        tx.insert_session(&session).await?;
        tx.commit().await?;
        by_age.push((minutes, session.id));
    }
    by_age.sort_unstable();
    let [second, fourth, seventh, ninth] = by_age.iter().map(|(_, id)| *id).collect::<Vec<_>>()[..] else {
        return Err(Error::Refused("four sessions".into()));
    };

    let (first, beyond) = open(&subject, ada, 5).await?;
    assert_eq!(beyond, [], "five may live");
    let (newest, mut beyond) = open(&subject, ada, 4).await?;
    beyond.sort_unstable();
    let mut expected = vec![seventh, ninth];
    expected.sort_unstable();
    assert_eq!(beyond, expected);
    let mut alive = living(&subject, ada).await?;
    alive.sort_unstable();
    let mut expected = vec![second, fourth, first.id, newest.id];
    expected.sort_unstable();
    assert_eq!(alive, expected);

    let gone = subject.find_session(ninth).await?.and_then(|session| Some((session.row.ended?, session.row.version)));
    assert_eq!(gone, Some((Ended { at: subject.now(), reason: EndReason::TooMany }, 2)));
    let (last, beyond) = open(&subject, ada, 1).await?;
    assert_eq!((beyond.len(), living(&subject, ada).await?), (4, vec![last.id]));
    assert_eq!(living(&subject, bob).await?, [of_bob.id]);
    Ok(())
}

/// Sessions that have ended or are past a deadline.
pub async fn what_is_over_neither_counts_nor_ends_again(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let (idle, old, out) = (subject.session(ada).await?, subject.session(ada).await?, subject.session(ada).await?);
    let signed_out = Ended { at: subject.now(), reason: EndReason::SignedOut };
    let mut tx = subject.begin().await?;
    assert!(tx.end_session(out.id, signed_out).await?.is_some());
    for (session, is_idle) in [(&idle, true), (&old, false)] {
        let mut write = subject.rotation(session);
        let deadline = if is_idle { &mut write.row.idle_deadline } else { &mut write.row.absolute_deadline };
        *deadline = subject.now();
        assert!(tx.write_refresh(&write).await?);
    }
    tx.commit().await?;
    let kept = subject.session(ada).await?;

    let (new, beyond) = open(&subject, ada, 2).await?;

    assert_eq!(beyond, []);
    let alive = living(&subject, ada).await?;
    assert!(alive.len() == 2 && alive.contains(&kept.id) && alive.contains(&new.id), "{alive:?}");
    let ended = subject.find_session(out.id).await?.and_then(|session| session.row.ended);
    assert_eq!(ended, Some(signed_out));
    Ok(())
}

/// Twenty sign-ins of one person at once, where ten may live and ten lived before: the older ones make room, each ends once, and
/// at no moment do more than ten live. Where no more race than may live, none of the racers ends.
pub async fn sign_ins_that_race_never_leave_more_than_the_bound(subject: Subject) -> Kept {
    for (racers, bound) in [(10, 10), (20, 10), (8, 1)] {
        let ada = subject.user(&format!("ada{racers}{bound}")).await?;
        let mut before = Vec::new();
        for _ in 0..bound {
            before.push(subject.session(ada).await?.id);
        }
        subject.clock.advance(Lifetime::from_minutes(1));

        let opened = subject
            .race(racers, move |subject, _| async move {
                let opened = open(&subject, ada, bound).await?;
                let alive = living(&subject, ada).await?;
                Ok((opened.0.id, opened.1, alive.len()))
            })
            .await?;

        let allowed = usize::try_from(bound).unwrap_or(0);
        assert!(opened.iter().all(|(_, _, alive)| *alive <= allowed), "{racers} racers, {bound} may live");
        let alive = living(&subject, ada).await?;
        assert_eq!(alive.len(), allowed);
        let mut ended: Vec<SessionId> = opened.iter().flat_map(|(_, beyond, _)| beyond.clone()).collect();
        let count = ended.len();
        ended.sort_unstable();
        ended.dedup();
        assert_eq!((ended.len(), count), (racers, racers), "one makes room for each, and none ends twice");
        assert!(before.iter().all(|id| ended.contains(id)), "the oldest first");
        if racers <= allowed {
            assert!(opened.iter().all(|(id, ..)| alive.contains(id)), "and no racer at all");
        }
    }
    Ok(())
}

/// A session that makes room is refreshed in the same moment.
pub async fn no_refresh_outlives_the_bound_that_ended_its_session(subject: Subject) -> Kept {
    for round in 0..20 {
        let ada = subject.user(&format!("ada{round}")).await?;
        let oldest = subject.session(ada).await?;
        let id = oldest.id;
        subject
            .race(4, move |subject, number| async move {
                if number == 0 {
                    assert_eq!(open(&subject, ada, 1).await?.1, [id]);
                    return Ok(());
                }
                while let Some(session) = subject.find_session(id).await?.filter(|s| s.row.ended.is_none()) {
                    subject.store.write_refresh_and_find_user(&subject.rotation(&session)).await?;
                }
                Ok(())
            })
            .await?;
        let now = subject.find_session(id).await?.expect("its row stays");
        assert_eq!(subject.store.write_refresh_and_find_user(&subject.rotation(&now)).await?, None);
        assert_eq!(subject.store.write_refresh_and_find_user(&subject.rotation(&oldest)).await?, None);
    }
    Ok(())
}
