//! Sets of keys: what is published and what is believed of others.

use countersign_jose::{Algorithm, Error, Jwk, KeySet, VerifyingKey, verify};

use crate::support::{KEYS, KID, SIGNER, good_token, key, rules};

fn jwks(keys: &[&str]) -> String {
    format!(r#"{{"keys":[{}],"note":"unknown members mean nothing"}}"#, keys.join(","))
}

fn honest() -> String {
    SIGNER.public_jwk().unwrap().to_json()
}

#[test]
fn a_published_set_is_read_back_and_verifies() {
    let keys = Algorithm::ALL.map(|algorithm| key(algorithm, algorithm.name()));
    let set = KeySet::new(keys.iter().map(|key| key.verifying_key()).collect()).unwrap();

    let read = KeySet::from_jwks(&set.to_jwks_json()).unwrap();

    assert_eq!((set.len(), read.len(), read.is_empty()), (5, 4, false));
    assert_eq!(read.iter().map(VerifyingKey::kid).collect::<Vec<_>>(), ["EdDSA", "ES256", "RS256", "PS256"]);
    for key in &keys {
        let token = key.sign("at+jwt", &serde_json::json!({})).unwrap();
        assert_eq!(
            countersign_jose::verify_jws(&token, &read, Some("at+jwt")).is_ok(),
            key.algorithm() != Algorithm::HS256
        );
    }
}

// attack 35
#[test]
fn a_published_set_shows_neither_private_nor_symmetric_keys() {
    let set =
        KeySet::new(Algorithm::ALL.map(|algorithm| key(algorithm, algorithm.name()).verifying_key()).into()).unwrap();

    let published: serde_json::Value = serde_json::from_str(&set.to_jwks_json()).unwrap();

    let keys = published["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4);
    for key in keys {
        assert_eq!(key["use"], "sig");
        assert_ne!(key["kty"], "oct");
        for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(secret).is_none(), "{secret}");
        }
    }
}

// attack 35
#[test]
fn two_keys_of_one_name_make_no_set() {
    let twice = vec![SIGNER.verifying_key(), key(Algorithm::ES256, KID).verifying_key()];

    assert!(matches!(KeySet::new(twice), Err(Error::KeySet(_))));
    assert!(matches!(KeySet::from_jwks(&jwks(&[&honest(), &honest()])), Err(Error::KeySet(_))));
}

#[test]
fn a_set_that_shows_a_secret_is_refused_whole() {
    for secret in [
        r#"{"kty":"oct","kid":"x","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"x","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
        r#"{"kty":"unknown","kid":"x","p":"AQ"}"#,
    ] {
        assert!(matches!(KeySet::from_jwks(&jwks(&[&honest(), secret])), Err(Error::KeySet(_))), "{secret}");
    }
}

#[test]
fn keys_that_we_do_not_know_are_passed_over() {
    let set = KeySet::from_jwks(&jwks(&[
        r#"{"kty":"EC","crv":"P-384","kid":"a","x":"AQ","y":"AQ"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"b","pub":"AQ"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"c","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        &honest(),
    ]))
    .unwrap();

    assert_eq!(set.len(), 1);
    assert!(verify(&good_token(), &set, &rules()).is_ok());
}

#[test]
fn what_is_not_a_set_is_refused() {
    let many = vec![r#"{"kty":"x"}"#; 65];
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#, &jwks(&many)] {
        assert!(KeySet::from_jwks(text).is_err(), "{text}");
    }
    assert!(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap().is_empty());
    assert!(KeySet::from_jwks(&jwks(&many[..64])).unwrap().is_empty(), "64 are not too many");
}

// attack 36
#[test]
fn a_key_that_left_the_set_is_believed_no_more() {
    let token = good_token();
    assert!(verify(&token, &KEYS, &rules()).is_ok());

    let next = KeySet::new(vec![key(Algorithm::ES256, "key_2").verifying_key()]).unwrap();

    assert_eq!(verify(&token, &next, &rules()).map(drop), Err(Error::UnknownKey));
}

#[test]
fn a_public_key_is_written_in_its_one_spelling() {
    let text = SIGNER.public_jwk().unwrap().to_json();
    let members: serde_json::Value = serde_json::from_str(&text).unwrap();

    assert_eq!(
        members,
        serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": members["x"], "use": "sig", "alg": "EdDSA", "kid": KID})
    );
    assert_eq!(Jwk::parse(&text).unwrap(), *SIGNER.public_jwk().unwrap());
}
