//! Signatures that a lax verifier takes.

use countersign_jose::{Algorithm, Error, KeySet, SigningKey, base64url, verify};

use super::outcome;
use crate::support::{KEYS, KID, good_token, key, payload, rules, segments};

/// The order of P-256.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The order of Ed25519's large subgroup, little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn es256() -> (SigningKey, KeySet) {
    let key = key(Algorithm::ES256, KID);
    let keys = KeySet::new(vec![key.verifying_key()]).unwrap();
    (key, keys)
}

fn sign(key: &SigningKey) -> String {
    key.sign_payload("at+jwt", payload().as_bytes()).unwrap()
}

/// `token` with its signature's bytes replaced.
fn with_signature(token: &str, signature: &[u8]) -> String {
    let [header, claims, _] = segments(token);
    format!("{header}.{claims}.{}", base64url::encode(signature))
}

fn signature_of(token: &str) -> Vec<u8> {
    base64url::decode(segments(token)[2]).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// `left - right` over big-endian numbers of one length.
fn minus(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut result: Vec<u8> = left
        .iter()
        .zip(right)
        .rev()
        .map(|(left, right)| {
            let difference = i16::from(*left) - i16::from(*right) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap()
        })
        .collect();
    result.reverse();
    result
}

// attack 25
#[test]
fn psychic_signatures_and_their_kin_are_refused() {
    let (key, keys) = es256();
    let token = sign(&key);
    let order = hex(ORDER);
    let one = [vec![0; 31], vec![1]].concat();
    let edges = [vec![0; 32], one.clone(), minus(&order, &one), order.clone(), vec![0xff; 32]];

    for r in &edges {
        for s in &edges {
            let forged = with_signature(&token, &[r.as_slice(), s].concat());
            assert_eq!(verify(&forged, &keys, &rules()).map(drop), Err(Error::Signature), "{r:?} {s:?}");
        }
    }
    assert!(verify(&token, &keys, &rules()).is_ok());
}

// attack 25
#[test]
fn a_der_signature_is_no_es256_signature() {
    let (key, keys) = es256();
    let token = sign(&key);
    let signature = signature_of(&token);
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if number[0] & 0x80 == 0 { vec![] } else { vec![0] };
        [vec![2, u8::try_from(sign.len() + number.len()).unwrap()], sign, number].concat()
    };
    let numbers = [integer(&signature[..32]), integer(&signature[32..])].concat();
    let der = [vec![0x30, u8::try_from(numbers.len()).unwrap()], numbers].concat();

    assert_eq!(verify(&with_signature(&token, &der), &keys, &rules()).map(drop), Err(Error::Signature));
}

// attack 24
#[test]
fn the_one_other_es256_signature_of_a_token_names_the_same_token() {
    // (r, n - s) is a signature too: what is revoked is the id inside, never the text outside.
    let (key, keys) = es256();
    let token = sign(&key);
    let signature = signature_of(&token);
    let twin = with_signature(&token, &[&signature[..32], &minus(&hex(ORDER), &signature[32..])].concat());

    let (one, two) = (verify(&token, &keys, &rules()).unwrap(), verify(&twin, &keys, &rules()).unwrap());

    assert_ne!(token, twin);
    assert_eq!(one.claims.jti, two.claims.jti);
    assert_eq!(one.claims, two.claims);
}

// attack 24, 26
#[test]
fn ed25519_signatures_have_one_form() {
    let token = good_token();
    let signature = signature_of(&token);
    let mut carry = 0;
    let shifted: Vec<u8> = signature[32..]
        .iter()
        .zip(ED25519_ORDER)
        .map(|(s, l)| {
            let sum = u16::from(*s) + u16::from(l) + carry;
            carry = sum >> 8;
            u8::try_from(sum & 0xff).unwrap()
        })
        .collect();
    let zero = [0; 32];
    let identity = [[1].as_slice(), &[0; 31]].concat();
    let negated: Vec<u8> =
        signature.iter().enumerate().map(|(at, byte)| if at == 31 { byte ^ 0x80 } else { *byte }).collect();

    for (forged, why) in [
        ([&signature[..32], &shifted].concat(), "S + L"),
        ([&signature[..32], &zero].concat(), "S = 0"),
        ([identity.as_slice(), &zero].concat(), "R of small order, S = 0"),
        ([zero.as_slice(), &zero].concat(), "all zero"),
        ([identity.as_slice(), &signature[32..]].concat(), "R of small order"),
        ([&signature[..32], &ED25519_ORDER].concat(), "S = L"),
        ([&signature[..32], &[0xff; 32]].concat(), "S too big"),
        (negated, "-R"),
    ] {
        assert_eq!(outcome(&with_signature(&token, &forged)), Err(Error::Signature), "{why}");
    }
    assert_eq!(outcome(&token), Ok(()));
}

// attack 27
// bug S6
#[test]
fn a_signature_covers_its_header_and_payload_and_no_others() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm, KID);
        let keys = KeySet::new(vec![key.verifying_key()]).unwrap();
        let token = sign(&key);
        let other = key.sign_payload("at+jwt", payload().replace("usr_1", "usr_2").as_bytes()).unwrap();
        let ([header, claims, signature], [_, foreign_claims, foreign_signature]) =
            (segments(&token), segments(&other));
        let bytes = signature_of(&token);
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        let longer = [bytes.as_slice(), &[0]].concat();
        let padded = [&[0], bytes.as_slice()].concat();
        let elevated = base64url::encode(payload().replacen('{', r#"{"roles":["admin"],"#, 1));

        for (forged, why) in [
            (format!("{header}.{foreign_claims}.{signature}"), "another payload"),
            (format!("{header}.{elevated}.{signature}"), "one more claim"),
            (format!("{header}.{claims}.{foreign_signature}"), "another token's signature"),
            (with_signature(&token, &bytes[..bytes.len() - 1]), "truncated"),
            (with_signature(&token, &bytes[1..]), "truncated in front"),
            (with_signature(&token, &longer), "longer"),
            (with_signature(&token, &padded), "longer in front"),
            (with_signature(&token, &reversed), "reversed"),
            (with_signature(&token, &vec![0; bytes.len()]), "zeros"),
            (with_signature(&token, &vec![0xff; bytes.len()]), "ones"),
            (with_signature(&token, &[]), "none"),
        ] {
            assert_eq!(verify(&forged, &keys, &rules()).map(drop), Err(Error::Signature), "{algorithm}: {why}");
        }
        // The header is signed too, down to the white space in it.
        let spaced = format!(r#"{{ "typ":"at+jwt","alg":"{algorithm}","kid":"{KID}"}}"#);
        let forged = format!("{}.{claims}.{signature}", base64url::encode(spaced));
        assert_eq!(verify(&forged, &keys, &rules()).map(drop), Err(Error::Signature));
        assert!(verify(&token, &keys, &rules()).is_ok());
    }
}

#[test]
fn another_key_of_the_same_name_signs_for_nobody() {
    let mallory = SigningKey::generate(Algorithm::EdDSA, Some(KID), |bytes| bytes.fill(66)).unwrap();

    assert_eq!(verify(&sign(&mallory), &KEYS, &rules()).map(drop), Err(Error::Signature));
}
