//! Every bad token in one line.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jose::{Algorithm, SigningKey};
use countersign_kernel::{Env, TokenId};
use countersign_keys::Keyring;
use serde_json::{Map, Value, json};

/// A token that begins as a good access token, signed by the active key (EdDSA or ES256), and is bent from there.
///
/// Each call is one fault: `app.mint(&ada).expired().mint()`.
#[derive(Debug, Clone)]
#[must_use]
pub struct TokenMint {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<String>,
    raw_claims: Option<String>,
    signature: Signature,
    private_key: Vec<u8>,
    public_key: String,
    algorithm: Algorithm,
    now: i64,
    foreign_key: [u8; 32],
}

#[derive(Debug, Clone)]
enum Signature {
    Good,
    Flipped,
    Empty,
    Dropped,
    Foreign,
    HmacWithPublicKey,
    Hmac(Vec<u8>),
}

impl TokenMint {
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub(crate) fn new(keyring: &Keyring, claims: Value, env: &Env) -> Self {
        let signer: &SigningKey = &keyring.signer();
        let Value::Object(mut claims) = claims else { panic_without_token() };
        let now = env.now().as_seconds();
        claims.insert("jti".to_owned(), TokenId::new(env).to_string().into());
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), (now + 900).into());
        let header = json!({"typ": "at+jwt", "alg": signer.algorithm().to_string(), "kid": signer.kid()});
        Self {
            header: header.as_object().cloned().unwrap_or_default(),
            claims,
            raw_header: None,
            raw_claims: None,
            signature: Signature::Good,
            private_key: signer.to_pkcs8_der().expect("an asymmetric key").to_vec(),
            public_key: signer.public_jwk().map(countersign_jose::Jwk::to_json).unwrap_or_default(),
            algorithm: signer.algorithm(),
            now,
            foreign_key: env.entropy().bytes(),
        }
    }

    // Claims.

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

    /// With `sub` twice: once the person's, once another's.
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

    // Header.

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

    // Signature.

    /// Unsigned, and honest about it: `alg: none`.
    pub fn alg_none(mut self) -> Self {
        self.signature = Signature::Empty;
        self.header("alg", "none")
    }

    /// Signed with HMAC, keyed by the public key that everybody has.
    pub fn hmac_with_public_key(mut self) -> Self {
        self.signature = Signature::HmacWithPublicKey;
        self.header("alg", "HS256")
    }

    /// Signed with HMAC-SHA-256 under this secret; `alg` stays what it is.
    pub fn signed_by_hmac(mut self, secret: &[u8]) -> Self {
        self.signature = Signature::Hmac(secret.to_vec());
        self
    }

    /// Signed by a key of the forger's own, under the name of ours.
    pub fn foreign_key(mut self) -> Self {
        self.signature = Signature::Foreign;
        self
    }

    /// Signed by a key of the forger's own, which the header brings along.
    pub fn embedded_key(self) -> Self {
        let jwk = self.public_key.clone();
        self.foreign_key().header("jwk", serde_json::from_str::<Value>(&jwk).unwrap_or(Value::Null))
    }

    /// With one bit of the signature flipped.
    pub fn tampered(mut self) -> Self {
        self.signature = Signature::Flipped;
        self
    }

    /// With an empty signature under an honest header.
    pub fn unsigned(mut self) -> Self {
        self.signature = Signature::Empty;
        self
    }

    /// With two parts instead of three.
    pub fn two_parts(mut self) -> Self {
        self.signature = Signature::Dropped;
        self
    }

    /// The token.
    ///
    /// # Panics
    /// The active key is neither EdDSA nor ES256.
    #[must_use]
    pub fn mint(self) -> String {
        let header = self.raw_header.clone().unwrap_or_else(|| Value::Object(self.header.clone()).to_string());
        let claims = self.raw_claims.clone().unwrap_or_else(|| Value::Object(self.claims.clone()).to_string());
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = match self.signature.clone() {
            Signature::Dropped => return input,
            Signature::Empty => Vec::new(),
            Signature::Good => self.sign(input.as_bytes()),
            Signature::Flipped => {
                let mut signature = self.sign(input.as_bytes());
                if let Some(byte) = signature.first_mut() {
                    *byte ^= 1;
                }
                signature
            }
            Signature::Foreign => foreign(&self.foreign_key, input.as_bytes()),
            Signature::Hmac(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes()).as_ref().to_vec()
            }
            Signature::HmacWithPublicKey => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.public_key.as_bytes());
                hmac::sign(&key, input.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[expect(clippy::expect_used, clippy::panic, reason = "a test harness fails its test")]
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self.algorithm {
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8(&self.private_key).expect("the exported key is one");
                pair.sign(message).as_ref().to_vec()
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.private_key);
                let pair = pair.expect("the exported key is one");
                pair.sign(&SystemRandom::new(), message).expect("signing works").as_ref().to_vec()
            }
            other => panic!("the mint signs with EdDSA and ES256, not {other}"),
        }
    }
}

#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn foreign(seed: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
    pair.sign(message).as_ref().to_vec()
}

/// Whether `token` carries an HMAC under this secret, with any of the three hashes of RFC 7518 section 3.2.
#[must_use]
pub fn is_hmac_of(token: &str, secret: &[u8]) -> bool {
    let Some((input, signature)) = token.rsplit_once('.') else { return false };
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let made = |algorithm| hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes());
    [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512].into_iter().any(|a| made(a).as_ref() == signature)
}

#[expect(clippy::panic, reason = "a test harness fails its test")]
fn panic_without_token() -> ! {
    panic!("the actor has no access token to begin from")
}
