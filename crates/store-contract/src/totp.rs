//! Promises of `Totps`.

use countersign_kernel::UserId;
use countersign_store::{Enrolment, Error, SealedTotp, Totp};

use crate::subject::{Kept, Subject, winners};

fn sealed(fill: u8, key: u32) -> SealedTotp {
    SealedTotp { bytes: vec![fill; 40], key }
}

async fn begin(subject: &Subject, user: UserId, sealed: &SealedTotp) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let begun = tx.begin_totp(user, sealed, subject.now()).await?;
    tx.commit().await?;
    Ok(begun)
}

async fn confirm(subject: &Subject, user: UserId, sealed: &SealedTotp, step: u64) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let confirmed = tx.confirm_totp(user, sealed, step, subject.now()).await?;
    tx.commit().await?;
    Ok(confirmed)
}

async fn take(subject: &Subject, user: UserId, step: u64) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.take_totp_step(user, step).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn find(subject: &Subject, user: UserId) -> Result<Option<Totp>, Error> {
    subject.store.snapshot().await?.find_totp(user).await
}

/// Somebody with a confirmed app, whose step 100 was taken.
async fn confirmed(subject: &Subject, name: &str, fill: u8) -> Result<UserId, Error> {
    let user = subject.user(name).await?;
    assert!(begin(subject, user, &sealed(fill, 1)).await?);
    assert!(confirm(subject, user, &sealed(fill, 1), 100).await?);
    Ok(user)
}

/// A new secret takes the place of one that was never confirmed, and of no other.
pub async fn an_app_is_on_only_once_it_is_confirmed(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    assert!(begin(&subject, ada, &sealed(1, 1)).await?);
    assert!(begin(&subject, ada, &sealed(2, 3)).await?, "the first was never confirmed");
    assert!(!take(&subject, ada, 100).await?, "and proves nothing");
    let found = find(&subject, ada).await?.expect("it is kept");
    assert_eq!((&found.sealed, found.confirmed_at), (&sealed(2, 3), None));
    assert!(!subject.store.snapshot().await?.find_enrolment(ada).await?.totp, "and proves nothing");

    assert!(!confirm(&subject, ada, &sealed(1, 1), 100).await?, "that secret is gone");
    assert!(confirm(&subject, ada, &sealed(2, 3), 100).await?);
    assert!(!confirm(&subject, ada, &sealed(2, 3), 101).await?, "once");

    assert_eq!(find(&subject, ada).await?.and_then(|totp| totp.confirmed_at), Some(subject.now()));
    let enrolment = Enrolment { totp: true, ..Enrolment::default() };
    assert_eq!(subject.store.snapshot().await?.find_enrolment(ada).await?, enrolment);
    assert!(!begin(&subject, ada, &sealed(4, 1)).await?, "and it is not written over");
    assert_eq!(find(&subject, ada).await?.map(|totp| totp.sealed), Some(sealed(2, 3)));
    Ok(())
}

/// Two tabs confirm at once.
pub async fn of_racing_confirmations_one_counts(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    begin(&subject, ada, &sealed(1, 1)).await?;

    let confirmed =
        subject.race(10, move |subject, _| async move { confirm(&subject, ada, &sealed(1, 1), 100).await }).await?;

    assert_eq!(winners(&confirmed), 1);
    Ok(())
}

/// The step of the confirmation is taken, as is each step before one that was.
pub async fn a_step_is_taken_once_and_never_one_before_it(subject: Subject) -> Kept {
    let ada = confirmed(&subject, "ada", 1).await?;
    let bob = confirmed(&subject, "bob", 2).await?;

    assert!(!take(&subject, ada, 100).await?);
    assert!(take(&subject, ada, 102).await?);
    for spent in [102, 101, 0] {
        assert!(!take(&subject, ada, spent).await?, "{spent}");
    }
    assert!(take(&subject, bob, 101).await?, "everybody's own");
    assert!(!take(&subject, subject.user("eve").await?, 500).await?);
    Ok(())
}

/// Twenty nodes are shown one code.
pub async fn of_racing_uses_of_a_step_one_counts(subject: Subject) -> Kept {
    let ada = confirmed(&subject, "ada", 1).await?;

    let taken = subject.race(20, move |subject, _| async move { take(&subject, ada, 101).await }).await?;

    assert_eq!(winners(&taken), 1);
    Ok(())
}

/// A code that was known before its time is not taken when its time comes; those around it are.
pub async fn a_burnt_step_is_never_taken(subject: Subject) -> Kept {
    let ada = confirmed(&subject, "ada", 1).await?;
    let mut tx = subject.begin().await?;
    tx.burn_totp_step(ada, 110).await?;
    tx.commit().await?;

    assert!(take(&subject, ada, 109).await?);
    assert!(!take(&subject, ada, 110).await?);
    assert!(take(&subject, ada, 111).await?);
    let eve = subject.user("eve").await?;
    assert!(matches!(subject.begin().await?.burn_totp_step(eve, 1).await, Err(Error::Refused(_))));
    Ok(())
}

/// One that was never confirmed goes too, and was none.
pub async fn an_app_is_deleted_once(subject: Subject) -> Kept {
    let (ada, bob) = (confirmed(&subject, "ada", 1).await?, subject.user("bob").await?);
    begin(&subject, bob, &sealed(2, 1)).await?;

    let mut tx = subject.begin().await?;
    assert!(tx.delete_totp(ada).await?);
    assert!(!tx.delete_totp(ada).await?);
    assert!(!tx.delete_totp(bob).await?);
    tx.commit().await?;

    assert_eq!((find(&subject, ada).await?, find(&subject, bob).await?), (None, None));
    assert!(begin(&subject, ada, &sealed(3, 1)).await?, "there is room for another");
    Ok(())
}

/// Secrets under old keys are found and replaced, and only as they were seen.
pub async fn secrets_are_sealed_anew_under_another_key(subject: Subject) -> Kept {
    let ada = confirmed(&subject, "ada", 1).await?;
    let bob = confirmed(&subject, "bob", 2).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.reseal_totp(ada, &sealed(1, 1), &sealed(9, 2)).await?);
    assert!(!tx.reseal_totp(ada, &sealed(1, 1), &sealed(8, 2)).await?, "it is another by now");
    tx.commit().await?;

    let mut tx = subject.store.snapshot().await?;
    let left: Vec<UserId> = tx.list_totps_not_under(2, 10).await?.into_iter().map(|totp| totp.user).collect();
    assert_eq!(left, [bob]);
    assert_eq!(tx.list_totps_not_under(7, 1).await?.len(), 1);
    let found = tx.find_totp(ada).await?.expect("it is there");
    assert_eq!(found.sealed, sealed(9, 2));
    assert!(found.confirmed_at.is_some(), "nothing else has changed");
    assert!(!take(&subject, ada, 100).await?);
    Ok(())
}

/// A person who is deleted meanwhile is a lost race.
pub async fn an_app_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let ada = confirmed(&subject, "ada", 1).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(find(&subject, ada).await?, None);
    assert!(matches!(begin(&subject, ada, &sealed(1, 1)).await, Err(Error::Conflict(_))));
    Ok(())
}
