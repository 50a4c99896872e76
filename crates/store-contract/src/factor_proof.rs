//! Promises of `FactorProofs`.

use countersign_kernel::{Lifetime, SessionId, Timestamp};
use countersign_store::Error;

use crate::subject::{Kept, Subject};

async fn note(subject: &Subject, session: SessionId, at: Timestamp) -> Kept {
    let mut tx = subject.begin().await?;
    tx.note_factor_proof(session, at).await?;
    tx.commit().await
}

/// The latest counts, whatever comes late.
pub async fn the_latest_proof_of_a_factor_is_kept(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let (proven, other) = (subject.session(ada).await?.id, subject.session(ada).await?.id);
    let (now, later) = (subject.now(), subject.now() + Lifetime::from_minutes(1));
    for at in [now, later, now] {
        note(&subject, proven, at).await?;
    }

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.find_factor_proof(proven).await?, Some(later));
    assert_eq!(tx.find_factor_proof(other).await?, None);
    Ok(())
}

/// It goes with its session, and is not written for one that is gone.
pub async fn a_proof_in_no_session_is_a_lost_race(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?.id;
    note(&subject, session, subject.now()).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(subject.store.snapshot().await?.find_factor_proof(session).await?, None);
    assert!(matches!(note(&subject, session, subject.now()).await, Err(Error::Conflict(_))));
    Ok(())
}
