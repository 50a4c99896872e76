//! The files of bare signatures, through the check that every token passes.

use countersign_jose::{VerifyingKey, base64url};
use serde_json::{Value, json};

use super::{Exception, Tally, cases, groups, hex};

/// Judges the cases of a group by `key`; none passes where the key is refused.
fn judge(group: &Value, key: Option<&VerifyingKey>, tally: &mut Tally) {
    for case in cases(group) {
        let message = hex(case["msg"].as_str().unwrap());
        let signature = hex(case["sig"].as_str().unwrap());
        tally.count(case, key.is_some_and(|key| key.verify_signature(&message, &signature).is_ok()));
    }
}

/// A point as JWK, from its two numbers: not every group brings one.
fn ec_jwk(group: &Value, crv: &str, size: usize) -> String {
    let number = |name: &str| {
        let bytes = hex(group["publicKey"][name].as_str().unwrap());
        let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        base64url::encode([vec![0; size - significant.len()], significant].concat())
    };
    let jwk = json!({"kty": "EC", "crv": crv, "x": number("wx"), "y": number("wy")});
    if let Some(given) = group.get("publicKeyJwk") {
        assert_eq!((&jwk["x"], &jwk["y"]), (&given["x"], &given["y"]));
    }
    jwk.to_string()
}

#[test]
fn ecdsa_p256_in_the_form_of_jose() {
    let Some(groups) = groups("ecdsa_secp256r1_sha256_p1363_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        let key = VerifyingKey::from_jwk(&ec_jwk(group, "P-256", 32)).unwrap();
        judge(group, Some(&key), &mut tally);
    }

    tally.is(173, 89, &[]);
}

#[test]
fn ecdsa_p256_in_der_is_no_jws_signature() {
    let Some(groups) = groups("ecdsa_secp256r1_sha256_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        let key = VerifyingKey::from_jwk(&ec_jwk(group, "P-256", 32)).unwrap();
        judge(group, Some(&key), &mut tally);
    }

    // RFC 7518 section 3.4: R and S of 32 bytes each, and no DER. All 174 valid cases are exceptions.
    assert_eq!((tally.accepted, tally.refused, tally.strict.len(), tally.lax.len()), (0, 310, 174, 0));
}

#[test]
fn ecdsa_p384_is_not_offered() {
    let Some(groups) = groups("ecdsa_secp384r1_sha384_p1363_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        assert!(VerifyingKey::from_jwk(&ec_jwk(group, "P-384", 48)).is_err());
        judge(group, None, &mut tally);
    }

    // All 193 valid cases are exceptions: no key of theirs is taken.
    assert_eq!((tally.accepted, tally.refused, tally.strict.len(), tally.lax.len()), (0, 87, 193, 0));
}

#[test]
fn ed25519() {
    let Some(groups) = groups("ed25519_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        let key = VerifyingKey::from_jwk(&group["publicKeyJwk"].to_string()).unwrap();
        judge(group, Some(&key), &mut tally);
    }

    tally.is(88, 63, &[]);
}

#[test]
fn rsa_pkcs1() {
    let Some(groups) = groups("rsa_signature_2048_sha256_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        let key = VerifyingKey::from_jwk(&group["keyJwk"].to_string()).unwrap();
        judge(group, Some(&key), &mut tally);
    }

    // 249 invalid cases and the one "acceptable" one, a DigestInfo without its NULL.
    tally.is(9, 250, &[]);
}

#[test]
fn rsa_pss() {
    let Some(groups) = groups("rsa_pss_2048_sha256_mgf1_32_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        let key = VerifyingKey::from_jwk(&group["publicKeyJwk"].to_string()).unwrap();
        judge(group, Some(&key), &mut tally);
    }

    tally.is(63, 45, &[]);
}

#[test]
fn hmac() {
    let Some(groups) = groups("hmac_sha256_test.json") else { return };
    let mut tally = Tally::default();

    for group in &groups {
        for case in cases(group) {
            let key = VerifyingKey::hs256(&hex(case["key"].as_str().unwrap()), "k").ok();
            let (message, tag) = (hex(case["msg"].as_str().unwrap()), hex(case["tag"].as_str().unwrap()));
            tally.count(case, key.is_some_and(|key| key.verify_signature(&message, &tag).is_ok()));
        }
    }

    tally.is(
        30,
        108,
        &[
            Exception { cases: &[82..=108, 172..=174], reason: "RFC 7518 section 3.2: a tag is not cut to 128 bits" },
            Exception { cases: &[163..=168], reason: "RFC 7518 section 3.2: a key has at least 256 bits" },
        ],
    );
}
