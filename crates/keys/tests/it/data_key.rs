use std::sync::Arc;

use countersign_keys::{DataKeys, Error, Keyring, MasterKey, SealedData};

use crate::rig::Rig;

async fn keys(rig: &Rig) -> DataKeys {
    DataKeys::load_or_make(Arc::clone(&rig.store), rig.master.clone(), rig.env.clone()).await.unwrap()
}

#[tokio::test]
async fn what_is_sealed_opens_for_its_own_context_on_every_node() {
    let rig = Rig::new().await;
    let (here, there) = (keys(&rig).await, keys(&rig).await);
    let sealed = here.seal("totp/ada", b"a shared secret").unwrap();

    assert_eq!(there.open("totp/ada", &sealed).await.unwrap().expose(), b"a shared secret");
    assert!(matches!(there.open("totp/bob", &sealed).await, Err(Error::Damaged { .. })));
    assert!(!sealed.bytes.windows(6).any(|six| six == b"shared"));
    let cut = SealedData { bytes: sealed.bytes[..30].to_vec(), key: sealed.key };
    assert!(matches!(here.open("totp/ada", &cut).await, Err(Error::Damaged { .. })));
}

#[tokio::test]
async fn a_new_key_seals_and_the_old_one_still_opens() {
    let rig = Rig::new().await;
    let (here, there) = (keys(&rig).await, keys(&rig).await);
    let old = here.seal("a", b"old").unwrap();

    assert_eq!((here.newest(), here.rotate().await.unwrap(), here.newest()), (1, 2, 2));

    let new = here.seal("a", b"new").unwrap();
    assert_eq!((old.key, new.key), (1, 2));
    assert_eq!(there.newest(), 1, "it has not heard of it");
    assert_eq!(there.open("a", &new).await.unwrap().expose(), b"new", "and looks when it meets the number");
    assert_eq!(there.newest(), 2);
    assert_eq!(here.open("a", &old).await.unwrap().expose(), b"old");
    let moved = SealedData { key: 1, ..new };
    assert!(matches!(here.open("a", &moved).await, Err(Error::Damaged { .. })), "each under its own");
    let unknown = SealedData { key: 9, ..old };
    assert!(matches!(here.open("a", &unknown).await, Err(Error::Absent { .. })));
}

#[tokio::test]
async fn two_nodes_that_rotate_at_once_end_with_the_same_keys() {
    let rig = Rig::new().await;
    let (here, there) = (keys(&rig).await, keys(&rig).await);

    let (one, other) = tokio::join!(here.rotate(), there.rotate());

    let (one, other) = (one.unwrap(), other.unwrap());
    here.reload().await.unwrap();
    there.reload().await.unwrap();
    assert_eq!(here.newest(), there.newest());
    assert!(one.max(other) <= 3 && one.min(other) == 2, "{one} {other}");
    let sealed = here.seal("a", b"text").unwrap();
    assert_eq!(there.open("a", &sealed).await.unwrap().expose(), b"text");
}

#[tokio::test]
async fn another_master_key_opens_no_data_key() {
    let rig = Rig::new().await;
    keys(&rig).await.rotate().await.unwrap();
    let store = Arc::clone(&rig.store);

    let other = DataKeys::load_or_make(Arc::clone(&store), MasterKey::generate(&rig.env), rig.env.clone()).await;
    assert!(matches!(other, Err(Error::WrongMasterKey { .. })));
    assert!(Keyring::check(store, &MasterKey::generate(&rig.env), &rig.env).await.is_err());
}
