//! Promises of `StatusIndexes`.

use countersign_kernel::{KeyId, Lifetime, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Error, StatusIndex};

use crate::subject::{Kept, Subject, winners};

fn entry(subject: &Subject, index: u64) -> StatusIndex {
    StatusIndex {
        index,
        token: TokenId::new(&subject.env),
        session: SessionId::new(&subject.env),
        user: UserId::new(&subject.env),
        ver: 3,
        key: KeyId::new(&subject.env),
        until: subject.now() + Lifetime::from_minutes(15),
    }
}

async fn take(subject: &Subject, index: &StatusIndex) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let taken = tx.take_status_index(index).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Ten tokens want one index at once.
pub async fn an_index_is_given_to_one_token(subject: Subject) -> Kept {
    let taken = subject
        .race(10, |subject, _| async move {
            let wanted = entry(&subject, 7);
            take(&subject, &wanted).await
        })
        .await?;

    assert_eq!(winners(&taken), 1);
    assert_eq!(subject.store.snapshot().await?.list_status_indexes(None, 10).await?.len(), 1);
    Ok(())
}

/// All of them, in order, page by page, as they were given; also the first.
pub async fn indexes_are_listed_in_order(subject: Subject) -> Kept {
    let given = [0, 5, 65_535].map(|index| entry(&subject, index));
    for index in given.iter().rev() {
        assert!(take(&subject, index).await?);
    }

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.list_status_indexes(None, 2).await?, given[..2]);
    assert_eq!(tx.list_status_indexes(Some(5), 2).await?, given[2..]);
    assert_eq!(tx.status_list_size().await?.taken, 3);
    Ok(())
}

/// Not before it is over; then it is free for another token.
pub async fn an_index_is_free_again_when_its_token_has_died(subject: Subject) -> Kept {
    let (old, young) =
        (entry(&subject, 1), StatusIndex { until: Timestamp::from_seconds(9_000_000_000), ..entry(&subject, 2) });
    assert!(take(&subject, &old).await? && take(&subject, &young).await?);

    for (now, swept) in [(old.until - Lifetime::from_micros(1), 0), (old.until, 1), (old.until, 0)] {
        let mut tx = subject.begin().await?;
        assert_eq!(tx.sweep_status_indexes(now, 10).await?, swept);
        tx.commit().await?;
    }

    assert!(take(&subject, &entry(&subject, 1)).await?);
    assert!(!take(&subject, &entry(&subject, 2)).await?);
    Ok(())
}

/// Ten nodes see at once that the list is half full.
pub async fn the_list_doubles_once(subject: Subject) -> Kept {
    let size = subject.store.snapshot().await?.status_list_size().await?.size;
    let grown = subject
        .race(10, move |subject, _| async move {
            let mut tx = subject.begin().await?;
            let now = tx.now();
            let grown = tx.grow_status_list(size, now, now - Lifetime::from_minutes(1)).await?;
            tx.commit().await?;
            Ok(grown)
        })
        .await?;

    assert_eq!(winners(&grown), 1);
    assert_eq!(subject.store.snapshot().await?.status_list_size().await?.size, size * 2);
    let mut tx = subject.begin().await?;
    let now = tx.now();
    assert!(!tx.grow_status_list(size * 2, now, now - Lifetime::from_minutes(1)).await?, "not again so soon");
    Ok(())
}
