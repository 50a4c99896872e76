//! Promises of `SigningKeys`.

use countersign_kernel::{KeyId, Lifetime};
use countersign_store::{Error, KeyState, SigningKey};

use crate::subject::{Kept, Subject, winners};

fn key(subject: &Subject, algorithm: &str, state: KeyState) -> SigningKey {
    let id = KeyId::new(&subject.env);
    SigningKey {
        id,
        kid: id.to_string(),
        algorithm: algorithm.to_owned(),
        state,
        sealed: vec![0, 1, 2, 255],
        public_jwk: Some("{\"kty\":\"OKP\"}".to_owned()),
        created_at: subject.now(),
        activated_at: (state == KeyState::Active).then(|| subject.now()),
        retired_at: None,
        gone_after: None,
    }
}

async fn insert(subject: &Subject, key: &SigningKey) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let inserted = tx.insert_signing_key(key).await?;
    tx.commit().await?;
    Ok(inserted)
}

async fn list(subject: &Subject) -> Result<Vec<SigningKey>, Error> {
    subject.store.snapshot().await?.list_signing_keys().await
}

/// What was put in comes out, oldest first.
pub async fn keys_come_out_oldest_first(subject: Subject) -> Kept {
    let mut retired = key(&subject, "HS256", KeyState::Retired);
    retired.public_jwk = None;
    retired.retired_at = Some(subject.now());
    retired.gone_after = Some(subject.now() + Lifetime::from_hours(1));
    assert!(insert(&subject, &retired).await?);
    subject.clock.advance(Lifetime::from_seconds(1));
    let active = key(&subject, "EdDSA", KeyState::Active);
    assert!(insert(&subject, &active).await?);

    assert_eq!(list(&subject).await?, [retired, active]);
    Ok(())
}

/// Twenty nodes start at once.
pub async fn racing_nodes_make_one_key_of_a_state(subject: Subject) -> Kept {
    for state in [KeyState::Active, KeyState::Next] {
        let made = subject
            .race(20, |subject, _| async move { insert(&subject, &key(&subject, "EdDSA", state)).await })
            .await?;
        assert_eq!(winners(&made), 1, "{state:?}");
    }
    assert_eq!(list(&subject).await?.len(), 2);
    Ok(())
}

/// Another algorithm has keys of its own; retired keys are as many as there were.
pub async fn one_key_of_a_state_an_algorithm(subject: Subject) -> Kept {
    assert!(insert(&subject, &key(&subject, "EdDSA", KeyState::Active)).await?);
    assert!(insert(&subject, &key(&subject, "ES256", KeyState::Active)).await?);
    assert!(!insert(&subject, &key(&subject, "ES256", KeyState::Active)).await?);
    assert!(insert(&subject, &key(&subject, "ES256", KeyState::Retired)).await?);
    assert!(insert(&subject, &key(&subject, "ES256", KeyState::Retired)).await?);
    Ok(())
}

/// An imported key may not take another's name.
pub async fn a_kid_names_one_key(subject: Subject) -> Kept {
    let first = key(&subject, "EdDSA", KeyState::Active);
    let mut second = key(&subject, "ES256", KeyState::Active);
    second.kid.clone_from(&first.kid);
    assert!(insert(&subject, &first).await?);

    assert!(!insert(&subject, &second).await?);
    assert_eq!(list(&subject).await?, [first]);
    Ok(())
}

/// A key moves from where it is, once, and its moments are written down.
pub async fn a_key_moves_on_once(subject: Subject) -> Kept {
    let next = key(&subject, "EdDSA", KeyState::Next);
    assert!(insert(&subject, &next).await?);
    subject.clock.advance(Lifetime::from_minutes(1));
    let activated = subject.now();
    let id = next.id;
    let moved = subject
        .race(10, move |subject, _| async move {
            let mut tx = subject.begin().await?;
            let moved = tx.move_signing_key(id, KeyState::Next, KeyState::Active, subject.now(), None).await?;
            tx.commit().await?;
            Ok(moved)
        })
        .await?;
    assert_eq!(winners(&moved), 1);

    subject.clock.advance(Lifetime::from_days(90));
    let (retired, gone) = (subject.now(), subject.now() + Lifetime::from_minutes(20));
    let mut tx = subject.begin().await?;
    assert!(tx.move_signing_key(id, KeyState::Active, KeyState::Retired, retired, Some(gone)).await?);
    tx.commit().await?;

    let expected = SigningKey {
        state: KeyState::Retired,
        activated_at: Some(activated),
        retired_at: Some(retired),
        gone_after: Some(gone),
        ..next
    };
    assert_eq!(list(&subject).await?, [expected]);
    Ok(())
}

/// One transaction retires the old key and lets the next one sign.
pub async fn a_rotation_is_one_transaction(subject: Subject) -> Kept {
    let (active, next) = (key(&subject, "EdDSA", KeyState::Active), key(&subject, "EdDSA", KeyState::Next));
    assert!(insert(&subject, &active).await? && insert(&subject, &next).await?);

    let now = subject.now();
    let mut tx = subject.begin().await?;
    assert!(tx.move_signing_key(active.id, KeyState::Active, KeyState::Retired, now, Some(now)).await?);
    assert!(tx.move_signing_key(next.id, KeyState::Next, KeyState::Active, now, None).await?);
    assert!(tx.insert_signing_key(&key(&subject, "EdDSA", KeyState::Next)).await?);
    tx.commit().await?;

    assert_eq!(list(&subject).await?.len(), 3);
    Ok(())
}

/// Other nodes poll the number and read the keys when it is another.
pub async fn every_change_of_keys_changes_the_number(subject: Subject) -> Kept {
    let mut numbers = vec![subject.store.heads().await?.1];
    let next = key(&subject, "EdDSA", KeyState::Next);
    assert!(insert(&subject, &next).await?);
    numbers.push(subject.store.heads().await?.1);
    assert!(!insert(&subject, &key(&subject, "EdDSA", KeyState::Next)).await?);
    assert_eq!(subject.store.heads().await?.1, *numbers.last().expect("two numbers"), "nothing has changed");

    let mut tx = subject.begin().await?;
    assert!(tx.move_signing_key(next.id, KeyState::Next, KeyState::Active, subject.now(), None).await?);
    tx.commit().await?;
    numbers.push(subject.store.heads().await?.1);
    let mut tx = subject.begin().await?;
    assert!(tx.delete_signing_key(next.id).await?);
    assert!(!tx.delete_signing_key(next.id).await?);
    tx.commit().await?;
    numbers.push(subject.store.heads().await?.1);

    let count = numbers.len();
    numbers.dedup();
    assert_eq!((numbers.len(), count), (4, 4));
    assert_eq!(list(&subject).await?, []);
    Ok(())
}
