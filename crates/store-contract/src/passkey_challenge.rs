//! Promises of `PasskeyChallenges`.

use countersign_kernel::{Lifetime, UserId};
use countersign_store::{Error, PasskeyChallenge, PasskeyPurpose};

use crate::subject::{Kept, Subject};

const PURPOSE: PasskeyPurpose = PasskeyPurpose::SignIn;
const HERE: [u8; 32] = [200; 32];

async fn ask(subject: &Subject, fill: u8, user: Option<UserId>) -> Result<PasskeyChallenge, Error> {
    let challenge = PasskeyChallenge {
        challenge_hash: [fill; 32],
        purpose: PURPOSE,
        user,
        bound_to: HERE,
        state: format!("{{\"state\":{fill}}}"),
        expires_at: subject.now() + Lifetime::from_minutes(5),
    };
    let mut tx = subject.begin().await?;
    tx.insert_passkey_challenge(&challenge).await?;
    tx.commit().await?;
    Ok(challenge)
}

async fn answer(subject: &Subject, fill: u8) -> Result<Option<PasskeyChallenge>, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.consume_passkey_challenge(&[fill; 32], PURPOSE, &HERE, subject.now()).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Fifty answers come at once, and then another.
pub async fn a_challenge_is_answered_once(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let asked = ask(&subject, 1, Some(ada)).await?;
    let taken = subject.race(50, |subject, _| async move { answer(&subject, 1).await }).await?;

    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [asked]);
    assert_eq!(answer(&subject, 1).await?, None);
    Ok(())
}

/// Neither another browser nor another purpose gets it, and asking does not spend it.
pub async fn a_challenge_is_not_answered_elsewhere_or_for_something_else(subject: Subject) -> Kept {
    let asked = ask(&subject, 1, None).await?;
    let mut tx = subject.begin().await?;
    let now = subject.now();
    assert_eq!(tx.consume_passkey_challenge(&[1; 32], PURPOSE, &[201; 32], now).await?, None);
    for other in [PasskeyPurpose::Register, PasskeyPurpose::SecondFactor, PasskeyPurpose::StepUp] {
        assert_eq!(tx.consume_passkey_challenge(&[1; 32], other, &HERE, now).await?, None);
    }
    assert_eq!(tx.consume_passkey_challenge(&[2; 32], PURPOSE, &HERE, now).await?, None);
    tx.commit().await?;

    assert_eq!(answer(&subject, 1).await?, Some(asked));
    Ok(())
}

/// From its last moment on no answer counts.
pub async fn an_expired_challenge_is_nobodys(subject: Subject) -> Kept {
    ask(&subject, 1, None).await?;
    subject.clock.advance(Lifetime::from_minutes(5));

    assert_eq!(answer(&subject, 1).await?, None);
    Ok(())
}

/// Only what has expired goes, and no more than was asked for; a deleted account takes its own along.
pub async fn expired_challenges_are_swept_in_batches(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for fill in 1..=3 {
        ask(&subject, fill, None).await?;
    }
    ask(&subject, 9, Some(ada)).await?;
    let mut tx = subject.begin().await?;
    tx.delete_user(ada).await?;
    tx.commit().await?;
    subject.clock.advance(Lifetime::from_minutes(5));
    let live = ask(&subject, 4, None).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_passkey_challenges(subject.now(), 2).await?, 2);
    assert_eq!(tx.sweep_passkey_challenges(subject.now(), 2).await?, 1);
    assert_eq!(tx.sweep_passkey_challenges(subject.now(), 2).await?, 0);
    tx.commit().await?;
    assert_eq!(answer(&subject, 4).await?, Some(live));
    Ok(())
}
