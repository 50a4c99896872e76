//! Promises of `Passwords`.

use countersign_kernel::{Secret, UserId};
use countersign_store::{Error, PasswordHash};

use crate::subject::{Kept, Subject, winners};

fn hash(text: &str) -> PasswordHash {
    PasswordHash(Secret::new(text.to_owned()))
}

async fn stored(subject: &Subject, user: UserId) -> Result<Option<String>, Error> {
    let found = subject.store.snapshot().await?.find_password(user).await?;
    Ok(found.map(|hash| hash.0.expose().clone()))
}

/// One first password, whoever races.
pub async fn the_first_password_is_set_once(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    assert_eq!(stored(&subject, ada).await?, None);
    let set = subject
        .race(10, move |subject, number| async move {
            let mut tx = subject.begin().await?;
            let set = tx.insert_password(ada, &hash(&number.to_string()), subject.now()).await?;
            tx.commit().await?;
            Ok(set)
        })
        .await?;

    assert_eq!(winners(&set), 1);
    let winner = set.iter().position(|won| *won).map(|number| number.to_string());
    assert_eq!(stored(&subject, ada).await?, winner);
    Ok(())
}

/// Of racing changes that judged the same old hash one wins.
pub async fn of_racing_password_changes_one_wins(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut tx = subject.begin().await?;
    assert!(tx.insert_password(ada, &hash("old"), subject.now()).await?);
    tx.commit().await?;

    let changed = subject
        .race(20, move |subject, number| async move {
            let mut tx = subject.begin().await?;
            let changed = tx.replace_password(ada, &hash("old"), &hash(&number.to_string()), subject.now()).await?;
            tx.commit().await?;
            Ok(changed)
        })
        .await?;

    assert_eq!(winners(&changed), 1);
    let winner = changed.iter().position(|won| *won).map(|number| number.to_string());
    assert_eq!(stored(&subject, ada).await?, winner);
    Ok(())
}

/// Whoever sets a password for an account that is just being deleted is told to look again.
pub async fn a_password_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    let nobody = UserId::new(&subject.env);
    assert!(!tx.replace_password(nobody, &hash("old"), &hash("new"), subject.now()).await?);
    let lost = tx.insert_password(nobody, &hash("new"), subject.now()).await;
    assert!(matches!(lost, Err(Error::Conflict(_))), "{lost:?}");
    Ok(())
}

/// Which peppers are needed follows every write of a hash, and the end of its owner.
pub async fn the_peppers_that_hashes_need_are_counted(subject: Subject) -> Kept {
    let (bare, old, new) = ("$argon2id$v=19$m=8,t=1,p=1$s$h", peppered("b2xkb2xk"), peppered("bmV3bmV3"));
    let (ada, bob, eve) = (subject.user("ada").await?, subject.user("bob").await?, subject.user("eve").await?);
    let mut tx = subject.begin().await?;
    assert_eq!(tx.list_pepper_uses().await?, []);
    assert!(tx.insert_password(ada, &hash(&old), subject.now()).await?);
    assert!(tx.insert_password(bob, &hash(&old), subject.now()).await?);
    assert!(tx.insert_password(eve, &hash(bare), subject.now()).await?);
    tx.commit().await?;
    assert_eq!(peppers(&subject).await?, [("b2xkb2xk".to_owned(), 2)]);

    let mut tx = subject.begin().await?;
    assert!(tx.replace_password(ada, &hash(&old), &hash(&new), subject.now()).await?);
    assert!(!tx.replace_password(bob, &hash("another"), &hash(&new), subject.now()).await?);
    assert!(tx.replace_password(eve, &hash(bare), &hash(&new), subject.now()).await?);
    tx.commit().await?;
    assert_eq!(peppers(&subject).await?, [("b2xkb2xk".to_owned(), 1), ("bmV3bmV3".to_owned(), 2)]);

    let mut tx = subject.begin().await?;
    assert!(tx.replace_password(eve, &hash(&new), &hash(bare), subject.now()).await?);
    assert!(tx.delete_user(bob).await?);
    tx.commit().await?;
    assert_eq!(peppers(&subject).await?, [("bmV3bmV3".to_owned(), 1)]);
    Ok(())
}

fn peppered(id: &str) -> String {
    format!("$argon2id$v=19$m=8,t=1,p=1,keyid={id}$s$h")
}

async fn peppers(subject: &Subject) -> Result<Vec<(String, u64)>, Error> {
    let uses = subject.store.snapshot().await?.list_pepper_uses().await?;
    Ok(uses.into_iter().map(|found| (found.pepper_id, found.hashes)).collect())
}

/// A password that was taken away is gone, and nobody else's.
pub async fn a_password_is_taken_away(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let mut tx = subject.begin().await?;
    for user in [ada, bob] {
        assert!(tx.insert_password(user, &hash("$x$1"), subject.now()).await?);
    }

    assert!(tx.delete_password(ada).await?);
    assert!(!tx.delete_password(ada).await?);

    assert!(tx.find_password(ada).await?.is_none() && tx.find_password(bob).await?.is_some());
    Ok(())
}
