//! Bends a live token, one thing at a time.

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// A live token, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) text: String,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) signature: Vec<u8>,
}

impl Live {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { anyhow::bail!("the access token is no JWT") };
        let object = |part: &str| -> Result<Map<String, Value>> { Ok(serde_json::from_slice(&decode(part)?)?) };
        Ok(Self {
            text: text.to_owned(),
            header: object(header).context("header")?,
            claims: object(claims).context("claims")?,
            signature: decode(signature)?,
        })
    }

    /// What is signed, as it stands in the token.
    pub(crate) fn input(&self) -> &str {
        self.text.rsplit_once('.').map_or("", |(input, _)| input)
    }

    /// The header with members set; null takes one out.
    pub(crate) fn header_with(&self, members: &Value) -> String {
        Value::Object(merged(&self.header, members)).to_string()
    }

    /// The claims with members set; null takes one out.
    pub(crate) fn claims_with(&self, members: &Value) -> String {
        Value::Object(merged(&self.claims, members)).to_string()
    }

    /// The header with these members, the claims as they are.
    pub(crate) fn under(&self, members: &Value) -> String {
        input(&self.header_with(members), &self.claims_with(&json!({})))
    }
}

fn merged(object: &Map<String, Value>, members: &Value) -> Map<String, Value> {
    let mut object = object.clone();
    for (name, value) in members.as_object().into_iter().flatten() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    object
}

/// What is to be signed, of a header and claims whatever they are.
pub(crate) fn input(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// The token of these two.
pub(crate) fn with(input: &str, signature: &[u8]) -> String {
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn decode(part: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).context("base64url")
}

/// Signs with HMAC under any of the three names.
pub(crate) fn hmac_with(name: &str, secret: &[u8], input: &str) -> Vec<u8> {
    let algorithm = match name {
        "HS512" => hmac::HMAC_SHA512,
        "HS384" => hmac::HMAC_SHA384,
        _ => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes()).as_ref().to_vec()
}

/// An Ed25519 key, of the attacker or of the server.
#[derive(Debug)]
pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn generate() -> Result<Self> {
        Ok(Self(Ed25519KeyPair::generate().ok().context("no key could be made")?))
    }

    pub(crate) fn read(pem: &str) -> Result<Self> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body.trim()).context("the key file")?;
        Ok(Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok().context("the key file holds no Ed25519 key")?))
    }

    pub(crate) fn to_pem(&self) -> Result<String> {
        let der = self.0.to_pkcs8v1().ok().context("the key could not be written")?;
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref())))
    }

    pub(crate) fn sign(&self, input: &str) -> Vec<u8> {
        self.0.sign(input.as_bytes()).as_ref().to_vec()
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x})
    }
}

/// Every encoding of a published key that somebody's library has taken for an HMAC secret.
pub(crate) fn spellings_of(key: &Value) -> Vec<Vec<u8>> {
    let member = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(member(name)).unwrap_or_default();
    let mut spellings: Vec<Vec<u8>> = Vec::new();
    for name in ["x", "y", "n"] {
        if !member(name).is_empty() {
            spellings.extend([member(name).as_bytes().to_vec(), bytes(name)]);
        }
    }
    let spki = match member("kty") {
        "OKP" => [&ED25519_SPKI[..], &bytes("x")].concat(),
        "EC" => [&P256_SPKI[..], &bytes("x"), &bytes("y")].concat(),
        "RSA" => rsa_spki(&bytes("n"), &bytes("e")),
        _ => Vec::new(),
    };
    let base64 = STANDARD.encode(&spki);
    let lines: Vec<String> =
        base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    for pem in [
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n")),
        format!("-----BEGIN PUBLIC KEY-----\r\n{}\r\n-----END PUBLIC KEY-----", lines.join("\r\n")),
    ] {
        let ending = if pem.contains('\r') { "\r\n" } else { "\n" };
        spellings.extend([(pem.clone() + ending).into_bytes(), pem.into_bytes()]);
    }
    spellings.extend([spki, base64.into_bytes(), key.to_string().into_bytes()]);
    let required: Map<String, Value> = ["crv", "e", "kty", "n", "x", "y"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), key.get(name)?.clone())))
        .collect();
    spellings.push(Value::Object(required).to_string().into_bytes());
    spellings.push(member("kid").as_bytes().to_vec());
    spellings.retain(|spelling| !spelling.is_empty());
    spellings
}

/// RFC 8410 section 4, up to the key.
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// RFC 5480 section 2, for P-256 and an uncompressed point, up to its coordinates.
const P256_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// RFC 8017 appendix A.1.1 within RFC 5280 section 4.1.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let unsigned = |bytes: &[u8]| {
        let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { &[0][..] } else { &[] };
        der(0x02, &[sign, bytes].concat())
    };
    let key = der(0x30, &[unsigned(modulus), unsigned(exponent)].concat());
    let identifier = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    der(0x30, &[&identifier[..], &der(0x03, &[&[0][..], &key].concat())].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()) {
        Ok(short @ 0..128) => vec![short.to_be_bytes()[1]],
        Ok(byte @ 128..256) => vec![0x81, byte.to_be_bytes()[1]],
        Ok(two) => [&[0x82][..], &two.to_be_bytes()].concat(),
        Err(_) => return Vec::new(),
    };
    [&[tag][..], &length, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_apart_and_bent_in_one_thing() {
        let text = with(&input(r#"{"alg":"EdDSA","kid":"k"}"#, r#"{"sub":"a","exp":1}"#), &[1, 2]);
        let live = Live::read(&text).unwrap();

        assert_eq!((live.input(), live.signature.as_slice()), (text.rsplit_once('.').unwrap().0, &[1, 2][..]));
        assert_eq!(live.header_with(&json!({"alg": "none", "kid": null})), r#"{"alg":"none"}"#);
        assert_eq!(
            live.claims_with(&json!({"sub": "b"})),
            r#"{"sub":"b","exp":1}"#.replace(r#""sub":"b","exp":1"#, r#""exp":1,"sub":"b""#)
        );
    }

    #[test]
    fn a_key_survives_its_file_and_its_spellings_hold_the_published_bytes() {
        let key = Key::generate().unwrap();
        let again = Key::read(&key.to_pem().unwrap()).unwrap();
        assert_eq!(key.sign("x"), again.sign("x"));

        let jwk = key.jwk("k");
        let raw = decode(jwk["x"].as_str().unwrap()).unwrap();
        let spellings = spellings_of(&jwk);
        assert!(spellings.contains(&raw) && spellings.len() >= 9);
        assert!(spellings.iter().any(|s| s.starts_with(b"-----BEGIN PUBLIC KEY-----\n")));
    }

    #[test]
    fn lengths_of_der_have_three_forms() {
        assert_eq!(der(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(der(4, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(der(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }
}
