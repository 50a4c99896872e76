//! Promises of `Passkeys`.

use countersign_kernel::{Lifetime, PasskeyId, UserId};
use countersign_store::passkey::HANDLE_LENGTH;
use countersign_store::{Enrolment, Error, Passkey, PasskeyUse};

use crate::subject::{Kept, Subject, winners};

fn new_passkey(subject: &Subject, user: UserId, credential: u8) -> Passkey {
    Passkey {
        id: PasskeyId::new(&subject.env),
        user,
        credential_id: vec![credential; 40],
        credential: format!("{{\"key\":{credential}}}"),
        name: "Ada's key".to_owned(),
        transports: vec!["hybrid".to_owned(), "internal".to_owned()],
        counter: 0,
        backup_eligible: true,
        backed_up: false,
        created_at: subject.now(),
        last_used_at: None,
    }
}

async fn insert(subject: &Subject, passkey: &Passkey) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let inserted = tx.insert_passkey(passkey).await?;
    tx.commit().await?;
    Ok(inserted)
}

async fn use_with(subject: &Subject, id: PasskeyId, counter: u32) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let used = tx.use_passkey(id, &PasskeyUse { counter, backed_up: true, at: subject.now() }).await?;
    tx.commit().await?;
    Ok(used)
}

async fn list(subject: &Subject, user: UserId) -> Result<Vec<Passkey>, Error> {
    subject.store.snapshot().await?.list_passkeys(user).await
}

/// Every member reads back, found by its credential id and in its owner's list, oldest first.
pub async fn a_passkey_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let first = Passkey { counter: u32::MAX, last_used_at: Some(subject.now()), ..new_passkey(&subject, ada, 1) };
    assert!(insert(&subject, &first).await?);
    subject.clock.advance(Lifetime::from_seconds(1));
    let second = Passkey { transports: vec![], backup_eligible: false, ..new_passkey(&subject, ada, 2) };
    assert!(insert(&subject, &second).await?);

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.find_passkey_by_credential(&first.credential_id).await?.as_ref(), Some(&first));
    assert_eq!(tx.find_passkey_by_credential(&[9; 40]).await?, None);
    assert_eq!(tx.list_passkeys(ada).await?, [first, second]);
    assert_eq!(tx.list_passkeys(bob).await?, []);
    assert_eq!((tx.find_enrolment(ada).await?.passkeys, tx.find_enrolment(bob).await?), (2, Enrolment::default()));
    Ok(())
}

/// Twenty people register the same credential id at once.
pub async fn of_racing_registrations_of_one_credential_one_wins(subject: Subject) -> Kept {
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(subject.user(&format!("person{number}")).await?);
    }
    let racers = people.clone();
    let inserted = subject
        .race(people.len(), move |subject, number| {
            let user = racers.get(number).copied();
            async move { insert(&subject, &new_passkey(&subject, user.expect("one racer a person"), 1)).await }
        })
        .await?;

    assert_eq!(winners(&inserted), 1);
    let winner = inserted.iter().position(|won| *won).and_then(|number| people.get(number).copied());
    let found = subject.store.snapshot().await?.find_passkey_by_credential(&[1; 40]).await?;
    assert_eq!(found.map(|passkey| passkey.user), winner);
    Ok(())
}

/// The first handle stays, and every later caller is given it.
pub async fn everyone_has_one_handle_whoever_races(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    assert_eq!(subject.store.snapshot().await?.find_passkey_handle(ada).await?, None);
    let handles = subject
        .race(20, move |subject, number| async move {
            let fresh = [u8::try_from(number).unwrap_or(u8::MAX); HANDLE_LENGTH];
            let mut tx = subject.begin().await?;
            let handle = tx.passkey_handle(ada, &fresh).await?;
            tx.commit().await?;
            Ok(handle)
        })
        .await?;

    let mut tx = subject.begin().await?;
    let kept = tx.find_passkey_handle(ada).await?;
    assert!(handles.iter().all(|handle| Some(*handle) == kept));
    assert_eq!(tx.passkey_handle(bob, &[77; HANDLE_LENGTH]).await?, [77; HANDLE_LENGTH], "another has his own");
    Ok(())
}

/// Of a passkey and its clone that answer with the same count one is believed.
pub async fn of_racing_uses_with_one_counter_one_wins(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let passkey = new_passkey(&subject, ada, 1);
    insert(&subject, &passkey).await?;
    let id = passkey.id;

    let used = subject.race(20, move |subject, _| async move { use_with(&subject, id, 7).await }).await?;

    assert_eq!(winners(&used), 1);
    let wanted = Passkey { counter: 7, backed_up: true, last_used_at: Some(subject.now()), ..passkey };
    assert_eq!(list(&subject, ada).await?, [wanted]);
    Ok(())
}

/// Less, the same, and nothing at all where something was counted before: none of them changes the row.
pub async fn a_counter_never_goes_back_or_stands_still(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let passkey = Passkey { counter: 5, ..new_passkey(&subject, ada, 1) };
    insert(&subject, &passkey).await?;
    subject.clock.advance(Lifetime::from_seconds(1));

    for counter in [0, 4, 5] {
        assert!(!use_with(&subject, passkey.id, counter).await?, "{counter}");
    }
    assert_eq!(list(&subject, ada).await?, std::slice::from_ref(&passkey));
    assert!(use_with(&subject, passkey.id, u32::MAX).await?);
    assert!(!use_with(&subject, PasskeyId::new(&subject.env), 1).await?, "nobody's");
    Ok(())
}

/// Synced passkeys say 0 for ever.
pub async fn a_passkey_that_does_not_count_is_used_again_and_again(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let passkey = new_passkey(&subject, ada, 1);
    insert(&subject, &passkey).await?;

    assert!(use_with(&subject, passkey.id, 0).await?);
    assert!(use_with(&subject, passkey.id, 0).await?);
    assert!(use_with(&subject, passkey.id, 1).await?, "it may begin to count");
    assert!(!use_with(&subject, passkey.id, 0).await?, "and then not stop");
    Ok(())
}

/// Anyone else's is as if it were not there.
pub async fn only_the_owner_renames_and_deletes(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let passkey = new_passkey(&subject, ada, 1);
    insert(&subject, &passkey).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.rename_passkey(bob, passkey.id, "Bob's").await?, None);
    assert_eq!(tx.delete_passkey(bob, passkey.id).await?, None);
    let renamed = Passkey { name: "Phone".to_owned(), ..passkey.clone() };
    assert_eq!(tx.rename_passkey(ada, passkey.id, "Phone").await?.as_ref(), Some(&renamed));
    assert_eq!(tx.delete_passkey(ada, passkey.id).await?, Some(renamed));
    assert_eq!(tx.delete_passkey(ada, passkey.id).await?, None);
    tx.commit().await?;
    assert_eq!(list(&subject, ada).await?, []);
    Ok(())
}

/// What a reset of somebody's factors does.
pub async fn all_of_a_persons_passkeys_go_and_nobody_elses(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    insert(&subject, &new_passkey(&subject, ada, 1)).await?;
    insert(&subject, &new_passkey(&subject, ada, 2)).await?;
    let bobs = new_passkey(&subject, bob, 3);
    insert(&subject, &bobs).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.delete_passkeys(ada).await?, 2);
    assert_eq!(tx.delete_passkeys(ada).await?, 0);
    tx.commit().await?;
    assert_eq!(list(&subject, ada).await?, []);
    assert_eq!(list(&subject, bob).await?, [bobs]);
    Ok(())
}

/// An account that was deleted while somebody registered a passkey for it; and what a deletion takes with it.
pub async fn a_passkey_of_nobody_is_a_lost_race(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let passkey = new_passkey(&subject, ada, 1);
    insert(&subject, &passkey).await?;
    let mut tx = subject.begin().await?;
    tx.passkey_handle(ada, &[1; HANDLE_LENGTH]).await?;
    tx.delete_user(ada).await?;
    tx.commit().await?;

    assert_eq!(list(&subject, ada).await?, []);
    assert_eq!(subject.store.snapshot().await?.find_passkey_handle(ada).await?, None);
    let late = insert(&subject, &passkey).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    let handle = subject.begin().await?.passkey_handle(ada, &[1; HANDLE_LENGTH]).await;
    assert!(matches!(handle, Err(Error::Conflict(_))), "{handle:?}");
    Ok(())
}
