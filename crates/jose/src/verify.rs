//! Verifies compact JWS and the JWTs in them (RFC 7515 section 5.2, RFC 7519 section 7.2, RFC 8725).
//!
//! The order: size, shape, header, key by `kid`, `alg` against the key, `typ`, signature, payload, claims, and expiry
//! last. Nothing of the payload is looked at before its signature is good.

use std::sync::Arc;

use crate::MAX_TOKEN_BYTES;
use crate::base64url;
use crate::claims::{Claims, Rules};
use crate::error::Error;
use crate::header::{Header, MAX_HEADER_BYTES};
use crate::keyset::KeySet;
use crate::rsa::MAX_BITS;
use crate::verifying_key::VerifyingKey;

/// A token that is authentic and within its rules.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its claims.
    pub claims: Claims,
    /// The key that signed it.
    pub kid: Arc<str>,
    /// The claims as the issuer wrote them: the text of the payload.
    pub json: String,
}

/// Verifies a JWT by the keys that are believed and the rules of its kind.
///
/// # Errors
/// The first thing that is wrong, in the order of the module's documentation. [`Error::Expired`] means that nothing else is.
pub fn verify(token: &str, keys: &KeySet, rules: &Rules<'_>) -> Result<Verified, Error> {
    let segments = Segments::split(token)?;
    let mut buffer = [0; HEADER_BUFFER];
    let header = segments.header(&mut buffer)?;
    let key = header.kid.as_deref().and_then(|kid| keys.find(kid)).ok_or(Error::UnknownKey)?;
    let payload = segments.open(&header, key, Some(rules.typ))?;
    let json = String::from_utf8(payload).map_err(|_| Error::Claims("not UTF-8"))?;
    let claims = Claims::parse(json.as_bytes())?;
    rules.judge(&claims)?;
    Ok(Verified { claims, kid: key.shared_kid(), json })
}

/// Verifies a JWS by the key that it names and returns its payload. With `typ` the header must say that type.
///
/// # Errors
/// As [`verify`], without anything about claims.
pub fn verify_jws(token: &str, keys: &KeySet, typ: Option<&str>) -> Result<Vec<u8>, Error> {
    let segments = Segments::split(token)?;
    let mut buffer = [0; HEADER_BUFFER];
    let header = segments.header(&mut buffer)?;
    let key = header.kid.as_deref().and_then(|kid| keys.find(kid)).ok_or(Error::UnknownKey)?;
    segments.open(&header, key, typ)
}

/// Verifies a JWS by this key and returns its payload. The token need not name a key; if it does, it must be this one.
///
/// # Errors
/// As [`verify_jws`].
pub fn verify_jws_with(token: &str, key: &VerifyingKey, typ: Option<&str>) -> Result<Vec<u8>, Error> {
    let segments = Segments::split(token)?;
    let mut buffer = [0; HEADER_BUFFER];
    let header = segments.header(&mut buffer)?;
    if header.kid.as_deref().is_some_and(|kid| kid != key.kid()) {
        return Err(Error::UnknownKey);
    }
    segments.open(&header, key, typ)
}

/// The parts of a compact serialisation, still encoded.
struct Segments<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// What is signed: header and payload with the dot between them (RFC 7515 section 5.1 step 8).
    signed: &'a str,
}

impl<'a> Segments<'a> {
    /// Finds the two dots. There are exactly two; five segments would be a JWE.
    fn split(token: &'a str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::TooLong);
        }
        let shape = Error::Malformed("not three segments");
        let (signed, signature) = token.rsplit_once('.').ok_or(shape)?;
        let (header, payload) = signed.split_once('.').ok_or(shape)?;
        if payload.contains('.') {
            return Err(shape);
        }
        Ok(Self { header, payload, signature, signed })
    }

    fn header<'b>(&self, buffer: &'b mut [u8; HEADER_BUFFER]) -> Result<Header<'b>, Error> {
        if self.header.len() > base64url::encoded_length(MAX_HEADER_BYTES) {
            return Err(Error::Header("too long"));
        }
        let bytes = base64url::decode_to(self.header, buffer).map_err(|_| Error::Malformed("header"))?;
        Header::parse(bytes)
    }

    /// Checks everything that the header and the key say, then the signature, then decodes the payload.
    fn open(&self, header: &Header<'_>, key: &VerifyingKey, typ: Option<&str>) -> Result<Vec<u8>, Error> {
        if header.algorithm != key.algorithm() {
            return Err(Error::Algorithm);
        }
        if typ.is_some_and(|expected| !header.is_of_type(expected)) {
            return Err(Error::Type);
        }
        // Its length says whether it can be a signature of this key, before anything is decoded.
        if self.signature.len() != base64url::encoded_length(key.signature_length()) {
            return Err(Error::Signature);
        }
        let mut buffer = [0; SIGNATURE_BUFFER];
        let signature = base64url::decode_to(self.signature, &mut buffer).map_err(|_| Error::Malformed("signature"))?;
        key.verify_signature(self.signed.as_bytes(), signature)?;
        base64url::decode(self.payload).map_err(|_| Error::Malformed("payload"))
    }
}

/// The decoder wants room for whole groups of three bytes.
const HEADER_BUFFER: usize = MAX_HEADER_BYTES.next_multiple_of(3);
const SIGNATURE_BUFFER: usize = (MAX_BITS / 8).next_multiple_of(3);
