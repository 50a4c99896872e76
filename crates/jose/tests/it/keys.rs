//! Where signing keys come from and what they must be.

use countersign_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey, base64url, verify_jws_with};
use serde_json::{Value, json};

use crate::support::{RSA_PEM, key};

/// That the key signs and that its own public part verifies it.
fn works(key: &SigningKey) {
    let token = key.sign("t", &json!({"a": 1})).unwrap();
    assert_eq!(verify_jws_with(&token, &key.verifying_key(), Some("t")).unwrap(), br#"{"a":1}"#);
}

#[test]
fn the_same_bytes_make_the_same_key() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256] {
        let (one, two) = (key(algorithm, "k"), key(algorithm, "k"));
        let other = SigningKey::generate(algorithm, Some("k"), |bytes| bytes.fill(8)).unwrap();

        works(&one);
        assert_eq!(one.private_bytes().unwrap(), two.private_bytes().unwrap());
        assert_ne!(one.private_bytes().unwrap(), other.private_bytes().unwrap());
        let token = other.sign("t", &json!({})).unwrap();
        assert_eq!(verify_jws_with(&token, &one.verifying_key(), None), Err(Error::Signature));
    }
}

#[test]
fn a_p256_scalar_out_of_range_is_drawn_again() {
    // The order of the group, above it, and zero; then one that is in range.
    let order = base64url::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let mut draws = vec![[5; 32], order.try_into().unwrap(), [0xff; 32], [0; 32]];

    let key = SigningKey::generate(Algorithm::ES256, Some("k"), |bytes| bytes.copy_from_slice(&draws.pop().unwrap()));

    works(&key.unwrap());
    assert!(draws.is_empty());
}

#[test]
fn a_broken_source_of_bytes_does_not_hang_key_generation() {
    let key = SigningKey::generate(Algorithm::ES256, None, |bytes| bytes.fill(0xff));

    assert!(matches!(key, Err(Error::Crypto(_))));
}

#[test]
fn a_new_rsa_key_has_3072_bits() {
    let key =
        SigningKey::generate(Algorithm::RS256, None, |_| panic!("RSA keys take the library's generator")).unwrap();

    works(&key);
    let jwk: Value = serde_json::from_str(&key.public_jwk().unwrap().to_json()).unwrap();
    assert_eq!(base64url::decode(jwk["n"].as_str().unwrap()).unwrap().len() * 8, 3072);
    assert_eq!(jwk["e"], "AQAB");
    assert_eq!(key.kid(), key.public_jwk().unwrap().thumbprint());
}

#[test]
fn private_bytes_bring_the_key_back() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm, "k");
        let bytes = key.private_bytes().unwrap();

        let back = SigningKey::from_private_bytes(&bytes, algorithm, Some("k")).unwrap();

        let token = back.sign("t", &json!({})).unwrap();
        assert!(verify_jws_with(&token, &key.verifying_key(), Some("t")).is_ok(), "{algorithm}");
        assert_eq!(key.to_pkcs8_der().is_ok(), !algorithm.is_symmetric());
        for wrong in Algorithm::ALL {
            let family = wrong == algorithm || (wrong.is_rsa() && algorithm.is_rsa());
            let mistaken = SigningKey::from_pkcs8_der(&bytes, wrong, Some("k"));
            assert_eq!(mistaken.is_ok(), family && !wrong.is_symmetric(), "{algorithm} as {wrong}");
        }
    }
}

#[test]
fn keys_that_openssl_wrote_are_read() {
    for (pem, asked, algorithm) in [
        (include_str!("pem/ed25519.pem"), None, Algorithm::EdDSA),
        (include_str!("pem/p256.pem"), None, Algorithm::ES256),
        (include_str!("pem/p256_sec1.pem"), None, Algorithm::ES256),
        (include_str!("pem/p256_with_parameters.pem"), Some(Algorithm::ES256), Algorithm::ES256),
        (include_str!("pem/rsa2048.pem"), None, Algorithm::RS256),
        (include_str!("pem/rsa2048.pem"), Some(Algorithm::PS256), Algorithm::PS256),
        (include_str!("pem/rsa2048_pkcs1.pem"), None, Algorithm::RS256),
    ] {
        let key = SigningKey::import(pem, asked, None).unwrap();

        works(&key);
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.kid(), key.public_jwk().unwrap().thumbprint());
        assert_eq!(SigningKey::import(&pem.replace('\n', "\r\n"), asked, Some("named")).unwrap().kid(), "named");
    }
    assert_eq!(
        SigningKey::import(include_str!("pem/p256.pem"), None, None).unwrap().kid(),
        SigningKey::import(include_str!("pem/p256_sec1.pem"), None, None).unwrap().kid(),
        "two forms of one key"
    );
}

#[test]
fn keys_that_must_not_be_used_are_not_read() {
    let good = include_str!("pem/ed25519.pem");
    let damaged = good.replacen("MC4CAQ", "MC4CAg", 1);
    let twice = format!("{good}{good}");
    let cut = good.lines().take(2).collect::<Vec<_>>().join("\n");
    for (pem, algorithm, why) in [
        (include_str!("pem/encrypted.pem"), None, "encrypted PKCS#8"),
        (include_str!("pem/encrypted_pkcs1.pem"), None, "encrypted in the old way"),
        (include_str!("pem/p384.pem"), None, "a curve that is not offered"),
        (include_str!("pem/rsa1024.pem"), None, "too short"),
        (include_str!("pem/rsa_exponent_3.pem"), None, "a small exponent"),
        (include_str!("pem/rsa_exponent_65535.pem"), None, "an exponent that is still too small"),
        (include_str!("pem/p256.pem"), Some(Algorithm::EdDSA), "not that algorithm"),
        (include_str!("pem/rsa2048.pem"), Some(Algorithm::HS256), "an RSA key is no HMAC secret"),
        (damaged.as_str(), None, "damaged"),
        (twice.as_str(), None, "two keys"),
        (cut.as_str(), None, "cut off"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", None, "public"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", None, "two labels"),
        ("-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n", None, "unknown"),
        ("", None, "nothing"),
        ("hunter2", None, "a password"),
    ] {
        assert!(matches!(SigningKey::import(pem, algorithm, None), Err(Error::Key(_))), "{why}");
    }
}

#[test]
fn a_refusal_says_what_to_do_about_the_key() {
    for (pem, reason) in [
        (include_str!("pem/encrypted.pem"), "the key is encrypted: decrypt it first"),
        (include_str!("pem/encrypted_pkcs1.pem"), "the key is encrypted: decrypt it first"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "a private key is needed here"),
        ("-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n", "PEM block of an unknown kind"),
    ] {
        assert_eq!(SigningKey::import(pem, None, None).unwrap_err(), Error::Key(reason));
    }
    // Either line alone tells of the old encryption.
    for line in ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00"] {
        let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
        let refused = SigningKey::import(&pem, None, None).unwrap_err();
        assert_eq!(refused, Error::Key("the key is encrypted: decrypt it first"), "{line}");
    }
}

/// 65537 to this power, big-endian.
fn power_of_65537(exponent: usize) -> Vec<u8> {
    (0..exponent).fold(vec![1], |number: Vec<u8>, _| {
        // n * 65537 is n * 65536 + n.
        let (high, low) = ([&number[..], &[0, 0]].concat(), [&[0, 0], &number[..]].concat());
        let (mut sum, mut carry) = (Vec::new(), 0_u16);
        for (a, b) in high.iter().zip(&low).rev() {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            sum.push(digit.to_le_bytes()[0]);
            carry = digit >> 8;
        }
        sum.push(carry.to_le_bytes()[0]);
        sum.into_iter().rev().skip_while(|byte| *byte == 0).collect()
    })
}

#[test]
fn a_modulus_of_the_broken_generator_is_refused() {
    let modulus = |n: &[u8]| json!({"kty": "RSA", "alg": "RS256", "n": base64url::encode(n), "e": "AQAB"}).to_string();
    let marked = power_of_65537(129);
    let refused = Error::Key("RSA key of the broken generator of CVE-2017-15361");
    assert_eq!(Jwk::parse(&modulus(&marked)).unwrap_err(), refused);
    for place in [1, 2] {
        // No longer a power of 65537 modulo 11, whose powers are 1 and 10.
        let mut sound = marked.clone();
        *sound.iter_mut().nth_back(place - 1).unwrap() ^= 4;
        assert!(Jwk::parse(&modulus(&sound)).is_ok(), "byte {place} from the end");
    }
}

#[test]
fn trailing_bytes_after_a_key_are_refused() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let mut der = key(algorithm, "k").to_pkcs8_der().unwrap().to_vec();
        der.push(0);
        assert!(SigningKey::from_pkcs8_der(&der, algorithm, None).is_err(), "{algorithm}");
    }
}

const ED25519_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const P256_JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// `jwk` with one member set, or taken out by null.
fn with(jwk: &str, name: &str, value: Value) -> String {
    let mut members: Value = serde_json::from_str(jwk).unwrap();
    if value.is_null() {
        members.as_object_mut().unwrap().remove(name);
    } else {
        members[name] = value;
    }
    members.to_string()
}

#[test]
fn a_jwk_goes_by_the_name_that_is_given_then_its_own() {
    let named = with(ED25519_JWK, "kid", json!("mine"));

    assert_eq!(SigningKey::from_jwk(&named, None).unwrap().kid(), "mine");
    assert_eq!(SigningKey::from_jwk(&named, Some("given")).unwrap().kid(), "given");
    assert!(SigningKey::from_jwk(&with(ED25519_JWK, "kid", json!("a b")), None).is_err());
    assert!(SigningKey::from_jwk(&with(ED25519_JWK, "kid", json!("x".repeat(129))), None).is_err());
}

#[test]
fn both_names_of_ed25519_mean_the_one_algorithm() {
    for alg in [json!("EdDSA"), json!("Ed25519"), Value::Null] {
        let key = SigningKey::from_jwk(&with(ED25519_JWK, "alg", alg), None).unwrap();
        assert_eq!(key.algorithm(), Algorithm::EdDSA);
        works(&key);
    }
}

#[test]
fn a_jwk_whose_parts_do_not_belong_together_is_refused() {
    // The public part of another key.
    let x = json!(base64url::encode([9; 32]));
    assert!(matches!(SigningKey::from_jwk(&with(ED25519_JWK, "x", x), None), Err(Error::Key(_))));
    let other: Value = serde_json::from_str(&key(Algorithm::ES256, "k").public_jwk().unwrap().to_json()).unwrap();
    let foreign = with(&with(P256_JWK, "x", other["x"].clone()), "y", other["y"].clone());
    assert!(Jwk::parse(&with(&foreign, "d", Value::Null)).and_then(VerifyingKey::new).is_ok(), "the point is sound");
    assert!(matches!(SigningKey::from_jwk(&foreign, None), Err(Error::Key(_))));
}

#[test]
fn a_jwk_that_lists_its_operations_must_list_the_one_that_is_wanted() {
    let public = with(ED25519_JWK, "d", Value::Null);
    for (operations, verifies, signs) in [
        (json!(["verify"]), true, false),
        (json!(["sign"]), false, true),
        (json!(["encrypt", "sign", "verify"]), true, true),
        (json!(["deriveKey"]), false, false),
        (json!([]), false, false),
        (json!("verify"), false, false),
    ] {
        assert_eq!(Jwk::parse(&with(&public, "key_ops", operations.clone())).is_ok(), verifies, "{operations}");
        assert_eq!(
            SigningKey::from_jwk(&with(ED25519_JWK, "key_ops", operations.clone()), None).is_ok(),
            signs,
            "{operations}"
        );
    }
}

#[test]
fn an_rsa_jwk_is_the_key_of_its_pem_and_needs_each_of_its_numbers() {
    let jwk = include_str!("jwk/rsa2048.json");
    let key = SigningKey::from_jwk(jwk, None).unwrap();
    works(&key);
    assert_eq!(key.kid(), SigningKey::import(RSA_PEM, None, None).unwrap().kid());

    for name in ["alg", "n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        for value in [Value::Null, json!(""), json!("AQAB="), json!(base64url::encode([3; 128]))] {
            assert!(matches!(SigningKey::from_jwk(&with(jwk, name, value), None), Err(Error::Key(_))), "{name}");
        }
    }
    assert!(matches!(SigningKey::from_jwk(&with(jwk, "oth", json!([])), None), Err(Error::Key(_))), "a third prime");
}

#[test]
fn each_thing_wrong_with_a_private_jwk_is_enough() {
    works(&SigningKey::from_jwk(P256_JWK, None).unwrap());
    for (name, value, why) in [
        ("d", Value::Null, "no private part"),
        ("d", json!(""), "empty"),
        ("d", json!(7), "a number"),
        ("d", json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9L"), "short"),
        ("d", json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LJ"), "spare bits"),
        ("d", json!("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"), "the order of the group"),
        ("x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "not on the curve"),
        ("y", Value::Null, "half a point"),
        ("crv", json!("P-384"), "another curve"),
        ("crv", json!("secp256k1"), "another curve"),
        ("kty", json!("RSA"), "another kind"),
        ("kty", Value::Null, "no kind"),
        ("alg", json!("ES384"), "not the key's algorithm"),
        ("alg", json!("es256"), "names have case"),
        ("alg", json!("HS256"), "a pair is no HMAC secret"),
        ("use", json!("enc"), "for encryption"),
        ("use", json!(["sig"]), "mistyped"),
        ("key_ops", json!(["verify"]), "not for signing"),
        ("key_ops", json!("sign"), "mistyped"),
    ] {
        assert!(
            matches!(SigningKey::from_jwk(&with(P256_JWK, name, value), None), Err(Error::Key(_))),
            "{name}: {why}"
        );
    }
    assert!(matches!(SigningKey::from_jwk("{\"kty\":\"EC\",\"kty\":\"EC\"}", None), Err(Error::Json(_))));
    assert!(SigningKey::import(P256_JWK, Some(Algorithm::EdDSA), None).is_err());
}

#[test]
fn symmetric_keys_are_long_named_and_say_what_they_are_for() {
    let jwk = |k: &[u8], kid: Value, alg: Value| {
        json!({"kty": "oct", "k": base64url::encode(k), "kid": kid, "alg": alg}).to_string()
    };

    works(&SigningKey::from_jwk(&jwk(&[1; 32], json!("k"), json!("HS256")), None).unwrap());
    works(&SigningKey::from_jwk(&jwk(&[1; 64], json!("k"), json!("HS256")), None).unwrap());
    for (text, why) in [
        (jwk(&[1; 31], json!("k"), json!("HS256")), "short"),
        (jwk(b"", json!("k"), json!("HS256")), "empty"),
        (jwk(&[1; 32], json!("k"), json!("HS512")), "not offered"),
        (jwk(&[1; 32], json!("k"), json!("A256GCM")), "for encryption"),
        (with(&jwk(&[1; 32], json!("k"), json!("HS256")), "alg", Value::Null), "no algorithm"),
        (with(&jwk(&[1; 32], json!("k"), json!("HS256")), "kid", Value::Null), "no name"),
    ] {
        assert!(matches!(SigningKey::from_jwk(&text, None), Err(Error::Key(_))), "{why}");
    }
    assert!(VerifyingKey::hs256(&[0; 31], "k").is_err());
    assert!(SigningKey::generate(Algorithm::HS256, None, |bytes| bytes.fill(1)).is_err());
}

#[test]
fn a_public_jwk_of_a_small_order_point_is_refused() {
    let tail = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    for point in [tail(0, 0, 0), tail(1, 0, 0), tail(1, 0, 0x80), tail(0xec, 0xff, 0x7f), tail(0xee, 0xff, 0xff)] {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(point)}).to_string();
        assert!(matches!(VerifyingKey::from_jwk(&jwk), Err(Error::Key(_))), "{point:?}");
    }
}

#[test]
fn a_public_rsa_jwk_must_be_sound() {
    let good = with(&key(Algorithm::RS256, "k").public_jwk().unwrap().to_json(), "use", Value::Null);
    let n = base64url::decode(serde_json::from_str::<Value>(&good).unwrap()["n"].as_str().unwrap()).unwrap();
    let padded: Vec<u8> = [0].iter().chain(&n).copied().collect();
    let even: Vec<u8> = n.iter().take(255).chain(&[2]).copied().collect();
    VerifyingKey::from_jwk(&good).unwrap();
    let short = with(&good, "n", json!(base64url::encode(&n[1..])));
    assert_eq!(Jwk::parse(&short).unwrap_err(), Error::Key("RSA keys have at least 2048 bits"));

    for (name, value, why) in [
        ("alg", Value::Null, "RS256 or PS256 must be said"),
        ("alg", json!("RS512"), "not offered"),
        ("alg", json!("RSA1_5"), "for encryption"),
        ("n", json!(base64url::encode(&n[1..])), "too short"),
        ("n", json!(base64url::encode(padded)), "a leading zero"),
        ("n", json!(base64url::encode(even)), "even"),
        ("n", json!(base64url::encode([0xff; 513])), "too long"),
        ("e", json!("AQ"), "one"),
        ("e", json!("Ag"), "even"),
        ("e", json!("AAEAAQ"), "a leading zero"),
        ("e", json!(base64url::encode([0xff; 5])), "longer than 32 bits"),
        ("e", json!(""), "empty"),
    ] {
        assert!(matches!(Jwk::parse(&with(&good, name, value)), Err(Error::Key(_))), "{name}: {why}");
    }
}

#[test]
fn debug_output_shows_no_secret() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm, "k");
        assert_eq!(format!("{key:?}"), format!("SigningKey({algorithm} k [redacted])"));
        assert_eq!(format!("{:?}", key.verifying_key()), format!("VerifyingKey({algorithm} k)"));
    }
}
