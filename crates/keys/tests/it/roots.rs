use countersign_keys::{Error, MasterKey, Roots};

use crate::rig::Rig;

// bug S3
#[tokio::test]
async fn roots_are_made_once_and_differ() {
    let rig = Rig::new().await;

    let first = Roots::load_or_make(rig.store.as_ref(), &rig.master, &rig.env).await.unwrap();
    let second = Roots::load_or_make(rig.store.as_ref(), &rig.master, &rig.env).await.unwrap();

    assert!(first.refresh.matches(second.refresh.expose()));
    assert!(first.cookies.matches(second.cookies.expose()));
    assert!(first.lookup.matches(second.lookup.expose()));
    assert!(!first.refresh.matches(first.cookies.expose()));
    assert!(!first.cookies.matches(first.lookup.expose()));
}

#[tokio::test]
async fn what_the_database_keeps_is_not_the_root() {
    let rig = Rig::new().await;
    let roots = Roots::load_or_make(rig.store.as_ref(), &rig.master, &rig.env).await.unwrap();

    let kept = rig.store.snapshot().await.unwrap().find_root("refresh").await.unwrap().unwrap();

    assert!(!kept.sealed.windows(32).any(|window| window == roots.refresh.expose()));
}

#[tokio::test]
async fn another_master_key_opens_no_root_and_replaces_none() {
    let rig = Rig::new().await;
    let roots = Roots::load_or_make(rig.store.as_ref(), &rig.master, &rig.env).await.unwrap();
    let other = MasterKey::generate(&rig.env);

    let refused = Roots::load_or_make(rig.store.as_ref(), &other, &rig.env).await.unwrap_err();

    assert!(matches!(refused, Error::WrongMasterKey { .. }));
    let again = Roots::load_or_make(rig.store.as_ref(), &rig.master, &rig.env).await.unwrap();
    assert!(again.refresh.matches(roots.refresh.expose()));
}
