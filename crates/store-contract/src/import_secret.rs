//! Promises of `ImportSecrets`.

use countersign_store::ImportSecret;

use crate::subject::{Kept, Subject, winners};

/// Of racing imports of one secret one keeps it, and it stays as that one left it.
pub async fn a_secret_of_another_system_is_kept_once(subject: Subject) -> Kept {
    let secret = |subject: &Subject, number: u8| ImportSecret {
        name: "7f3a".to_owned(),
        sealed: vec![number; 60],
        created_at: subject.now(),
    };
    let kept = subject
        .race(20, move |subject, number| async move {
            let mut tx = subject.begin().await?;
            let kept = tx.keep_import_secret(&secret(&subject, u8::try_from(number).unwrap_or(0))).await?;
            tx.commit().await?;
            Ok(kept)
        })
        .await?;

    assert_eq!(winners(&kept), 1);
    let mut tx = subject.store.snapshot().await?;
    let found = tx.find_import_secret("7f3a").await?.expect("it is kept");
    let winner = kept.iter().position(|won| *won).and_then(|number| u8::try_from(number).ok());
    assert_eq!(found.sealed.first().copied(), winner);
    assert_eq!(tx.find_import_secret("7f3b").await?, None);
    Ok(())
}
