//! Promises of `Roots`.

use countersign_store::Root;

use crate::subject::{Kept, Subject};

/// Racing first starts all use the same root.
pub async fn racing_first_starts_keep_one_root(subject: Subject) -> Kept {
    let kept = subject
        .race(20, |subject, number| async move {
            let sealed = vec![u8::try_from(number).unwrap_or(0); 60];
            let root = Root { name: "refresh".to_owned(), sealed, created_at: subject.now() };
            let mut tx = subject.begin().await?;
            let kept = tx.keep_root(&root).await?;
            tx.commit().await?;
            Ok((kept.clone(), kept == root))
        })
        .await?;

    let mut tx = subject.store.snapshot().await?;
    let root = tx.find_root("refresh").await?.expect("it is kept");
    assert!(kept.iter().all(|(kept, _)| *kept == root));
    assert_eq!(kept.iter().filter(|(_, own)| *own).count(), 1);
    assert_eq!(tx.find_root("lookup").await?, None);
    Ok(())
}
