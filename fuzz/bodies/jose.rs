//! What is asked of the JOSE parsers on any input. The fuzz targets and the test that replays the corpus both run these.

use std::sync::LazyLock;

use countersign_jose::{Algorithm, Error, Jwk, KeySet, Rules, SigningKey, VerifyingKey, base64url, json};

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let key = |algorithm: Algorithm| {
        SigningKey::generate(algorithm, Some(algorithm.name()), |bytes| bytes.fill(7))
            .expect("a fixed key")
            .verifying_key()
    };
    KeySet::new([Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256].map(key).into()).expect("three names")
});

const RULES: Rules<'static> =
    Rules { typ: "at+jwt", issuer: "https://i.example", audience: "https://a.example", now: 1_800_000_000, leeway: 30 };

/// A token, as it comes in a request: whatever it is, an answer; where it is believed, its parts are in their one spelling.
pub(crate) fn jws_verify(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else { return };
    let verified = countersign_jose::verify(token, &KEYS, &RULES);
    let payload = countersign_jose::verify_jws(token, &KEYS, None);
    match verified {
        Ok(verified) => {
            let payload = payload.expect("a JWT is a JWS");
            assert_eq!(verified.json.as_bytes(), payload);
            assert!(token.contains(&base64url::encode(&payload)));
            assert!(json::object(&payload).is_ok(), "claims are strict JSON");
        }
        Err(Error::Expired) => assert!(payload.is_ok(), "expiry is told of authentic tokens only"),
        Err(_) => {}
    }

    // The claims of a token are parsed once its signature is good: reach them without one.
    if let Ok(claims) = countersign_jose::Claims::parse(data) {
        let text = serde_json::to_vec(&claims).expect("claims are JSON");
        let again = countersign_jose::Claims::parse(&text).expect("what we write we read");
        assert_eq!(again, claims);
        let _ = RULES.judge(&claims);
    }
}

/// A key or a set of them, as an operator or an issuer gives it.
pub(crate) fn jwk_parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(jwk) = Jwk::parse(text) {
        assert_eq!(Jwk::parse(&jwk.to_json()).as_ref(), Ok(&jwk), "what we write we read");
        let thumbprint = jwk.thumbprint();
        if let Ok(key) = VerifyingKey::new(jwk) {
            assert_eq!(key.jwk().map(Jwk::thumbprint), Some(thumbprint));
            assert!(key.verify_signature(b"message", &[0; 64]).is_err());
        }
    }
    if let Ok(set) = KeySet::from_jwks(text) {
        let again = KeySet::from_jwks(&set.to_jwks_json()).expect("what we write we read");
        assert_eq!(again.len(), set.len());
    }
    if let Ok(key) = SigningKey::import(text, None, Some("k")) {
        let bytes = key.private_bytes().expect("what is read can be kept");
        let again = SigningKey::from_private_bytes(&bytes, key.algorithm(), Some("k")).expect("and read again");
        assert_eq!(again.public_jwk(), key.public_jwk());
    }
}

/// Base64url and JSON by themselves, against what they promise.
pub(crate) fn base64url_json(data: &[u8]) {
    let spelling = base64url::encode(data);
    assert_eq!(base64url::decode(&spelling).as_deref(), Ok(data));
    if let Ok(bytes) = base64url::decode(data) {
        assert_eq!(base64url::encode(bytes).as_bytes(), data, "one spelling");
    }

    if let Ok(value) = json::value(data) {
        let lenient: serde_json::Value = serde_json::from_slice(data).expect("strict JSON is JSON");
        assert_eq!(value, lenient, "and means the same");
        let text = serde_json::to_vec(&value).expect("a value is JSON");
        assert_eq!(json::value(&text), Ok(value));
    }
}
