//! Two processes on one database.

use countersign_audit::Actor;
use countersign_jose::{Algorithm, SigningKey};
use countersign_kernel::Secret;
use countersign_keys::{Activation, ImportKey, Imported};
use countersign_session::TokenError;
use countersign_store::Delivery;

use crate::house::{House, minutes, seconds};

#[tokio::test]
async fn what_one_node_revokes_the_other_knows_after_its_next_round() {
    let here = House::new().await;
    let there = here.another_node().await;
    let user = here.user("ada").await;
    let browsers = [here.sign_in(&user, Delivery::Cookie).await, here.sign_in(&user, Delivery::Cookie).await];
    let bystander = here.sign_in(&user, Delivery::Cookie).await;
    for browser in &browsers {
        assert!(there.verify(&browser.access).is_ok(), "and it is remembered there");
        here.sign_out(browser).await;
    }

    there.sessions.tick().await.unwrap();

    for browser in &browsers {
        assert_eq!(there.verify(&browser.access).unwrap_err(), TokenError::Revoked);
    }
    assert!(there.verify(&bystander.access).is_ok());
    assert_eq!(there.sessions.revocations().head().seq, 2);
}

#[tokio::test]
async fn a_node_that_slept_past_every_record_catches_up_from_nothing() {
    let here = House::new().await;
    let there = here.another_node().await;
    let user = here.user("ada").await;
    here.sign_out(&here.sign_in(&user, Delivery::Cookie).await).await;
    there.sessions.tick().await.unwrap();
    // The record that the other node knows last is swept before it looks again.
    here.clock.advance(minutes(30));
    here.sessions.tick().await.unwrap();
    let late = here.sign_in(&user, Delivery::Cookie).await;
    here.sign_out(&late).await;

    there.sessions.tick().await.unwrap();

    assert_eq!(there.verify(&late.access).unwrap_err(), TokenError::Revoked);
    here.sessions.tick().await.unwrap();
    assert_eq!(there.sessions.revocations().head(), here.sessions.revocations().head());
    assert_eq!(here.sessions.revocations().head().seq, 2, "nothing was written twice");
}

#[tokio::test]
async fn a_key_that_another_node_brought_in_is_known_after_the_next_round() {
    let (here, there) = {
        let here = House::new().await;
        let there = here.another_node().await;
        (here, there)
    };
    let key = SigningKey::generate(Algorithm::EdDSA, Some("from-outside"), |bytes| bytes.fill(9)).unwrap();
    let der = key.to_pkcs8_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", base64(der.as_ref()));
    let text = Secret::new(pem);
    let import = ImportKey { text: &text, algorithm: None, kid: Some("from-outside"), activation: Activation::Now };
    let imported = here.keyring.import(import, Actor::Operator, &here.origin()).await.unwrap();
    assert!(matches!(imported, Imported::Done(_)));
    let ada = here.sign_in(&here.user("ada").await, Delivery::Cookie).await;
    assert!(here.verify(&ada.access).is_ok());
    assert_eq!(there.verify(&ada.access).unwrap_err(), TokenError::Invalid, "not known yet");

    there.sessions.tick().await.unwrap();

    assert!(there.verify(&ada.access).is_ok());
}

#[tokio::test]
async fn a_token_of_an_unknown_key_has_the_keys_read_once_a_second_and_is_not_forgotten_till_then() {
    let house = House::new().await;
    let key = SigningKey::generate(Algorithm::EdDSA, Some("from-outside"), |bytes| bytes.fill(9)).unwrap();
    let foreign = key.sign("at+jwt", &serde_json::json!({"sub": "nobody"})).unwrap();
    let was_read = async || {
        house.sessions.tick().await.unwrap();
        // Whoever reads takes the turn of this second.
        !house.keyring.may_reload()
    };
    assert!(!was_read().await, "nothing was missed");
    house.clock.advance(seconds(1));

    assert_eq!(house.verify(&foreign).unwrap_err(), TokenError::Invalid);
    assert!(was_read().await);

    assert_eq!(house.verify(&foreign).unwrap_err(), TokenError::Invalid, "in the same second");
    house.sessions.tick().await.unwrap();
    house.clock.advance(seconds(1));
    assert!(was_read().await, "it was remembered until there was a turn");
    house.clock.advance(seconds(1));
    assert!(!was_read().await, "and then no more");
}

#[tokio::test]
async fn a_node_says_for_how_long_it_has_heard_nothing() {
    let house = House::new().await;
    house.sessions.tick().await.unwrap();
    house.clock.advance(seconds(61));
    assert_eq!(house.sessions.silent_for(), seconds(61));

    house.sessions.tick().await.unwrap();

    assert_eq!(house.sessions.silent_for(), seconds(0));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
