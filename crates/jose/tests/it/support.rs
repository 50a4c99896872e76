//! Known keys, a steady clock, and a mint that signs whatever it is told to.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use countersign_jose::{Algorithm, KeySet, Rules, SigningKey, base64url};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const KID: &str = "key_1";
pub(crate) const HEADER: &str = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1"}"#;

const SEED: [u8; 32] = [7; 32];

pub(crate) static RSA_PEM: &str = include_str!("pem/rsa2048.pem");

/// The honest signer.
pub(crate) static SIGNER: LazyLock<SigningKey> = LazyLock::new(|| key(Algorithm::EdDSA, KID));

/// What the verifier believes: the honest signer alone.
pub(crate) static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::new(vec![SIGNER.verifying_key()]).unwrap());

static RAW: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap());

/// The same key each time, for each algorithm.
pub(crate) fn key(algorithm: Algorithm, kid: &str) -> SigningKey {
    match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => SigningKey::from_pem(RSA_PEM, Some(algorithm), Some(kid)).unwrap(),
        _ => SigningKey::generate(algorithm, Some(kid), |bytes| bytes.fill(7)).unwrap(),
    }
}

pub(crate) fn rules() -> Rules<'static> {
    Rules { typ: "at+jwt", issuer: ISSUER, audience: AUDIENCE, now: NOW, leeway: 30 }
}

/// Good claims as JSON text.
pub(crate) fn payload() -> String {
    payload_with("", "")
}

/// Good claims with the member `name` replaced by (or gained as) `text`, verbatim; an empty `text` leaves it out.
pub(crate) fn payload_with(name: &str, text: &str) -> String {
    let (exp, iat) = ((NOW + 900).to_string(), NOW.to_string());
    let mut members = vec![
        ("iss", r#""https://issuer.example""#),
        ("aud", r#""https://api.example""#),
        ("sub", r#""usr_1""#),
        ("exp", &exp),
        ("iat", &iat),
        ("jti", r#""tok_1""#),
    ];
    members.retain(|(member, _)| *member != name);
    if !text.is_empty() {
        members.push((name, text));
    }
    let members: Vec<String> = members.iter().map(|(name, text)| format!(r#""{name}":{text}"#)).collect();
    format!("{{{}}}", members.join(","))
}

/// Any header and payload under a true signature of the honest key: a hostile issuer could do no more.
pub(crate) fn mint(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_raw(&format!("{}.{}", base64url::encode(header), base64url::encode(payload)))
}

/// A true signature of the honest key over any text.
pub(crate) fn sign_raw(signed: &str) -> String {
    format!("{signed}.{}", base64url::encode(RAW.sign(signed.as_bytes())))
}

/// A good token of the honest signer.
pub(crate) fn good_token() -> String {
    mint(HEADER, payload())
}

/// The three segments of a token.
pub(crate) fn segments(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}
