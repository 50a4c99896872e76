//! Promises of `RememberedDevices`.

use countersign_kernel::{DeviceId, Lifetime, UserId};
use countersign_store::{Error, RememberedDevice};

use crate::subject::{Kept, Subject};

fn device(subject: &Subject, user: UserId) -> RememberedDevice {
    let now = subject.now();
    RememberedDevice {
        device: DeviceId::new(&subject.env),
        user,
        user_agent: Some("contract/1".to_owned()),
        address: Some("192.0.2.1".to_owned()),
        created_at: now,
        last_used_at: now,
        expires_at: now + Lifetime::from_days(30),
    }
}

async fn remember(subject: &Subject, device: &RememberedDevice) -> Kept {
    let mut tx = subject.begin().await?;
    tx.remember_device(device).await?;
    tx.commit().await
}

async fn list(subject: &Subject, user: UserId) -> Result<Vec<RememberedDevice>, Error> {
    subject.store.snapshot().await?.list_remembered_devices(user, subject.now()).await
}

async fn is_remembered(subject: &Subject, user: UserId, device: DeviceId) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let used = tx.use_remembered_device(user, device, subject.now()).await?;
    tx.commit().await?;
    Ok(used)
}

/// Of the one person on the one device, until it is forgotten.
pub async fn a_device_is_remembered_for_its_person_alone(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let (first, second) = (device(&subject, ada), device(&subject, ada));
    remember(&subject, &first).await?;
    remember(&subject, &second).await?;
    subject.clock.advance(Lifetime::from_days(1));

    assert!(is_remembered(&subject, ada, first.device).await?);
    assert!(!is_remembered(&subject, bob, first.device).await?);
    let used = RememberedDevice { last_used_at: subject.now(), ..first.clone() };
    assert_eq!(list(&subject, ada).await?, [used, second]);
    assert_eq!(list(&subject, bob).await?, []);

    let mut tx = subject.begin().await?;
    assert!(!tx.forget_device(bob, first.device).await?);
    assert!(tx.forget_device(ada, first.device).await?);
    assert!(!tx.forget_device(ada, first.device).await?);
    tx.commit().await?;
    assert!(!is_remembered(&subject, ada, first.device).await?);
    Ok(())
}

/// From its last moment on; remembered anew, it begins anew.
pub async fn a_device_is_forgotten_by_itself(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let first = device(&subject, ada);
    remember(&subject, &first).await?;
    subject.clock.advance(Lifetime::from_days(30));
    assert!(!is_remembered(&subject, ada, first.device).await?);
    assert_eq!(list(&subject, ada).await?, []);

    let anew = RememberedDevice { device: first.device, ..device(&subject, ada) };
    remember(&subject, &anew).await?;

    assert!(is_remembered(&subject, ada, first.device).await?);
    assert_eq!(list(&subject, ada).await?, [anew]);
    Ok(())
}

/// All of one person's, and nobody else's.
pub async fn all_devices_of_a_person_are_forgotten(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    for user in [ada, ada, bob] {
        remember(&subject, &device(&subject, user)).await?;
    }
    let mut tx = subject.begin().await?;
    assert_eq!(tx.forget_devices(ada).await?, 2);
    tx.commit().await?;

    assert_eq!((list(&subject, ada).await?.len(), list(&subject, bob).await?.len()), (0, 1));
    Ok(())
}

/// A person who is deleted meanwhile is a lost race.
pub async fn a_device_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    remember(&subject, &device(&subject, ada)).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(list(&subject, ada).await?, []);
    assert!(matches!(remember(&subject, &device(&subject, ada)).await, Err(Error::Conflict(_))));
    Ok(())
}

/// Only what is forgotten goes, and no more than was asked for.
pub async fn forgotten_devices_are_swept_in_batches(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for _ in 0..3 {
        remember(&subject, &device(&subject, ada)).await?;
    }
    subject.clock.advance(Lifetime::from_days(30));
    remember(&subject, &device(&subject, ada)).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_remembered_devices(subject.now(), 2).await?, 2);
    assert_eq!(tx.sweep_remembered_devices(subject.now(), 2).await?, 1);
    assert_eq!(tx.sweep_remembered_devices(subject.now(), 2).await?, 0);
    tx.commit().await?;
    assert_eq!(list(&subject, ada).await?.len(), 1);
    Ok(())
}
