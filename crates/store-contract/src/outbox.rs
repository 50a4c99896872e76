//! Promises of `Outbox`.

use countersign_kernel::{Languages, Lifetime, MailId, UserId};
use countersign_store::outbox::MOST_NOTICES;
use countersign_store::{ClaimedMail, Error, MailOutcome, NewMail, Recipient};

use crate::subject::{Kept, Subject, winners};

const LEASE: Lifetime = Lifetime::from_minutes(1);

fn mail(subject: &Subject, user: Option<UserId>, recipient: Recipient) -> NewMail {
    NewMail {
        id: MailId::new(&subject.env),
        kind: "reset".to_owned(),
        user,
        recipient,
        sealed: vec![1, 2, 3],
        created_at: subject.now(),
        expires_at: subject.now() + Lifetime::from_minutes(15),
    }
}

fn to(address: &str) -> Recipient {
    Recipient::Address(address.to_owned(), Languages::of_words("de en"))
}

async fn enqueue(subject: &Subject, mail: &NewMail) -> Result<(), Error> {
    let mut tx = subject.begin().await?;
    tx.enqueue_mail(mail).await?;
    tx.commit().await
}

async fn claim(subject: &Subject, limit: u32) -> Result<Vec<ClaimedMail>, Error> {
    let mut tx = subject.begin().await?;
    let now = subject.now();
    let claimed = tx.claim_mail(now, now + LEASE, limit).await?;
    tx.commit().await?;
    Ok(claimed)
}

async fn settle(subject: &Subject, mail: &ClaimedMail) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let settled = tx.settle_mail(mail.id, mail.attempt, MailOutcome::Sent, subject.now()).await?;
    tx.commit().await?;
    Ok(settled)
}

fn only(claimed: Vec<ClaimedMail>) -> ClaimedMail {
    claimed.into_iter().next().expect("one mail was claimed")
}

async fn waiting(subject: &Subject) -> Result<u64, Error> {
    Ok(subject.store.snapshot().await?.mail_queue(100).await?.waiting)
}

/// What was written is what is claimed, oldest first.
pub async fn a_mail_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let first = mail(&subject, Some(ada), to("ada@example.org"));
    enqueue(&subject, &first).await?;
    subject.clock.advance(Lifetime::from_seconds(1));
    let second = mail(&subject, None, Recipient::Nobody);
    enqueue(&subject, &second).await?;

    let claimed = claim(&subject, 10).await?;

    let wanted = ClaimedMail {
        id: first.id,
        kind: first.kind,
        user: Some(ada),
        recipient: "ada@example.org".to_owned(),
        languages: Languages::of_words("de en"),
        sealed: first.sealed,
        created_at: first.created_at,
        expires_at: first.expires_at,
        attempt: 1,
    };
    assert_eq!(claimed.first(), Some(&wanted));
    assert_eq!(claimed.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(), ["ada@example.org", ""]);
    Ok(())
}

/// A mail of a transaction that came to nothing is not sent.
pub async fn a_rollback_leaves_no_mail(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.enqueue_mail(&mail(&subject, None, to("ada@example.org"))).await?;
    drop(tx);

    assert_eq!(claim(&subject, 10).await?, []);
    Ok(())
}

/// Twenty workers claim at once.
pub async fn of_racing_workers_one_claims_a_mail(subject: Subject) -> Kept {
    for name in ["a@example.org", "b@example.org", "c@example.org"] {
        enqueue(&subject, &mail(&subject, None, to(name))).await?;
    }

    let claimed = subject.race(20, |subject, _| async move { claim(&subject, 2).await }).await?;

    let mut ids: Vec<MailId> = claimed.into_iter().flatten().map(|mail| mail.id).collect();
    // Who lost against another one may have left some for the next claim.
    ids.extend(claim(&subject, 10).await?.into_iter().map(|mail| mail.id));
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (3, 3));
    Ok(())
}

/// Whoever died with a mail in his hands is followed by another, and settles nothing any more.
pub async fn a_claim_that_has_run_out_is_anothers(subject: Subject) -> Kept {
    enqueue(&subject, &mail(&subject, None, to("ada@example.org"))).await?;
    let first = claim(&subject, 10).await?;
    assert_eq!(claim(&subject, 10).await?, [], "it is claimed");
    subject.clock.advance(LEASE);

    let second = claim(&subject, 10).await?;

    assert_eq!(second.iter().map(|mail| mail.attempt).collect::<Vec<_>>(), [2]);
    assert!(!settle(&subject, &only(first)).await?);
    assert!(settle(&subject, &only(second)).await?);
    Ok(())
}

/// A settled mail is settled for good, and says nothing any more.
pub async fn a_mail_is_settled_once(subject: Subject) -> Kept {
    enqueue(&subject, &mail(&subject, None, to("ada@example.org"))).await?;
    let claimed = claim(&subject, 10).await?;
    let mail = only(claimed);

    let settled = subject
        .race(10, move |subject, _| {
            let mail = mail.clone();
            async move { settle(&subject, &mail).await }
        })
        .await?;

    assert_eq!(winners(&settled), 1);
    subject.clock.advance(LEASE);
    assert_eq!(claim(&subject, 10).await?, []);
    assert_eq!(waiting(&subject).await?, 0);
    Ok(())
}

/// A mail that could not be sent is due again when it was told to be, and not before.
pub async fn a_postponed_mail_comes_back(subject: Subject) -> Kept {
    enqueue(&subject, &mail(&subject, None, to("ada@example.org"))).await?;
    let claimed = only(claim(&subject, 10).await?);
    let mut tx = subject.begin().await?;
    let until = subject.now() + Lifetime::from_minutes(5);
    assert!(tx.postpone_mail(claimed.id, 1, until).await?);
    assert!(!tx.postpone_mail(claimed.id, 7, until).await?, "another claim's");
    tx.commit().await?;

    subject.clock.advance(Lifetime::from_seconds(5 * 60 - 1));
    assert_eq!(claim(&subject, 10).await?, []);
    subject.clock.advance(Lifetime::from_seconds(1));
    assert_eq!(claim(&subject, 10).await?.len(), 1);
    Ok(())
}

/// A notice goes to the address of the moment in which it was written, in the person's languages.
pub async fn a_notice_goes_where_the_person_reads(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut tx = subject.begin().await?;
    assert!(tx.set_user_languages(ada, Languages::of_words("de")).await?);
    tx.enqueue_mail(&mail(&subject, Some(ada), Recipient::Person)).await?;
    tx.set_user_email(ada, "new@example.org", "new@example.org").await?;
    tx.commit().await?;
    enqueue(&subject, &mail(&subject, Some(UserId::new(&subject.env)), Recipient::Person)).await?;

    let claimed = claim(&subject, 10).await?;

    let seen: Vec<_> = claimed.iter().map(|mail| (mail.recipient.as_str(), mail.languages.to_words())).collect();
    assert_eq!(seen, [("ada@Example.org", "de".to_owned())]);
    Ok(())
}

/// Nobody can have another person's mailbox flooded with notices.
pub async fn notices_to_a_person_are_bounded(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    for _ in 0..MOST_NOTICES + 5 {
        enqueue(&subject, &mail(&subject, Some(ada), Recipient::Person)).await?;
    }
    assert_eq!(waiting(&subject).await?, u64::from(MOST_NOTICES));

    enqueue(&subject, &mail(&subject, Some(bob), Recipient::Person)).await?;
    subject.clock.advance(Lifetime::from_minutes(61));
    enqueue(&subject, &mail(&subject, Some(ada), Recipient::Person)).await?;

    assert_eq!(waiting(&subject).await?, u64::from(MOST_NOTICES) + 2);
    Ok(())
}

/// With a person his mail goes.
pub async fn a_deleted_person_gets_no_mail(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    enqueue(&subject, &mail(&subject, Some(ada), to("ada@example.org"))).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(ada).await?);
    tx.commit().await?;

    assert_eq!(claim(&subject, 10).await?, []);
    Ok(())
}

/// The queue says how much waits and since when; what is settled is swept after its time, and nothing else.
pub async fn settled_mail_is_swept_in_batches(subject: Subject) -> Kept {
    let began = subject.now();
    for _ in 0..3 {
        enqueue(&subject, &mail(&subject, None, to("ada@example.org"))).await?;
    }
    let claimed = claim(&subject, 2).await?;
    for mail in &claimed {
        assert!(settle(&subject, mail).await?);
    }
    let queue = subject.store.snapshot().await?.mail_queue(100).await?;
    assert_eq!((queue.waiting, queue.oldest), (1, Some(began)));
    subject.clock.advance(Lifetime::from_hours(1));

    let mut tx = subject.begin().await?;
    assert_eq!(tx.sweep_mail(began, 10).await?, 0);
    assert_eq!(tx.sweep_mail(subject.now(), 1).await?, 1);
    assert_eq!(tx.sweep_mail(subject.now(), 10).await?, 1);
    tx.commit().await?;
    assert_eq!(waiting(&subject).await?, 1);
    Ok(())
}
