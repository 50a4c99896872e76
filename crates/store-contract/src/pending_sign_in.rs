//! Promises of `PendingSignIns`.

use countersign_kernel::{Lifetime, UserId};
use countersign_store::{Delivery, Error, PendingSignIn};

use crate::subject::{Kept, Subject, winners};

fn pending(subject: &Subject, fill: u8, user: UserId) -> PendingSignIn {
    PendingSignIn {
        token_hash: [fill; 32],
        browser_hash: Some([fill.wrapping_add(100); 32]),
        user,
        methods: vec!["password".to_owned()],
        delivery: Delivery::Cookie,
        remember: true,
        tries: 0,
        created_at: subject.now(),
        expires_at: subject.now() + Lifetime::from_minutes(5),
    }
}

async fn waiting(subject: &Subject, fill: u8, user: UserId) -> Result<PendingSignIn, Error> {
    let pending = pending(subject, fill, user);
    let mut tx = subject.begin().await?;
    tx.insert_pending_sign_in(&pending).await?;
    tx.commit().await?;
    Ok(pending)
}

async fn find(subject: &Subject, fill: u8) -> Result<Option<PendingSignIn>, Error> {
    subject.store.snapshot().await?.find_pending_sign_in(&[fill; 32], subject.now()).await
}

async fn take(subject: &Subject, fill: u8) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.take_pending_sign_in(&[fill; 32], subject.now()).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Both deliveries, with and without a browser.
pub async fn a_sign_in_that_waits_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let first = waiting(&subject, 1, ada).await?;
    let second = PendingSignIn {
        browser_hash: None,
        methods: vec!["link".to_owned(), "passkey".to_owned()],
        delivery: Delivery::Body,
        remember: false,
        ..pending(&subject, 2, ada)
    };
    let mut tx = subject.begin().await?;
    tx.insert_pending_sign_in(&second).await?;
    tx.commit().await?;

    assert_eq!(find(&subject, 1).await?, Some(first), "a second one voids no first: people have two tabs");
    assert_eq!(find(&subject, 2).await?, Some(second));
    assert_eq!(find(&subject, 3).await?, None);
    Ok(())
}

/// Nothing proven is nothing that could wait; a word with a space would be read as two.
pub async fn a_sign_in_that_proved_nothing_does_not_wait(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for methods in [vec![], vec![String::new()], vec!["pass word".to_owned()]] {
        let mut tx = subject.begin().await?;
        let wrong = PendingSignIn { methods, ..pending(&subject, 1, ada) };
        assert!(matches!(tx.insert_pending_sign_in(&wrong).await, Err(Error::Refused(_))));
    }
    Ok(())
}

/// Twenty complete it at once.
pub async fn of_racing_completions_one_takes_it(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    waiting(&subject, 1, ada).await?;

    let taken = subject.race(20, |subject, _| async move { take(&subject, 1).await }).await?;

    assert_eq!(winners(&taken), 1);
    assert_eq!(find(&subject, 1).await?, None);
    Ok(())
}

/// Twenty guess at once, and five of them get to compare anything.
pub async fn of_racing_tries_no_more_than_the_most_are_counted(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    waiting(&subject, 1, ada).await?;

    let tried = subject
        .race(20, |subject, _| async move {
            let mut tx = subject.begin().await?;
            let row = tx.try_pending_sign_in(&[1; 32], 5, subject.now()).await?;
            tx.commit().await?;
            Ok(row.map(|row| row.tries))
        })
        .await?;

    let mut counted: Vec<u32> = tried.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5]);
    Ok(())
}

/// From its last moment on it is neither found, nor tried, nor taken.
pub async fn a_sign_in_that_waited_too_long_is_void(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    waiting(&subject, 1, ada).await?;
    subject.clock.advance(Lifetime::from_minutes(5));

    assert_eq!(find(&subject, 1).await?, None);
    assert!(!take(&subject, 1).await?);
    let mut tx = subject.begin().await?;
    assert_eq!(tx.try_pending_sign_in(&[1; 32], 5, subject.now()).await?, None);
    Ok(())
}

/// What is voided is one person's, wholly.
pub async fn a_persons_waiting_sign_ins_are_voided_and_nobody_elses(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    waiting(&subject, 1, ada).await?;
    waiting(&subject, 2, ada).await?;
    let of_bob = waiting(&subject, 3, bob).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.void_pending_sign_ins(ada).await?, 2);
    tx.commit().await?;

    assert!(!take(&subject, 1).await? && !take(&subject, 2).await?);
    assert_eq!(find(&subject, 3).await?, Some(of_bob));
    Ok(())
}

/// A person who is deleted meanwhile is a lost race; his waiting sign-ins go with him.
pub async fn a_sign_in_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    waiting(&subject, 1, ada).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(find(&subject, 1).await?, None);
    let mut tx = subject.begin().await?;
    assert!(matches!(tx.insert_pending_sign_in(&pending(&subject, 2, ada)).await, Err(Error::Conflict(_))));
    Ok(())
}

/// Only what is void goes, and no more than was asked for.
pub async fn void_sign_ins_are_swept_in_batches(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for fill in 1..=3 {
        waiting(&subject, fill, ada).await?;
    }
    subject.clock.advance(Lifetime::from_minutes(5));
    let live = waiting(&subject, 4, ada).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_pending_sign_ins(subject.now(), 2).await?, 2);
    assert_eq!(tx.sweep_pending_sign_ins(subject.now(), 2).await?, 1);
    assert_eq!(tx.sweep_pending_sign_ins(subject.now(), 2).await?, 0);
    tx.commit().await?;
    assert_eq!(find(&subject, 4).await?, Some(live));
    Ok(())
}
