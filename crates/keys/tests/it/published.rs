//! Attack 35 of SECURITY.md: a private or symmetric key, or one name twice, in the JWKS.

use std::collections::BTreeSet;

use countersign_audit::Actor;
use countersign_jose::{Algorithm, KeySet, verify_jws};
use countersign_keys::KeyPolicy;

use crate::rig::{Rig, published, sign};

// attack 35
#[tokio::test]
async fn the_jwks_holds_public_members_only_and_each_name_once() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let rig = Rig::new().await;
        let node = rig.node_with(KeyPolicy { algorithm, ..KeyPolicy::default() }).await.unwrap();
        node.rotate(Actor::Operator, &rig.origin()).await.unwrap();

        let jwks: serde_json::Value = serde_json::from_str(&node.jwks_json()).unwrap();
        let keys = jwks["keys"].as_array().unwrap();

        assert_eq!(keys.len(), 3, "next, active and retired");
        let allowed: BTreeSet<&str> = ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"].into();
        for key in keys {
            assert!(key.as_object().unwrap().keys().all(|name| allowed.contains(name.as_str())), "{key}");
            assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &algorithm.name().into()));
        }
        assert_eq!(published(&node).into_iter().collect::<BTreeSet<_>>().len(), 3);
    }
}

#[tokio::test]
async fn a_stranger_verifies_with_the_jwks_alone() {
    let rig = Rig::new().await;
    let node = rig.node().await;

    let keys = KeySet::from_jwks(&node.jwks_json()).unwrap();

    assert!(verify_jws(&sign(&node), &keys, Some("at+jwt")).is_ok());
}

// attack 35
#[tokio::test]
async fn a_symmetric_key_is_never_published() {
    let rig = Rig::new().await;
    let node = rig.node_with(KeyPolicy { algorithm: Algorithm::HS256, ..KeyPolicy::default() }).await.unwrap();

    assert_eq!(&*node.jwks_json(), r#"{"keys":[]}"#);
}
