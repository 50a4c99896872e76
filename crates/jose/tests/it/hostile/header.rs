//! Headers that want to choose the algorithm, bring a key, or change what is signed.

use aws_lc_rs::hmac;
use countersign_jose::{Error, KeySet, VerifyingKey, base64url, verify};

use super::{is_claims, is_header, outcome};
use crate::support::{KEYS, KID, SIGNER, mint, payload, rules};

/// The good header with one more member.
fn with(member: &str) -> String {
    format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"key_1",{member}}}"#)
}

/// A header that differs in `alg` only, and its token: unsigned, and signed by the honest key.
fn with_alg(alg: &str) -> [String; 2] {
    let header = format!(r#"{{"typ":"at+jwt","alg":{alg},"kid":"key_1"}}"#);
    let unsigned = format!("{}.{}.", base64url::encode(&header), base64url::encode(payload()));
    [unsigned, mint(&header, payload())]
}

// attack 1
// bug S5
#[test]
fn no_spelling_of_none_is_an_algorithm() {
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "noNe",
        "NonE",
        "nonE",
        "NOne",
        " none",
        "none ",
        "none\\n",
        "none\\u0000",
        "\\u006eone",
        "n\\u006fne",
        "no",
        "",
        "null",
    ] {
        for token in with_alg(&format!("\"{name}\"")) {
            assert_eq!(outcome(&token), Err(Error::Algorithm), "{name}");
        }
    }
    for other in ["null", "0", "true", "[]", r#"["none"]"#, r#"["EdDSA"]"#, r#"{"alg":"EdDSA"}"#] {
        for token in with_alg(other) {
            assert!(is_header(outcome(&token)), "{other}");
        }
    }
    assert_eq!(outcome(&mint(r#"{"typ":"at+jwt","kid":"key_1"}"#, payload())), Err(Error::Header("no alg")));
}

/// `payload` under an HMAC with `secret`, claiming to be signed with the honest key.
fn forged_mac(algorithm: hmac::Algorithm, alg: &str, secret: &[u8]) -> String {
    let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"key_1"}}"#);
    let signed = format!("{}.{}", base64url::encode(header), base64url::encode(payload()));
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
    format!("{signed}.{}", base64url::encode(tag))
}

// attack 2
#[test]
fn a_public_key_is_no_hmac_secret() {
    let jwk = SIGNER.public_jwk().unwrap().to_json();
    let x = serde_json::from_str::<serde_json::Value>(&jwk).unwrap()["x"].as_str().unwrap().to_owned();
    let point = base64url::decode(&x).unwrap();
    // SubjectPublicKeyInfo of RFC 8410, and its text.
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], point.as_slice()].concat();
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{}=\n-----END PUBLIC KEY-----\n", x.replace('-', "+"));

    for secret in [jwk.as_bytes(), x.as_bytes(), &point, &der, pem.as_bytes(), pem.trim().as_bytes()] {
        for (algorithm, alg) in
            [(hmac::HMAC_SHA256, "HS256"), (hmac::HMAC_SHA384, "HS384"), (hmac::HMAC_SHA512, "HS512")]
        {
            assert_eq!(outcome(&forged_mac(algorithm, alg, secret)), Err(Error::Algorithm));
        }
        // And where the header tells the truth about the key, the MAC is no signature.
        assert_eq!(outcome(&forged_mac(hmac::HMAC_SHA512, "EdDSA", secret)), Err(Error::Signature));
    }
}

// attack 3
#[test]
fn secrets_from_tutorials_sign_nothing_and_make_no_key() {
    for secret in ["", "secret", "your-256-bit-secret", "your-secret-key", "jwt_secret", "changeme", "supersecret"] {
        assert_eq!(outcome(&forged_mac(hmac::HMAC_SHA256, "HS256", secret.as_bytes())), Err(Error::Algorithm));
        assert!(VerifyingKey::hs256(secret.as_bytes(), KID).is_err());
    }
}

// attack 4, 29
#[test]
fn a_kid_is_a_name_and_nothing_else() {
    let long = "A".repeat(3 * 1024);
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "key_1/../key_1",
        "key_1\\u0000",
        "\\u0000key_1",
        "key_1 ",
        "KEY_1",
        "' UNION SELECT 'secret' --",
        "'; DROP TABLE signing_key; --",
        "$(id)",
        "| id",
        "`id`",
        "http://169.254.169.254/",
        "${jndi:ldap://x/a}",
        "key_1\\r\\nX: y",
        "",
        "key_2",
        "%6bey_1",
        "key_1,key_1",
    ] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#);
        assert_eq!(outcome(&mint(header, payload())), Err(Error::UnknownKey), "{kid}");
    }
    for kid in ["null", "1", "true", r#"["key_1"]"#, r#"{"kid":"key_1"}"#, &format!("\"{long}\"")] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":{kid}}}"#);
        assert!(is_header(outcome(&mint(header, payload()))), "{kid}");
    }
    assert_eq!(outcome(&mint(r#"{"typ":"at+jwt","alg":"EdDSA"}"#, payload())), Err(Error::UnknownKey));
}

// attack 5, 6, 7, 8, 9, 10
#[test]
fn members_that_bring_a_key_or_change_what_is_signed_are_refused_though_the_signature_is_good() {
    let jwk = SIGNER.public_jwk().unwrap().to_json();
    assert_eq!(outcome(&mint(with(r#""x":1"#), payload())), Ok(()), "the member is what is refused below");
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jwk":{"kty":"oct","k":"c2VjcmV0"}"#.into(),
        r#""jwk":null"#.into(),
        r#""x5c":["MIIB"]"#.into(),
        r#""jku":"https://attacker.example/jwks.json""#.into(),
        r#""jku":"https://issuer.example/.well-known/jwks.json""#.into(),
        r#""x5u":"https://attacker.example/x.pem""#.into(),
        r#""crit":[]"#.into(),
        r#""crit":["exp"],"exp":1"#.into(),
        r#""crit":["x"],"x":1"#.into(),
        r#""crit":["b64"],"b64":true"#.into(),
        r#""crit":"exp""#.into(),
        r#""crit":null"#.into(),
        r#""crit":{}"#.into(),
        r#""b64":false"#.into(),
        r#""b64":true"#.into(),
        r#""zip":"DEF""#.into(),
        r#""cty":"JWT""#.into(),
        r#""cty":"jwt""#.into(),
        r#""enc":"A256GCM""#.into(),
        r#""p2c":2147483648,"p2s":"AAAA""#.into(),
        r#""epk":{"kty":"EC"}"#.into(),
        r#""cr\u0069t":[]"#.into(),
    ] {
        assert!(is_header(outcome(&mint(with(&member), payload()))), "{member}");
    }
}

// attack 6
#[test]
fn a_key_that_the_header_brings_does_not_verify_its_own_forgery() {
    let mallory = crate::support::key(countersign_jose::Algorithm::ES256, KID);
    let jwk = mallory.public_jwk().unwrap().to_json();
    let claims: serde_json::Value = serde_json::from_str(&payload()).unwrap();

    assert_eq!(outcome(&mallory.sign("at+jwt", &claims).unwrap()), Err(Error::Algorithm));
    let header = format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","jwk":{jwk}}}"#);
    assert!(is_header(outcome(&mint(header, payload()))));
}

// attack 8
#[test]
fn an_unencoded_payload_is_refused() {
    let header = base64url::encode(with(r#""b64":false,"crit":["b64"]"#));
    assert!(is_header(outcome(&crate::support::sign_raw(&format!("{header}.$plain")))));

    let plain = base64url::encode(crate::support::HEADER);
    assert!(super::is_malformed(outcome(&crate::support::sign_raw(&format!("{plain}.$plain")))));
}

// attack 13
#[test]
fn a_header_member_that_stands_twice_is_refused() {
    for header in [
        r#"{"typ":"at+jwt","alg":"EdDSA","alg":"EdDSA","kid":"key_1"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"EdDSA","kid":"key_1"}"#,
        r#"{"typ":"at+jwt","\u0061lg":"none","alg":"EdDSA","kid":"key_1"}"#,
        r#"{"typ":"JWT","typ":"at+jwt","alg":"EdDSA","kid":"key_1"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","kid":"key_1"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","x":1,"x":1}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","x":{"y":1,"y":1}}"#,
    ] {
        assert_eq!(outcome(&mint(header, payload())), Err(Error::Header("a member stands twice")), "{header}");
    }
}

// attack 19, 22
// bug S8
#[test]
fn another_kind_of_token_is_not_taken_for_this_one() {
    for typ in ["JWT", "jwt", "refresh+jwt", "id+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "at", "at+jwt2", ""] {
        let header = format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"key_1"}}"#);
        assert_eq!(outcome(&mint(header, payload())), Err(Error::Type), "{typ}");
    }
    assert_eq!(outcome(&mint(r#"{"alg":"EdDSA","kid":"key_1"}"#, payload())), Err(Error::Type));
    for typ in ["null", "1", r#"["at+jwt"]"#] {
        let header = format!(r#"{{"typ":{typ},"alg":"EdDSA","kid":"key_1"}}"#);
        assert!(is_header(outcome(&mint(header, payload()))), "{typ}");
    }
}

// attack 28
#[test]
fn the_right_key_under_another_algorithm_is_refused() {
    for alg in ["eddsa", "EDDSA", "Ed25519", "Ed448", "ES256", "ES384", "RS256", "RS512", "PS256", "HS256", "EdDSA "] {
        for token in with_alg(&format!("\"{alg}\"")) {
            assert_eq!(outcome(&token), Err(Error::Algorithm), "{alg}");
        }
    }
    // One RSA key signs under the other padding's name.
    let rsa = |algorithm| crate::support::key(algorithm, KID);
    let (rs256, ps256) = (rsa(countersign_jose::Algorithm::RS256), rsa(countersign_jose::Algorithm::PS256));
    let keys = KeySet::new(vec![rs256.verifying_key()]).unwrap();
    let claims: serde_json::Value = serde_json::from_str(&payload()).unwrap();
    assert!(verify(&rs256.sign("at+jwt", &claims).unwrap(), &keys, &rules()).is_ok());
    let foreign = ps256.sign("at+jwt", &claims).unwrap();
    assert_eq!(verify(&foreign, &keys, &rules()).map(drop), Err(Error::Algorithm));
    let relabelled = foreign.replacen(
        &base64url::encode(r#"{"typ":"at+jwt","alg":"PS256","kid":"key_1"}"#),
        &base64url::encode(r#"{"typ":"at+jwt","alg":"RS256","kid":"key_1"}"#),
        1,
    );
    assert_ne!(relabelled, foreign);
    assert_eq!(verify(&relabelled, &keys, &rules()).map(drop), Err(Error::Signature));
}

// attack 32
#[test]
fn text_that_is_not_plain_utf_8_is_refused() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let broken = |text: &str| text.replace("key_1", "\u{1}").into_bytes();
    for header in [
        utf16(crate::support::HEADER),
        format!("\u{feff}{}", crate::support::HEADER).into_bytes(),
        broken(crate::support::HEADER),
        [br#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","x":""#.as_slice(), b"\xff\"}"].concat(),
        [br#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","x":""#.as_slice(), b"\xc0\xaf\"}"].concat(),
        with(r#""x":"\ud800""#).into_bytes(),
        with(r#""\udc00":1"#).into_bytes(),
    ] {
        assert!(is_header(outcome(&mint(&header, payload()))), "{header:?}");
    }
    for claims in [
        utf16(&payload()),
        format!("\u{feff}{}", payload()).into_bytes(),
        [payload().trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat(),
        [payload().trim_end_matches('}').as_bytes(), b",\"x\":\"\xed\xa0\x80\"}"].concat(),
        [payload().trim_end_matches('}').as_bytes(), br#","x":"\ud800"}"#].concat(),
    ] {
        assert!(is_claims(outcome(&mint(crate::support::HEADER, &claims))), "{claims:?}");
    }
    assert!(verify(&mint(crate::support::HEADER, payload()), &KEYS, &rules()).is_ok());
}
