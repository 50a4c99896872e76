//! Every bad token in one line, and how a token is signed.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jose::testing::TestToken;
use countersign_kernel::{Env, TokenId};
use countersign_keys::Keyring;
use serde_json::Value;

/// A token that begins as a good one of these claims, made now and signed by the active key.
#[expect(clippy::panic, reason = "a test harness fails its test")]
pub(crate) fn token(keyring: &Keyring, claims: Value, env: &Env) -> TestToken {
    let Value::Object(claims) = claims else { panic!("the actor has no access token to begin from") };
    TestToken::new(keyring.signer(), claims, env.now().as_seconds()).claim("jti", TokenId::new(env).to_string())
}

/// Whether `token` carries an HMAC under this secret, with any of the three hashes of RFC 7518 section 3.2.
#[must_use]
pub fn is_hmac_of(token: &str, secret: &[u8]) -> bool {
    let Some((input, signature)) = token.rsplit_once('.') else { return false };
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let made = |algorithm| hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes());
    [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512].into_iter().any(|a| made(a).as_ref() == signature)
}
