//! Every token in one line, the bad ones too, for the tests of whoever signs or verifies.
//!
//! Behind the feature `testing`, which belongs among `dev-dependencies` and harnesses: what is made here is wrong on purpose.

mod person;

use std::mem::take;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use serde_json::{Map, Value, json};

use crate::alg::Algorithm;
use crate::base64url;
use crate::jwk::Jwk;
use crate::sign::{Pair, SigningKey};

/// A token that begins as a good access token, and is bent from there.
///
/// Each call is one thing: `token.role("manager").expired().mint()`.
#[derive(Debug, Clone)]
#[must_use]
pub struct TestToken {
    key: Arc<SigningKey>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<String>,
    raw_claims: Option<String>,
    signature: Signature,
    now: i64,
}

#[derive(Debug, Clone)]
enum Signature {
    Good,
    Flipped,
    Empty,
    Dropped,
    Foreign,
    Hmac(Vec<u8>),
}

impl TestToken {
    /// An access token of these claims, made at `now` (seconds) for 15 minutes and signed by `key`.
    pub fn new(key: Arc<SigningKey>, claims: Map<String, Value>, now: i64) -> Self {
        let (header, raw_header, raw_claims, signature) = (Map::new(), None, None, Signature::Good);
        let (alg, kid) = (key.algorithm().to_string(), key.kid().to_owned());
        let token = Self { key, header, claims, raw_header, raw_claims, signature, now };
        token.header("typ", "at+jwt").header("alg", alg).header("kid", kid).claim("iat", now).claim("exp", now + 900)
    }

    // What is wrong with its claims.

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Expired a minute ago.
    pub fn expired(self) -> Self {
        let now = self.now;
        self.claim("iat", now - 960).claim("exp", now - 60)
    }

    /// Valid from ten minutes on.
    pub fn not_yet_valid(self) -> Self {
        let now = self.now;
        self.claim("nbf", now + 600)
    }

    /// Made ten minutes from now.
    pub fn dated_in_the_future(self) -> Self {
        let now = self.now;
        self.claim("iat", now + 600).claim("exp", now + 1_500)
    }

    /// For somebody else.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// From somebody else.
    pub fn issuer(self, issuer: &str) -> Self {
        self.claim("iss", issuer)
    }

    /// With a number of a lawful value in another form: `exp` as text.
    pub fn text_for_exp(self) -> Self {
        let now = self.now;
        self.claim("exp", (now + 900).to_string())
    }

    /// With an `exp` that no integer holds.
    pub fn endless(self) -> Self {
        self.claim("exp", 1e300)
    }

    /// With `sub` twice: once another's, once the person's.
    pub fn duplicate_sub(mut self) -> Self {
        let claims = Value::Object(self.claims.clone()).to_string();
        let rest = claims.strip_prefix('{').unwrap_or_default();
        self.raw_claims = Some(format!(r#"{{"sub":"usr_7zzzzzzzzzzzzzzzzzzzzzzzzz",{rest}"#));
        self
    }

    /// More than 8 KiB long.
    pub fn oversize(self) -> Self {
        self.claim("padding", "x".repeat(9_000))
    }

    /// With this text as its claims, whatever it is.
    pub fn raw_claims(mut self, text: &str) -> Self {
        self.raw_claims = Some(text.to_owned());
        self
    }

    // What is wrong with its header.

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a member of the header out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Of another kind: `typ` says so.
    pub fn typ(self, typ: &str) -> Self {
        self.header("typ", typ)
    }

    /// Under a key that nobody has.
    pub fn kid_unknown(self) -> Self {
        self.header("kid", "key_7zzzzzzzzzzzzzzzzzzzzzzzzz")
    }

    /// With a critical extension that nobody knows.
    pub fn critical(self) -> Self {
        self.header("crit", json!(["https://example.com/ext"])).header("https://example.com/ext", true)
    }

    /// With this text as its header, whatever it is.
    pub fn raw_header(mut self, text: &str) -> Self {
        self.raw_header = Some(text.to_owned());
        self
    }

    // What is wrong with its signature.

    /// Unsigned, and honest about it: `alg: none`.
    pub fn alg_none(self) -> Self {
        self.header("alg", "none").unsigned()
    }

    /// Signed with HMAC, keyed by the public key that everybody has, as the JWK says it.
    pub fn hmac_with_public_jwk(self) -> Self {
        let jwk = self.key.public_jwk().map(Jwk::to_json).unwrap_or_default();
        self.header("alg", "HS256").signed_by_hmac(jwk.as_bytes())
    }

    /// Signed with HMAC, keyed by the bytes of the public key that everybody has.
    pub fn hmac_with_public_key(self) -> Self {
        let bytes = match &self.key.pair {
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Pair::P256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Mac { .. } => Vec::new(),
        };
        self.header("alg", "HS256").signed_by_hmac(&bytes)
    }

    /// Signed with HMAC-SHA-256 under this secret; `alg` stays what it is.
    pub fn signed_by_hmac(self, secret: &[u8]) -> Self {
        self.signed(Signature::Hmac(secret.to_vec()))
    }

    /// Signed by a key of the forger's own, under the name of the issuer's.
    pub fn foreign_key(self) -> Self {
        self.signed(Signature::Foreign)
    }

    /// Signed by a key of the forger's own, which the header brings along.
    pub fn embedded_key(self) -> Self {
        let forgers = forgers_key(self.key.algorithm());
        self.foreign_key().header("jwk", json!(forgers.public_jwk()))
    }

    /// Well signed, by a key that the header brings along.
    pub fn embedded_issuers_key(self) -> Self {
        let jwk = json!(self.key.public_jwk());
        self.header("jwk", jwk)
    }

    /// With one bit of the signature flipped.
    pub fn tampered(self) -> Self {
        self.signed(Signature::Flipped)
    }

    /// With an empty signature under an honest header.
    pub fn unsigned(self) -> Self {
        self.signed(Signature::Empty)
    }

    /// With two parts instead of three.
    pub fn two_parts(self) -> Self {
        self.signed(Signature::Dropped)
    }

    fn signed(mut self, signature: Signature) -> Self {
        self.signature = signature;
        self
    }

    /// The token.
    #[must_use]
    pub fn mint(mut self) -> String {
        let text = |raw: Option<String>, members| raw.unwrap_or_else(|| Value::Object(members).to_string());
        let header = text(self.raw_header.take(), take(&mut self.header));
        let claims = text(self.raw_claims.take(), take(&mut self.claims));
        let signed = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
        let signature = match &self.signature {
            Signature::Dropped => return signed,
            Signature::Empty => Vec::new(),
            Signature::Good => signature(&self.key, &signed),
            Signature::Flipped => {
                let mut signature = signature(&self.key, &signed);
                signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                signature
            }
            Signature::Foreign => signature(&forgers_key(self.key.algorithm()), &signed),
            Signature::Hmac(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{signed}.{}", base64url::encode(signature))
    }
}

#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn signature(key: &SigningKey, signed: &str) -> Vec<u8> {
    let mut token = signed.to_owned();
    key.append_signature(&mut token).expect("a key signs");
    let (_, signature) = token.rsplit_once('.').expect("a dot stands before a signature");
    base64url::decode(signature).expect("a signature is base64url")
}

/// A key that the forger made: of the issuer's algorithm, and never the issuer's.
#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn forgers_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm, Some("forger"), |bytes| bytes.fill(0x66)).expect("a key is made")
}
