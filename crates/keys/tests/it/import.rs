use countersign_audit::{Actor, Event};
use countersign_jose::{Algorithm, SigningKey, verify_jws_with};
use countersign_kernel::{Lifetime, Secret};
use countersign_keys::{Activation, Error, ImportKey, Imported, KeyPolicy, Keyring, Standing};

use crate::rig::{Rig, accepts, only, published, sign};

/// RFC 8037 appendix A: a key that everyone knows.
const ED25519_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"theirs-2025",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

/// The same key as PKCS#8: the fixed prefix of RFC 8410 section 7 and the seed.
const ED25519_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

async fn import(rig: &Rig, node: &Keyring, text: &str, kid: Option<&str>, activation: Activation) -> Imported {
    let text = Secret::new(text.to_owned());
    let import = ImportKey { text: &text, algorithm: None, kid, activation };
    node.import(import, Actor::Operator, &rig.origin()).await.unwrap()
}

#[tokio::test]
async fn an_imported_jwk_keeps_its_name_and_signs_at_once_where_asked() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let (old, token) = (only(&node, Standing::Active), sign(&node));

    let imported = import(&rig, &node, ED25519_JWK, None, Activation::Now).await;

    assert!(matches!(&imported, Imported::Done(key) if key.kid == "theirs-2025" && key.is_imported()), "{imported:?}");
    assert_eq!(node.signer().kid(), "theirs-2025");
    assert_eq!(only(&node, Standing::Retired).id, old.id);
    assert!(accepts(&node, &token), "nobody is signed out");
    let known = SigningKey::from_jwk(ED25519_JWK, None).unwrap();
    assert!(verify_jws_with(&sign(&node), &known.verifying_key(), Some("at+jwt")).is_ok());
    assert_eq!(
        rig.trail().await[3..],
        [
            (Event::SigningKeyRetired, "imported".to_owned()),
            (Event::SigningKeyImported, "imported".to_owned()),
            (Event::SigningKeyActivated, "imported".to_owned()),
        ]
    );
}

#[tokio::test]
async fn an_imported_key_waits_for_the_next_rotation_where_not() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let active = node.signer().kid().to_owned();

    import(&rig, &node, ED25519_PEM, Some("mine"), Activation::WithNextRotation).await;

    assert_eq!(node.signer().kid(), active);
    assert_eq!(only(&node, Standing::Next).kid, "mine");
    assert!(published(&node).contains(&"mine".to_owned()), "published before it signs");
    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();
    assert_eq!(node.signer().kid(), "mine");
}

#[tokio::test]
async fn an_imported_key_of_another_algorithm_survives_a_restart_and_is_rotated_out() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let ec = another_key(&rig);
    import(&rig, &node, &pem(&ec), None, Activation::Now).await;

    let again = rig.node().await;
    assert_eq!((again.signer().algorithm(), again.signer().kid()), (Algorithm::ES256, ec.kid()));

    again.rotate(Actor::Operator, &rig.origin()).await.unwrap();
    assert_eq!(again.signer().algorithm(), Algorithm::EdDSA, "new keys are of the configured algorithm");
}

#[tokio::test]
async fn a_key_without_a_name_goes_by_its_thumbprint() {
    let rig = Rig::new().await;
    let node = rig.node().await;

    import(&rig, &node, ED25519_PEM, None, Activation::Now).await;

    assert_eq!(node.signer().kid(), THUMBPRINT);
}

// attack 35
#[tokio::test]
async fn no_name_and_no_key_is_there_twice() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    import(&rig, &node, ED25519_JWK, None, Activation::Now).await;
    let keys = node.list();
    let ours = keys[0].kid.clone();

    let same_name = import(&rig, &node, ED25519_JWK, None, Activation::Now).await;
    let same_key = import(&rig, &node, ED25519_PEM, Some("another"), Activation::WithNextRotation).await;
    let our_name = import(&rig, &node, &pem(&another_key(&rig)), Some(&ours), Activation::Now).await;

    assert_eq!(same_name, Imported::Known("theirs-2025".to_owned()));
    assert_eq!(same_key, Imported::Known("theirs-2025".to_owned()));
    assert_eq!(our_name, Imported::KidTaken(ours));
    assert_eq!(node.list(), keys);
}

#[tokio::test]
async fn what_is_no_private_key_is_refused_with_the_reason_and_without_the_text() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    let public = node.jwks_json();
    for text in ["", "hunter2", "{}", &*public, "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"] {
        let text = Secret::new(text.to_owned());
        let import = ImportKey { text: &text, algorithm: None, kid: None, activation: Activation::Now };
        let refused = node.import(import, Actor::Operator, &rig.origin()).await.expect_err("refused");

        assert!(matches!(refused, Error::Unsuitable(_)), "{refused}");
        assert!(!format!("{refused:?} {refused}").contains("hunter2"));
    }
    assert_eq!(node.list().len(), 2);
}

#[tokio::test]
async fn a_symmetric_key_comes_in_only_where_the_setting_wants_one() {
    const OCT: &str =
        r#"{"kty":"oct","alg":"HS256","kid":"old-consumer","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}"#;
    let rig = Rig::new().await;
    let node = rig.node().await;
    let text = Secret::new(OCT.to_owned());
    let request = || ImportKey { text: &text, algorithm: None, kid: None, activation: Activation::Now };

    let refused = node.import(request(), Actor::Operator, &rig.origin()).await.expect_err("refused");
    let symmetric = rig.node_with(KeyPolicy { algorithm: Algorithm::HS256, ..KeyPolicy::default() }).await.unwrap();
    let taken = symmetric.import(request(), Actor::Operator, &rig.origin()).await.unwrap();

    assert!(matches!(refused, Error::SymmetricNotConfigured));
    assert!(matches!(taken, Imported::Done(_)), "{taken:?}");
    assert_eq!(symmetric.signer().kid(), "old-consumer");
}

#[tokio::test]
async fn an_imported_key_ages_like_any_other() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    import(&rig, &node, ED25519_JWK, None, Activation::Now).await;
    rig.clock.advance(Lifetime::from_days(90));

    node.tick().await.unwrap();

    assert_ne!(node.signer().kid(), "theirs-2025");
    assert!(accepts(&node, &sign(&node)));
}

#[tokio::test]
async fn a_key_that_waits_signs_at_once_when_it_is_imported_again_to_do_so() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    import(&rig, &node, ED25519_JWK, None, Activation::WithNextRotation).await;

    let again = import(&rig, &node, ED25519_JWK, None, Activation::Now).await;

    assert!(matches!(again, Imported::Done(_)), "{again:?}");
    assert_eq!(node.signer().kid(), "theirs-2025");
}

// attack 36
#[tokio::test]
async fn a_retired_key_never_signs_again_not_even_when_imported_anew() {
    let rig = Rig::new().await;
    let node = rig.node().await;
    import(&rig, &node, ED25519_JWK, None, Activation::Now).await;
    node.rotate(Actor::Operator, &rig.origin()).await.unwrap();

    let again = import(&rig, &node, ED25519_JWK, None, Activation::Now).await;

    assert_eq!(again, Imported::Known("theirs-2025".to_owned()));
    assert_ne!(node.signer().kid(), "theirs-2025");
}

fn another_key(rig: &Rig) -> SigningKey {
    SigningKey::generate(Algorithm::ES256, None, |target| rig.env.entropy().fill(target)).unwrap()
}

fn pem(key: &SigningKey) -> String {
    use base64::Engine as _;
    let der = base64::engine::general_purpose::STANDARD.encode(&*key.to_pkcs8_der().unwrap());
    format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----")
}
