//! Promises of `Sessions`, `Users` and `Hot` together: whatever ends a session ends it for good, whoever refreshes meanwhile.

use countersign_kernel::{Lifetime, SessionId, UserId};
use countersign_store::{Effect, EndReason, Ended, Error, NewRevocation, Session, Target, Tx, UserStatus};

use crate::subject::{Kept, Subject};

/// A way in which a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// By its id: a sign-out.
    One,
    /// All of a person's.
    All,
    /// All, and the person is disabled.
    Disable,
    /// With its person.
    Delete,
    /// By a judged write: theft.
    Judged,
}

const ENDINGS: [Ending; 5] = [Ending::One, Ending::All, Ending::Disable, Ending::Delete, Ending::Judged];

impl Ending {
    /// Does it in this transaction, with its revocation; `false` where a refresh was first and it must be judged again.
    async fn happen(self, subject: &Subject, tx: &mut dyn Tx, session: &Session) -> Result<bool, Error> {
        let ended = Ended { at: tx.now(), reason: EndReason::Operator };
        let mut target = Target::Session(session.id);
        match self {
            Self::One => assert!(tx.end_session(session.id, ended).await?.is_some()),
            Self::Judged => {
                let mut theft = subject.rotation(session);
                theft.row.ended = Some(ended);
                if !tx.write_refresh(&theft).await? {
                    return Ok(false);
                }
            }
            Self::All | Self::Disable | Self::Delete => {
                if self == Self::Disable {
                    tx.set_user_status(session.user, UserStatus::Disabled).await?;
                }
                let below = tx.raise_user_ver(session.user).await?.expect("the person is there");
                assert_eq!(tx.end_sessions_of(session.user, None, ended).await?, 1);
                target = Target::Person { user: session.user, below, except: None };
                if self == Self::Delete {
                    assert!(tx.delete_user(session.user).await?);
                }
            }
        }
        let until = tx.now() + Lifetime::from_minutes(20);
        tx.revoke(NewRevocation { target, effect: Effect::Ended, at: tx.now(), until, reason: "operator".to_owned() });
        Ok(true)
    }

    /// Does it, however often a refresh is first.
    async fn commit(self, subject: &Subject, id: SessionId) -> Kept {
        loop {
            let session = subject.find_session(id).await?.expect("it lives");
            let mut tx = subject.begin().await?;
            if self.happen(subject, tx.as_mut(), &session).await? {
                return tx.commit().await;
            }
        }
    }
}

/// The session of a new person.
async fn scene(subject: &Subject, name: &str) -> Result<Session, Error> {
    subject.session(subject.user(name).await?).await
}

/// It is over: nothing writes its row any more, by either path, whatever was judged and when.
async fn is_over(subject: &Subject, judged: &Session, reason: &str) -> Kept {
    let now = subject.find_session(judged.id).await?;
    assert!(now.as_ref().is_none_or(|session| session.row.ended.is_some()), "{reason}: it has ended or is gone");
    for basis in [Some(judged.clone()), now.clone()].into_iter().flatten() {
        let write = subject.rotation(&basis);
        assert_eq!(subject.store.write_refresh_and_find_user(&write).await?, None, "{reason}: the hot path");
        let mut tx = subject.begin().await?;
        assert!(!tx.write_refresh(&write).await?, "{reason}: a transaction");
        assert!(!tx.set_authentication(basis.id, &[], subject.now()).await?, "{reason}: a step-up");
        assert!(!tx.write_noticed(basis.id, basis.row.version, &[]).await?, "{reason}: another network");
        drop(tx);
    }
    assert_eq!(subject.find_session(judged.id).await?, now, "{reason}: nothing has moved");
    let found = subject.store.find_session_and_user(judged.id).await?.map(|(session, _)| session);
    assert_eq!(found, now, "{reason}: and whoever reads it says so");
    Ok(())
}

/// The ending comes first.
pub async fn what_was_judged_before_an_ending_is_not_written_after_it(subject: Subject) -> Kept {
    for ending in ENDINGS {
        let judged = scene(&subject, &format!("{ending:?}")).await?;
        ending.commit(&subject, judged.id).await?;
        is_over(&subject, &judged, &format!("{ending:?}")).await?;
    }
    Ok(())
}

/// The ending has been written and is not committed yet when the refresh comes.
pub async fn a_refresh_waits_for_an_ending_under_way_and_writes_nothing(subject: Subject) -> Kept {
    for ending in ENDINGS {
        let judged = scene(&subject, &format!("{ending:?}")).await?;
        let mut tx = subject.begin().await?;
        assert!(ending.happen(&subject, tx.as_mut(), &judged).await?);
        let (store, write) = (std::sync::Arc::clone(&subject.store), subject.rotation(&judged));
        let refresh = tokio::spawn(async move { store.write_refresh_and_find_user(&write).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        tx.commit().await?;

        assert_eq!(refresh.await.expect("it does not panic")?, None, "{ending:?}");
        is_over(&subject, &judged, &format!("{ending:?}")).await?;
    }
    Ok(())
}

/// The ending's transaction is open, and has written nothing, when the refresh comes. Which is first is the engine's to say.
pub async fn an_ending_ends_what_a_refresh_wrote_before_it(subject: Subject) -> Kept {
    for ending in [Ending::One, Ending::All, Ending::Disable, Ending::Delete] {
        let judged = scene(&subject, &format!("{ending:?}")).await?;
        let mut tx = subject.begin().await?;
        let (store, write) = (std::sync::Arc::clone(&subject.store), subject.rotation(&judged));
        let refresh = tokio::spawn(async move { store.write_refresh_and_find_user(&write).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(ending.happen(&subject, tx.as_mut(), &judged).await?);
        tx.commit().await?;

        // Whoever was written before the end reads rights of before it: what is signed with them is revoked.
        if let Some(user) = refresh.await.expect("it does not panic")? {
            assert_eq!((user.ver, user.is_active()), (1, true), "{ending:?}");
        }
        is_over(&subject, &judged, &format!("{ending:?}")).await?;
    }
    Ok(())
}

/// Many refresh as fast as they can while it ends.
pub async fn no_refresh_that_races_an_ending_outlives_it(subject: Subject) -> Kept {
    for round in 0..20 {
        for ending in ENDINGS {
            let judged = scene(&subject, &format!("{ending:?}{round}")).await?;
            let id = judged.id;
            subject
                .race(5, |subject, number| async move {
                    if number == 0 {
                        for _ in 0..round {
                            tokio::task::yield_now().await;
                        }
                        return ending.commit(&subject, id).await;
                    }
                    while let Some(session) = subject.find_session(id).await?.filter(|s| s.row.ended.is_none()) {
                        subject.store.write_refresh_and_find_user(&subject.rotation(&session)).await?;
                    }
                    Ok(())
                })
                .await?;
            is_over(&subject, &judged, &format!("{ending:?}, round {round}")).await?;
        }
    }
    Ok(())
}

/// Whoever reads at any moment finds the session living and nothing revoked, or ended and revoked: a process that starts
/// in between knows what it needs to know.
pub async fn an_ending_and_its_revocation_are_seen_at_once(subject: Subject) -> Kept {
    for ending in ENDINGS {
        let session = scene(&subject, &format!("{ending:?}")).await?;
        let (id, user) = (session.id, session.user);
        let seen = subject
            .race(4, |subject, number| async move {
                if number == 0 {
                    ending.commit(&subject, id).await?;
                    return Ok(1);
                }
                let mut looks = 0;
                loop {
                    looks += 1;
                    if is_over_and_revoked(&subject, id, user).await? {
                        return Ok(looks);
                    }
                }
            })
            .await?;
        assert_eq!(seen.len(), 4, "{ending:?}");
    }
    Ok(())
}

async fn is_over_and_revoked(subject: &Subject, id: SessionId, person: UserId) -> Result<bool, Error> {
    let mut snapshot = subject.store.snapshot().await?;
    let is_over = snapshot.find_session(id).await?.is_none_or(|session| session.row.ended.is_some());
    let revocations = snapshot.list_revocations(0, 100).await?;
    let is_revoked = revocations.iter().any(|revocation| match revocation.record.target {
        Target::Session(session) => session == id,
        Target::Person { user, .. } => user == person,
        Target::Token(_) | Target::Key(_) => false,
    });
    assert_eq!(is_over, is_revoked, "one without the other");
    Ok(is_over)
}
