//! Public keys as JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::alg::Algorithm;
use crate::base64url;
use crate::error::Error;
use crate::json;
use crate::rsa;

/// A public signature key: what a JWKS publishes, and never a secret.
///
/// Promises: it has a `kid` and exactly one algorithm; its numbers are in their one canonical spelling; it is not
/// marked for encryption. Whether a P-256 point lies on the curve is known once a [`crate::VerifyingKey`] is made of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(crate) kid: Arc<str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) public: Public,
}

/// The numbers of a public key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Public {
    /// The encoded point.
    Ed25519([u8; 32]),
    /// The uncompressed point: 4, x, y.
    P256([u8; 65]),
    /// Big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl Jwk {
    /// Reads a public key. Without `kid` it goes by its thumbprint. Members that mean nothing here are passed over.
    ///
    /// # Errors
    /// [`Error::Json`] if the text is not strict JSON; [`Error::Key`] if it holds a private or symmetric key, is meant for
    /// another use, names no algorithm of ours or one that is not the key's, or its numbers are unsound.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::from_members(&json::object(text.as_bytes())?)
    }

    /// As [`Jwk::parse`], from the members of a parsed object.
    ///
    /// # Errors
    /// [`Error::Key`] as [`Jwk::parse`].
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, Error> {
        if holds_secret(members) {
            return Err(Error::Key("a private or symmetric key where a public one is needed"));
        }
        check_use(members, "verify")?;
        let (public, algorithm) = public(members)?;
        Self::new(optional_text(members, "kid")?, algorithm, public)
    }

    /// A key of these parts; the thumbprint stands in for a missing `kid`.
    pub(crate) fn new(kid: Option<&str>, algorithm: Algorithm, public: Public) -> Result<Self, Error> {
        let kid = match kid {
            Some(kid) => check_kid(kid)?,
            None => thumbprint(&public).into(),
        };
        Ok(Self { kid, algorithm, public })
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url: 43 characters that depend on the key alone.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.public)
    }

    /// The key as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only strings under string names: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The public numbers of any JWK, and the algorithm that the key is for.
pub(crate) fn public(members: &Map<String, Value>) -> Result<(Public, Algorithm), Error> {
    let alg = optional_text(members, "alg")?;
    match text(members, "kty")? {
        "OKP" => {
            demand(text(members, "crv")? == "Ed25519", "the curve must be Ed25519")?;
            // RFC 9864 renamed the algorithm; both names mean this one key.
            demand(matches!(alg, None | Some("EdDSA" | "Ed25519")), NOT_THE_KEYS)?;
            let point = array::<32>(members, "x")?;
            demand(!is_small_order(&point), "the point has a small order")?;
            Ok((Public::Ed25519(point), Algorithm::EdDSA))
        }
        "EC" => {
            demand(text(members, "crv")? == "P-256", "the curve must be P-256")?;
            demand(matches!(alg, None | Some("ES256")), NOT_THE_KEYS)?;
            let mut point = [4; 65];
            for (target, byte) in
                point.iter_mut().skip(1).zip(array::<32>(members, "x")?.into_iter().chain(array::<32>(members, "y")?))
            {
                *target = byte;
            }
            Ok((Public::P256(point), Algorithm::ES256))
        }
        "RSA" => {
            let algorithm = match alg {
                Some("RS256") => Algorithm::RS256,
                Some("PS256") => Algorithm::PS256,
                Some(_) => return Err(Error::Key(NOT_THE_KEYS)),
                None => return Err(Error::Key("an RSA key must say whether it is for RS256 or PS256")),
            };
            let (modulus, exponent) = (bytes(members, "n")?, bytes(members, "e")?);
            // RFC 7518 section 6.3.1.1: the octet sequence MUST utilize the minimum number of octets.
            demand(modulus.first() != Some(&0) && exponent.first() != Some(&0), "numbers have no leading zeros")?;
            rsa::check(&modulus, &exponent)?;
            Ok((Public::Rsa { modulus, exponent }, algorithm))
        }
        _ => Err(Error::Key("the key type is not one of OKP, EC and RSA")),
    }
}

/// Whether a member is there that only private and symmetric keys have (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
pub(crate) fn holds_secret(members: &Map<String, Value>) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].into_iter().any(|name| members.contains_key(name))
}

/// Refuses keys that are marked for something else than `operation` (RFC 7517 sections 4.2 and 4.3).
pub(crate) fn check_use(members: &Map<String, Value>, operation: &str) -> Result<(), Error> {
    demand(matches!(optional_text(members, "use")?, None | Some("sig")), "the key is not for signatures")?;
    match members.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|one| one == operation) => Ok(()),
        Some(_) => Err(Error::Key("the key's operations do not include this one")),
    }
}

/// A name that can stand in a header, a URL and a log line as it is.
pub(crate) fn check_kid(kid: &str) -> Result<Arc<str>, Error> {
    let plain = kid.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    demand(plain && (1..=MAX_KID_BYTES).contains(&kid.len()), "kid must be 1 to 128 visible ASCII characters")?;
    Ok(kid.into())
}

/// The string `name`.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, Error> {
    optional_text(members, name)?.ok_or(Error::Key("a required member is missing"))
}

/// The string `name`, if it is there.
pub(crate) fn optional_text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Key("a member is not a string")),
    }
}

/// The bytes that `name` spells; at least one.
pub(crate) fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Error> {
    let bytes = base64url::decode(text(members, name)?).map_err(|_| Error::Key("a member is not base64url"))?;
    demand(!bytes.is_empty(), "a member is empty")?;
    Ok(bytes)
}

/// Exactly `N` bytes that `name` spells (RFC 7518 section 6.2.1.2: the full size of a coordinate).
pub(crate) fn array<const N: usize>(members: &Map<String, Value>, name: &str) -> Result<[u8; N], Error> {
    let mut array = [0; N];
    let text = text(members, name)?;
    demand(text.len() == base64url::encoded_length(N), "a member has the wrong length")?;
    base64url::decode_to(text, &mut array).map_err(|_| Error::Key("a member is not base64url"))?;
    Ok(array)
}

pub(crate) fn demand(holds: bool, otherwise: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Key(otherwise)) }
}

/// RFC 7638 section 3: the required members in lexicographic order, without white space, hashed.
fn thumbprint(public: &Public) -> String {
    let text = match public {
        Public::Ed25519(point) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(point)),
        Public::P256(point) => {
            let (x, y) = coordinates(point);
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        Public::Rsa { modulus, exponent } => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64url::encode(exponent), base64url::encode(modulus))
        }
    };
    base64url::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn coordinates(point: &[u8; 65]) -> (String, String) {
    let (_, both) = point.split_at(1);
    let (x, y) = both.split_at(32);
    (base64url::encode(x), base64url::encode(y))
}

/// Whether the point generates only a handful of others, so that a signature under it can be made by anyone.
fn is_small_order(point: &[u8; 32]) -> bool {
    let mut point = *point;
    // The highest bit is the sign of x, which does not matter here.
    point[31] &= 0x7f;
    SMALL_ORDER.contains(&point)
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        match &self.public {
            Public::Ed25519(point) => {
                members.serialize_entry("kty", "OKP")?;
                members.serialize_entry("crv", "Ed25519")?;
                members.serialize_entry("x", &base64url::encode(point))?;
            }
            Public::P256(point) => {
                let (x, y) = coordinates(point);
                members.serialize_entry("kty", "EC")?;
                members.serialize_entry("crv", "P-256")?;
                members.serialize_entry("x", &x)?;
                members.serialize_entry("y", &y)?;
            }
            Public::Rsa { modulus, exponent } => {
                members.serialize_entry("kty", "RSA")?;
                members.serialize_entry("n", &base64url::encode(modulus))?;
                members.serialize_entry("e", &base64url::encode(exponent))?;
            }
        }
        members.serialize_entry("use", "sig")?;
        members.serialize_entry("alg", self.algorithm.name())?;
        members.serialize_entry("kid", &*self.kid)?;
        members.end()
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jwk({} {})", self.algorithm, self.kid)
    }
}

/// The longest `kid`, in bytes.
pub(crate) const MAX_KID_BYTES: usize = 128;

const NOT_THE_KEYS: &str = "alg is not an algorithm of this key";

/// The points of Curve25519's small subgroup by their y, both spellings where two fit: 0, 1, the two of order 8, p - 1,
/// p and p + 1.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    little_endian_edge(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    little_endian_edge(0xec, 0xff, 0x7f),
    little_endian_edge(0xed, 0xff, 0x7f),
    little_endian_edge(0xee, 0xff, 0x7f),
];

/// A number whose 30 middle bytes are alike.
const fn little_endian_edge(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}
