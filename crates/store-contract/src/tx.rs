//! Promises of `Store` and `Tx`.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use countersign_audit::Event;
use countersign_kernel::{Lifetime, Secret, SessionId, UserId};
use countersign_store::{
    Committed, Effect, EndReason, Ended, Enrolment, Error, KeyState, NewRevocation, Observer, PasswordHash,
    RecoveryCodeHash, Role, Root, Target, UserStatus,
};
use tokio::time::timeout;

use crate::subject::{Kept, Subject};

/// Remembers what it was told.
#[derive(Default)]
struct Ear(Mutex<Vec<Committed>>);

impl Ear {
    fn heard(&self) -> Vec<Committed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Ear {
    fn committed(&self, committed: &Committed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(committed.clone());
    }
}

/// Panics when it is told.
struct Panics;

impl Observer for Panics {
    fn committed(&self, committed: &Committed) {
        assert!(committed.revocations.is_empty(), "this panic is part of the test");
    }
}

fn revocation(subject: &Subject) -> NewRevocation {
    NewRevocation {
        target: Target::Session(SessionId::new(&subject.env)),
        effect: Effect::Ended,
        at: subject.now(),
        until: subject.now() + Lifetime::from_minutes(20),
        reason: "signed_out".to_owned(),
    }
}

/// Dropped without a commit nothing has happened, and the next one finds the way free.
pub async fn a_dropped_transaction_leaves_nothing(subject: Subject) -> Kept {
    let user = subject.new_user("ada");
    for _ in 0..5 {
        let mut tx = subject.begin().await?;
        assert!(tx.insert_user(&user).await?);
        drop(tx);
    }
    assert_eq!(subject.find_user(user.id).await?, None);
    subject.user("ada").await?;
    Ok(())
}

/// An error rolls back what came before it.
pub async fn a_failed_transaction_leaves_nothing(subject: Subject) -> Kept {
    let user = subject.new_user("ada");
    let mut tx = subject.begin().await?;
    assert!(tx.insert_user(&user).await?);
    assert!(tx.set_user_roles(user.id, &["made-up".to_owned()]).await.is_err());
    drop(tx);

    assert_eq!(subject.find_user(user.id).await?, None);
    Ok(())
}

/// A transaction sees what it has written itself.
pub async fn a_transaction_reads_its_own_writes(subject: Subject) -> Kept {
    let user = subject.new_user("ada");
    let mut tx = subject.begin().await?;
    assert!(tx.insert_user(&user).await?);
    assert!(tx.find_user(user.id).await?.is_some());
    assert_eq!(subject.find_user(user.id).await?, None, "and nobody else does, before the commit");
    assert_eq!(subject.store.find_user_now(user.id).await?, None);
    tx.commit().await?;
    assert!(subject.find_user(user.id).await?.is_some());
    Ok(())
}

/// Whatever it has read before: what it has written since is what it reads.
pub async fn a_transaction_that_has_read_reads_its_own_writes(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let (first, second) = (subject.session(ada).await?, subject.new_session(ada));
    let ended = Ended { at: subject.now(), reason: EndReason::TooMany };
    let hash = PasswordHash(Secret::new("hash".to_owned()));
    let codes = [RecoveryCodeHash([7; 32])];
    let mut tx = subject.begin().await?;
    assert_eq!(tx.lock_user(ada).await?.map(|user| user.ver), Some(1));
    assert!(tx.find_password(ada).await?.is_none());
    assert_eq!(tx.find_enrolment(ada).await?, Enrolment::default());
    assert_eq!(tx.end_idlest_sessions(ada, second.id, 1, ended).await?, [], "one other may live");

    tx.raise_user_ver(ada).await?;
    assert!(tx.insert_password(ada, &hash, subject.now()).await?);
    tx.replace_recovery_codes(ada, &codes, subject.now()).await?;
    tx.insert_session(&second).await?;

    assert_eq!(tx.lock_user(ada).await?.map(|user| user.ver), Some(2));
    assert_eq!(tx.find_password(ada).await?.map(|found| found.0.expose().clone()), Some("hash".to_owned()));
    assert_eq!(tx.find_enrolment(ada).await?.recovery_codes, 1);
    assert_eq!(tx.end_idlest_sessions(ada, second.id, 0, ended).await?, [first.id], "and never the new one");
    Ok(())
}

/// All reads of a snapshot are from one moment, whoever writes meanwhile; it waits for nobody.
pub async fn a_snapshot_is_of_one_moment(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut snapshot = subject.store.snapshot().await?;
    assert_eq!(snapshot.find_user(ada).await?.map(|user| user.ver), Some(1));
    let mut tx = subject.begin().await?;
    tx.raise_user_ver(ada).await?;
    let mut beside = subject.store.snapshot().await?;
    assert_eq!(beside.find_user(ada).await?.map(|user| user.ver), Some(1), "while another one writes");
    drop(beside);
    tx.commit().await?;

    assert_eq!(snapshot.find_user(ada).await?.map(|user| user.ver), Some(1));
    assert_eq!(subject.find_user(ada).await?.map(|user| user.ver), Some(2));
    snapshot.commit().await?;
    Ok(())
}

/// No write of any port, and none put down for the commit, is done in a snapshot.
pub async fn a_snapshot_refuses_every_write(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?;
    let now = subject.now();
    let role = Role { name: "clerk".to_owned(), permissions: vec![] };
    let root = Root { name: "refresh".to_owned(), sealed: vec![1], created_at: now };
    let ended = Ended { at: now, reason: EndReason::Operator };
    let new = subject.new_session(ada);
    let mut tx = subject.store.snapshot().await?;
    let checkpoint = countersign_store::SignedCheckpoint {
        checkpoint: countersign_audit::Checkpoint { number: 1, link: countersign_audit::Link::START, at: now },
        signed: String::new(),
    };
    let refusals = [
        tx.insert_user(&subject.new_user("bob")).await.err(),
        tx.set_user_name(ada, "x").await.err(),
        tx.set_user_status(ada, UserStatus::Disabled).await.err(),
        tx.raise_user_ver(ada).await.err(),
        tx.raise_user_ver_to(ada, 2).await.err(),
        tx.set_user_roles(ada, &["admin".to_owned()]).await.err(),
        tx.delete_user(ada).await.err(),
        tx.set_role(&role).await.err(),
        tx.delete_role("clerk").await.err(),
        tx.keep_root(&root).await.err(),
        tx.insert_session(&new).await.err(),
        tx.write_refresh(&subject.rotation(&session)).await.err(),
        tx.end_session(session.id, ended).await.err(),
        tx.end_sessions_of(ada, None, ended).await.err(),
        tx.end_idlest_sessions(ada, session.id, 0, ended).await.err(),
        tx.write_noticed(session.id, 1, &[]).await.err(),
        tx.end_every_session(ended).await.err(),
        tx.renew_idle_deadlines(now, now).await.err(),
        tx.raise_revocation_head(9).await.err(),
        tx.set_authentication(session.id, &[], now).await.err(),
        tx.sweep_sessions(now, 1).await.err(),
        tx.move_signing_key(countersign_kernel::KeyId::new(&subject.env), KeyState::Next, KeyState::Active, now, None)
            .await
            .err(),
        tx.sweep_revocations(now, 1).await.err(),
        tx.note_access_lifetime(1, now).await.err(),
        tx.sweep_one_time_tokens(now, 1).await.err(),
        tx.seal_audit_records(0, &[]).await.err(),
        tx.erase_audit_person(ada, "").await.err(),
        tx.erase_audit_of_the_gone().await.err(),
        tx.insert_audit_checkpoint(&checkpoint).await.err(),
        tx.move_audit_base(&checkpoint).await.err(),
        tx.sweep_audit_records(1).await.err(),
    ];
    for (number, refusal) in refusals.iter().enumerate() {
        assert!(matches!(refusal, Some(Error::ReadOnly)), "write {number}: {refusal:?}");
    }
    tx.audit(subject.record(Event::SignedIn));
    assert!(matches!(tx.commit().await, Err(Error::ReadOnly)));
    let mut tx = subject.store.snapshot().await?;
    tx.revoke(revocation(&subject));
    assert!(matches!(tx.commit().await, Err(Error::ReadOnly)));
    assert_eq!(subject.store.heads().await?.0.seq, 0);
    Ok(())
}

/// Each observer hears of each commit before its caller goes on, with the numbers that were given.
pub async fn observers_are_told_before_the_commit_returns(subject: Subject) -> Kept {
    let (one, two) = (Arc::new(Ear::default()), Arc::new(Ear::default()));
    subject.store.observe(Arc::clone(&one) as Arc<dyn Observer>);
    subject.store.observe(Arc::clone(&two) as Arc<dyn Observer>);

    let (record, new) = (subject.record(Event::SignedOut), revocation(&subject));
    let mut tx = subject.begin().await?;
    tx.revoke(new.clone());
    tx.audit(record.clone());
    assert_eq!(one.heard(), []);
    tx.commit().await?;

    let listed = subject.store.snapshot().await?.list_revocations(0, 10).await?;
    let expected = Committed { revocations: listed, records: vec![record] };
    assert_eq!(expected.revocations.iter().map(|numbered| &numbered.record).collect::<Vec<_>>(), [&new]);
    assert_eq!(one.heard(), std::slice::from_ref(&expected));
    assert_eq!(two.heard(), [expected]);
    Ok(())
}

/// What came to nothing is told to nobody, nor is what concerns nobody.
pub async fn observers_hear_only_of_what_was_committed(subject: Subject) -> Kept {
    let ear = Arc::new(Ear::default());
    subject.store.observe(Arc::clone(&ear) as Arc<dyn Observer>);
    let mut tx = subject.begin().await?;
    tx.revoke(revocation(&subject));
    tx.audit(subject.record(Event::SignedOut));
    drop(tx);
    subject.user("ada").await?;

    assert_eq!(ear.heard(), []);
    Ok(())
}

/// An observer that panics takes neither the answer from the caller nor the news from the others.
pub async fn a_panicking_observer_disturbs_nobody(subject: Subject) -> Kept {
    let ear = Arc::new(Ear::default());
    subject.store.observe(Arc::new(Panics));
    subject.store.observe(Arc::clone(&ear) as Arc<dyn Observer>);
    for _ in 0..2 {
        let mut tx = subject.begin().await?;
        tx.revoke(revocation(&subject));
        tx.commit().await?;
    }

    assert_eq!(ear.heard().len(), 2);
    Ok(())
}

/// A caller that goes away in the middle of its commit does not keep a revocation from the observers.
pub async fn an_abandoned_commit_is_told_or_not_done(subject: Subject) -> Kept {
    let ear = Arc::new(Ear::default());
    subject.store.observe(Arc::clone(&ear) as Arc<dyn Observer>);
    // Dropped after one look, after two, …: at every point on its way, the last of which is after the commit itself.
    for looks in 0..120 {
        let mut tx = subject.begin().await?;
        tx.revoke(revocation(&subject));
        let mut commit = tx.commit();
        for _ in 0..looks {
            if commit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
    }
    // Numbers are taken one transaction at a time: this one waits for all before it.
    let mut tx = subject.begin().await?;
    tx.revoke(revocation(&subject));
    tx.commit().await?;

    let done = usize::try_from(subject.store.heads().await?.0.seq).unwrap_or(usize::MAX);
    let told = || ear.heard().iter().map(|committed| committed.revocations.len()).sum::<usize>();
    // The commits that were cut off are told by their own tasks, which may need a moment yet.
    let all_told = timeout(Duration::from_secs(5), async {
        while told() < done {
            tokio::task::yield_now().await;
        }
    });
    assert!(all_told.await.is_ok(), "{} of {done} were told", told());
    Ok(())
}

/// The moment of a transaction is the store's, and does not move within it.
pub async fn a_transaction_has_one_moment(subject: Subject) -> Kept {
    let tx = subject.begin().await?;
    assert_eq!(tx.now(), subject.store.now());
    subject.clock.advance(Lifetime::from_seconds(5));
    assert_eq!(tx.now() + Lifetime::from_seconds(5), subject.store.now());
    drop(tx);
    assert_eq!(subject.store.snapshot().await?.now(), subject.store.now());
    Ok(())
}

/// After the close nothing hangs and nothing panics.
pub async fn a_closed_store_is_unavailable(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?;
    subject.store.ping().await?;
    subject.store.close().await;

    let failures = [
        subject.store.ping().await.err(),
        subject.store.begin().await.err(),
        subject.store.snapshot().await.err(),
        subject.store.heads().await.err(),
        subject.store.find_user_now(UserId::new(&subject.env)).await.err(),
        subject.store.find_session_and_user(session.id).await.err(),
        subject.store.write_refresh_and_find_user(&subject.rotation(&session)).await.err(),
    ];
    for (number, failure) in failures.iter().enumerate() {
        assert!(matches!(failure, Some(Error::Unavailable(_))), "call {number}: {failure:?}");
    }
    subject.store.close().await;
    Ok(())
}
