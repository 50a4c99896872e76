//! Whoever can write rows, but has no master key.

use super::*;
use crate::testing::env;

async fn row(algorithm: Algorithm) -> (MasterKey, Env, Row) {
    let env = env();
    let master = MasterKey::generate(&env);
    let row = Draft::make(algorithm, &master, &env).await.unwrap().row(KeyState::Active);
    (master, env, row)
}

#[tokio::test]
async fn every_algorithm_is_sealed_and_signs_again() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::PS256, Algorithm::HS256] {
        let (master, _, row) = row(algorithm).await;

        let material = open(&master, &row).unwrap();
        let token = signing_key(&row, &material).unwrap().sign_payload("test", b"{}").unwrap();
        let keys = countersign_jose::KeySet::new(vec![verifying_key(&row, &material).unwrap()]).unwrap();

        assert_eq!(countersign_jose::verify_jws(&token, &keys, Some("test")).unwrap(), b"{}", "{algorithm}");
        assert_eq!(row.kid, row.id.to_string());
    }
}

#[tokio::test]
async fn a_changed_row_does_not_open() {
    let (master, env, honest) = row(Algorithm::EdDSA).await;
    let stranger = Draft::make(Algorithm::EdDSA, &MasterKey::generate(&env), &env).await.unwrap().row(KeyState::Active);
    let changes: [fn(&mut Row, &Row); 5] = [
        |row, _| row.kid = "another".to_owned(),
        |row, _| row.algorithm = "ES256".to_owned(),
        |row, stranger| row.public_jwk.clone_from(&stranger.public_jwk),
        |row, _| row.public_jwk = None,
        |row, stranger| row.id = stranger.id,
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut changed = honest.clone();
        change(&mut changed, &stranger);
        assert!(matches!(open(&master, &changed), Err(Error::Damaged { .. })), "change {n}");
    }
    let swapped = Row { sealed: stranger.sealed.clone(), ..honest };
    assert!(matches!(open(&master, &swapped), Err(Error::WrongMasterKey { .. })));
}

#[tokio::test]
async fn a_withdrawn_key_has_no_private_half_and_still_verifies() {
    for algorithm in [Algorithm::EdDSA, Algorithm::HS256] {
        let (master, env, row) = row(algorithm).await;
        let token = signing_key(&row, &open(&master, &row).unwrap()).unwrap().sign_payload("test", b"{}").unwrap();

        let bare = without_private_key(&master, &env, &row).unwrap();
        let material = open(&master, &bare).unwrap();

        assert!(
            matches!(&material, Material::Withdrawn(left) if left.expose().is_empty() == (algorithm == Algorithm::EdDSA))
        );
        assert!(signing_key(&bare, &material).is_err());
        let keys = countersign_jose::KeySet::new(vec![verifying_key(&bare, &material).unwrap()]).unwrap();
        assert!(countersign_jose::verify_jws(&token, &keys, Some("test")).is_ok(), "{algorithm}");
    }
}
