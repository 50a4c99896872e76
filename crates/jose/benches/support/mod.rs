//! The token that both benchmarks sign and verify: an access token of the product's shape.

use countersign_jose::{Algorithm, KeySet, Rules, SigningKey};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://auth.example.com";

/// A key, what verifies it, claims, and the token of the two.
pub struct Scene {
    pub key: SigningKey,
    pub keys: KeySet,
    pub claims: Value,
    pub token: String,
}

/// The scene of an algorithm. Its key set holds three keys, and the one that signed stands last.
pub fn scene(algorithm: Algorithm) -> Scene {
    let make = |algorithm: Algorithm, kid, byte| {
        if algorithm.is_rsa() {
            SigningKey::from_pem(include_str!("../../tests/it/pem/rsa2048.pem"), Some(algorithm), Some(kid)).unwrap()
        } else {
            SigningKey::generate(algorithm, Some(kid), |bytes| bytes.fill(byte)).unwrap()
        }
    };
    let key = make(algorithm, "key_01j9zq8x5t3v7w2k4m6n8p0r1s", 7);
    let others = ["key_01j9zq8x5t3v7w2k4m6n8p0r1a", "key_01j9zq8x5t3v7w2k4m6n8p0r1b"];
    let mut set = others.map(|kid| make(Algorithm::EdDSA, kid, 8).verifying_key()).to_vec();
    set.push(key.verifying_key());
    let claims = json!({"iss": ISSUER, "aud": ISSUER, "sub": "usr_01j9zq8x5t3v7w2k4m6n8p0r1s",
        "exp": NOW + 900, "iat": NOW, "jti": "tok_01j9zq8x5t3v7w2k4m6n8p0r1s", "sid": "ses_01j9zq8x5t3v7w2k4m6n8p0r1s",
        "ver": 1, "did": "dev_01j9zq8x5t3v7w2k4m6n8p0r1s", "email": "ada@example.com", "roles": ["user"],
        "auth_time": NOW, "amr": ["pwd"], "acr": "1"});
    let token = key.sign("at+jwt", &claims).unwrap();
    Scene { key, keys: KeySet::new(set).unwrap(), claims, token }
}

/// What is demanded of the token.
pub fn rules() -> Rules<'static> {
    Rules { typ: "at+jwt", issuer: ISSUER, audience: ISSUER, now: NOW + 1, leeway: 30 }
}
