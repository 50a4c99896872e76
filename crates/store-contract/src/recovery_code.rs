//! Promises of `RecoveryCodes`.

use countersign_kernel::UserId;
use countersign_store::{Error, RecoveryCodeHash};

use crate::subject::{Kept, Subject, winners};

const fn code(fill: u8) -> RecoveryCodeHash {
    RecoveryCodeHash([fill; 32])
}

async fn replace(subject: &Subject, user: UserId, fills: &[u8]) -> Kept {
    let codes: Vec<RecoveryCodeHash> = fills.iter().map(|fill| code(*fill)).collect();
    let mut tx = subject.begin().await?;
    tx.replace_recovery_codes(user, &codes, subject.now()).await?;
    tx.commit().await
}

async fn take(subject: &Subject, user: UserId, fill: u8) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.take_recovery_code(user, code(fill)).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn count(subject: &Subject, user: UserId) -> Result<u64, Error> {
    Ok(subject.store.snapshot().await?.find_enrolment(user).await?.recovery_codes)
}

/// Each once, by its owner, whoever else has the same.
pub async fn a_recovery_code_is_its_owners_and_works_once(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    replace(&subject, ada, &[1, 2]).await?;
    replace(&subject, bob, &[2, 3]).await?;

    assert!(!take(&subject, ada, 3).await?, "that is Bob's");
    assert!(take(&subject, ada, 2).await?);
    assert!(!take(&subject, ada, 2).await?);

    assert_eq!((count(&subject, ada).await?, count(&subject, bob).await?), (1, 2));
    Ok(())
}

/// Twenty use it at once.
pub async fn of_racing_uses_of_a_recovery_code_one_counts(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    replace(&subject, ada, &[1]).await?;

    let taken = subject.race(20, move |subject, _| async move { take(&subject, ada, 1).await }).await?;

    assert_eq!(winners(&taken), 1);
    Ok(())
}

/// New codes void the old ones; none at all leaves none.
pub async fn new_recovery_codes_void_the_old(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    replace(&subject, ada, &[1, 2, 3]).await?;
    replace(&subject, ada, &[3, 4]).await?;

    assert!(!take(&subject, ada, 1).await?);
    assert!(take(&subject, ada, 3).await? && take(&subject, ada, 4).await?);

    replace(&subject, ada, &[5]).await?;
    replace(&subject, ada, &[]).await?;
    assert_eq!(count(&subject, ada).await?, 0);
    Ok(())
}

/// A person who is deleted meanwhile is a lost race.
pub async fn recovery_codes_of_nobody_are_a_lost_race(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    replace(&subject, ada, &[1]).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(count(&subject, ada).await?, 0);
    assert!(matches!(replace(&subject, ada, &[1]).await, Err(Error::Conflict(_))));
    Ok(())
}
