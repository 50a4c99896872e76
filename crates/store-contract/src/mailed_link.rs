//! Promises of `MailedLinks`.

use countersign_kernel::{Lifetime, UserId};
use countersign_store::{Error, LinkPurpose, MailedLink};

use crate::subject::{Kept, Subject};

const LIFETIME: Lifetime = Lifetime::from_minutes(15);

fn new_link(subject: &Subject, fill: u8, purpose: LinkPurpose, user: Option<UserId>, address: &str) -> MailedLink {
    MailedLink {
        secret_hash: [fill; 32],
        purpose,
        user,
        address: format!("{address}@Example.org"),
        address_key: format!("{address}@example.org"),
        code_hash: Some([fill.wrapping_add(100); 32]),
        tries_left: 3,
        handle_hash: Some([fill.wrapping_add(200); 32]),
        knows_password: fill % 2 == 1,
        was_proven: fill % 3 == 1,
        asked_with: Some("Firefox on Linux".to_owned()),
        created_at: subject.now(),
        expires_at: subject.now() + LIFETIME,
        used_at: None,
    }
}

async fn link(
    subject: &Subject,
    fill: u8,
    purpose: LinkPurpose,
    user: Option<UserId>,
    address: &str,
) -> Result<MailedLink, Error> {
    let link = new_link(subject, fill, purpose, user, address);
    let mut tx = subject.begin().await?;
    tx.insert_mailed_link(&link).await?;
    tx.commit().await?;
    Ok(link)
}

async fn take(subject: &Subject, fill: u8, purpose: LinkPurpose) -> Result<Option<MailedLink>, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.take_mailed_link(&[fill; 32], purpose, subject.now()).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn find(subject: &Subject, fill: u8) -> Result<Option<MailedLink>, Error> {
    subject.store.snapshot().await?.find_mailed_link(&[fill; 32], subject.now()).await
}

/// Fifty tasks take it at once.
pub async fn a_link_is_taken_once(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let link = link(&subject, 1, LinkPurpose::SignIn, Some(ada), "ada").await?;
    assert_eq!(find(&subject, 1).await?, Some(link.clone()), "looking takes nothing");
    assert_eq!(take(&subject, 1, LinkPurpose::ResetPassword).await?, None, "it is good for one thing");

    let taken = subject.race(50, |subject, _| async move { take(&subject, 1, LinkPurpose::SignIn).await }).await?;

    let used = MailedLink { used_at: Some(subject.now()), ..link };
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), std::slice::from_ref(&used));
    assert_eq!(find(&subject, 1).await?, None);
    let seen = subject.store.snapshot().await?.find_mailed_link_by_handle(&[201; 32], subject.now()).await?;
    assert_eq!(seen, Some(used), "who has asked for it sees that it was used");
    Ok(())
}

/// From its last moment on it is void, for everybody.
pub async fn an_expired_link_is_nobodys(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    link(&subject, 1, LinkPurpose::SignIn, Some(ada), "ada").await?;
    subject.clock.advance(LIFETIME);

    assert_eq!(find(&subject, 1).await?, None);
    assert_eq!(take(&subject, 1, LinkPurpose::SignIn).await?, None);
    let mut tx = subject.begin().await?;
    assert_eq!(tx.try_mailed_code(Some(ada), LinkPurpose::SignIn, subject.now()).await?, None);
    assert_eq!(tx.find_mailed_link_by_handle(&[201; 32], subject.now()).await?, None);
    Ok(())
}

/// One link a purpose and person; of a former address one an address.
pub async fn a_new_link_voids_the_one_before(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    link(&subject, 1, LinkPurpose::ChangeEmail, Some(ada), "one").await?;
    link(&subject, 2, LinkPurpose::ChangeEmail, Some(ada), "two").await?;
    link(&subject, 3, LinkPurpose::ChangeEmail, Some(bob), "one").await?;
    link(&subject, 4, LinkPurpose::SignIn, Some(ada), "ada").await?;
    for (fill, address) in [(5, "first"), (6, "second"), (7, "second")] {
        link(&subject, fill, LinkPurpose::UndoEmail, Some(ada), address).await?;
    }

    let mut live = Vec::new();
    for fill in 1..=7 {
        if find(&subject, fill).await?.is_some() {
            live.push(fill);
        }
    }
    assert_eq!(live, [2, 3, 4, 5, 7]);
    Ok(())
}

/// Links for addresses that nobody has are kept one an address, and can neither be tried nor disturb anybody.
pub async fn a_link_for_nobody_is_good_for_nothing(subject: Subject) -> Kept {
    link(&subject, 1, LinkPurpose::SignIn, None, "stranger").await?;
    link(&subject, 2, LinkPurpose::SignIn, None, "other").await?;
    link(&subject, 3, LinkPurpose::SignIn, None, "stranger").await?;

    assert_eq!((find(&subject, 1).await?, find(&subject, 2).await?.is_some()), (None, true));
    let mut tx = subject.begin().await?;
    assert_eq!(tx.try_mailed_code(None, LinkPurpose::SignIn, subject.now()).await?, None);
    Ok(())
}

/// Thirty guesses at once are three tries.
pub async fn a_code_is_tried_as_often_as_it_may_be(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    link(&subject, 1, LinkPurpose::SignIn, Some(ada), "ada").await?;
    link(&subject, 2, LinkPurpose::SignIn, Some(bob), "bob").await?;

    let tried = subject
        .race(30, move |subject, _| async move {
            let mut tx = subject.begin().await?;
            let tried = tx.try_mailed_code(Some(ada), LinkPurpose::SignIn, subject.now()).await?;
            tx.commit().await?;
            Ok(tried)
        })
        .await?;

    let mut left: Vec<u32> = tried.into_iter().flatten().map(|link| link.tries_left).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    let mut tx = subject.begin().await?;
    assert!(tx.try_mailed_code(Some(bob), LinkPurpose::SignIn, subject.now()).await?.is_some());
    Ok(())
}

/// Everything but the way back to a former address.
pub async fn links_are_voided_save_the_way_back(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    link(&subject, 1, LinkPurpose::SignIn, Some(ada), "ada").await?;
    link(&subject, 2, LinkPurpose::ResetPassword, Some(ada), "ada").await?;
    link(&subject, 3, LinkPurpose::UndoEmail, Some(ada), "before").await?;
    link(&subject, 4, LinkPurpose::SignIn, Some(bob), "bob").await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.void_links(ada).await?, 2);
    tx.commit().await?;

    assert_eq!((find(&subject, 1).await?, find(&subject, 2).await?), (None, None));
    assert!(find(&subject, 3).await?.is_some() && find(&subject, 4).await?.is_some());
    Ok(())
}

/// A former address is kept for its person until the way back is used or too old.
pub async fn a_former_address_is_kept_for_its_person(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let is_kept = |subject: Subject, key: &'static str, except: Option<UserId>| async move {
        subject.store.snapshot().await?.is_address_kept(key, except, subject.now()).await
    };
    link(&subject, 1, LinkPurpose::SignIn, Some(ada), "ada").await?;
    assert!(!is_kept(subject.clone(), "ada@example.org", None).await?);

    link(&subject, 2, LinkPurpose::UndoEmail, Some(ada), "before").await?;
    assert!(is_kept(subject.clone(), "before@example.org", None).await?);
    assert!(!is_kept(subject.clone(), "before@example.org", Some(ada)).await?, "it is not kept from himself");
    assert!(!is_kept(subject.clone(), "Before@example.org", None).await?);

    assert!(take(&subject, 2, LinkPurpose::UndoEmail).await?.is_some());
    assert!(!is_kept(subject.clone(), "before@example.org", None).await?);
    Ok(())
}

/// Only what has expired goes, and no more than was asked for.
pub async fn expired_links_are_swept_in_batches(subject: Subject) -> Kept {
    for fill in 1..=3 {
        let user = subject.user(&format!("user{fill}")).await?;
        link(&subject, fill, LinkPurpose::SignIn, Some(user), "somebody").await?;
    }
    subject.clock.advance(LIFETIME);
    link(&subject, 4, LinkPurpose::SignIn, None, "live").await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_mailed_links(subject.now(), 2).await?, 2);
    assert_eq!(tx.sweep_mailed_links(subject.now(), 2).await?, 1);
    assert_eq!(tx.sweep_mailed_links(subject.now(), 2).await?, 0);
    tx.commit().await?;
    assert!(find(&subject, 4).await?.is_some());
    Ok(())
}
