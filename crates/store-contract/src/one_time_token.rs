//! Promises of `OneTimeTokens`.

use countersign_kernel::{Lifetime, UserId};
use countersign_store::{Error, OneTimeToken, Purpose};

use crate::subject::{Kept, Subject};

const PURPOSE: Purpose = Purpose::ClaimAdmin;

async fn token(subject: &Subject, fill: u8, user: Option<UserId>) -> Result<OneTimeToken, Error> {
    let token = OneTimeToken {
        secret_hash: [fill; 32],
        purpose: PURPOSE,
        user,
        created_at: subject.now(),
        expires_at: subject.now() + Lifetime::from_minutes(10),
    };
    let mut tx = subject.begin().await?;
    tx.insert_one_time_token(&token).await?;
    tx.commit().await?;
    Ok(token)
}

async fn consume(subject: &Subject, fill: u8) -> Result<Option<OneTimeToken>, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.consume_one_time_token(&[fill; 32], PURPOSE, subject.now()).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Fifty tasks take it at once.
pub async fn a_token_is_taken_once(subject: Subject) -> Kept {
    let token = token(&subject, 1, None).await?;
    let taken = subject.race(50, |subject, _| async move { consume(&subject, 1).await }).await?;

    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [token]);
    Ok(())
}

/// A token that was taken in a transaction that came to nothing is still there.
pub async fn a_token_taken_for_nothing_is_still_good(subject: Subject) -> Kept {
    let token = token(&subject, 1, None).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.consume_one_time_token(&[1; 32], PURPOSE, subject.now()).await?.is_some());
    drop(tx);

    assert_eq!(consume(&subject, 1).await?, Some(token));
    Ok(())
}

/// From its last moment on it is void.
pub async fn an_expired_token_is_nobodys(subject: Subject) -> Kept {
    token(&subject, 1, None).await?;
    subject.clock.advance(Lifetime::from_minutes(10));

    assert_eq!(consume(&subject, 1).await?, None);
    Ok(())
}

/// One token a purpose and person: nobody's, Ada's and Bob's do not disturb each other.
pub async fn a_new_token_voids_the_one_before(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    token(&subject, 1, None).await?;
    token(&subject, 2, Some(ada)).await?;
    let of_bob = token(&subject, 3, Some(bob)).await?;
    let of_nobody = token(&subject, 4, None).await?;
    let of_ada = token(&subject, 5, Some(ada)).await?;

    assert_eq!(consume(&subject, 1).await?, None);
    assert_eq!(consume(&subject, 2).await?, None);
    assert_eq!(consume(&subject, 3).await?, Some(of_bob));
    assert_eq!(consume(&subject, 4).await?, Some(of_nobody));
    assert_eq!(consume(&subject, 5).await?, Some(of_ada));
    Ok(())
}

/// Of tokens made at the same moment one is good.
pub async fn of_racing_new_tokens_one_is_good(subject: Subject) -> Kept {
    subject
        .race(10, |subject, number| async move {
            token(&subject, u8::try_from(number).unwrap_or(u8::MAX), None).await.map(drop)
        })
        .await?;

    let mut good = 0;
    for fill in 0..10 {
        good += usize::from(consume(&subject, fill).await?.is_some());
    }
    assert_eq!(good, 1);
    Ok(())
}

/// Only what has expired goes, and no more than was asked for.
pub async fn expired_tokens_are_swept_in_batches(subject: Subject) -> Kept {
    for (fill, name) in [(1, "a"), (2, "b"), (3, "c")] {
        let user = subject.user(name).await?;
        token(&subject, fill, Some(user)).await?;
    }
    subject.clock.advance(Lifetime::from_minutes(10));
    let live = token(&subject, 4, None).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_one_time_tokens(subject.now(), 2).await?, 2);
    assert_eq!(tx.sweep_one_time_tokens(subject.now(), 2).await?, 1);
    assert_eq!(tx.sweep_one_time_tokens(subject.now(), 2).await?, 0);
    tx.commit().await?;
    assert_eq!(consume(&subject, 4).await?, Some(live));
    Ok(())
}
