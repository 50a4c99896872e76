//! What can be wrong with a token, a key or a document.

/// A refusal or a failure, grouped by whose fault it is. It carries no text of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The token.
    /// The token is longer than [`crate::MAX_TOKEN_BYTES`].
    #[error("token is longer than 8 KiB")]
    TooLong,
    /// The text is not a compact JWS.
    #[error("not a compact JWS: {0}")]
    Malformed(&'static str),
    /// The JOSE header says something that is not taken.
    #[error("token header refused: {0}")]
    Header(&'static str),
    /// `alg` is not exactly the algorithm of the key.
    #[error("token algorithm is not the key's")]
    Algorithm,
    /// The token names no key, or none that is known.
    #[error("token names no known key")]
    UnknownKey,
    /// The token is of another kind than the caller asked for.
    #[error("token is of another type")]
    Type,
    /// The signature does not verify.
    #[error("token signature does not verify")]
    Signature,
    /// The signed claims are missing, mistyped or out of range.
    #[error("token claims refused: {0}")]
    Claims(&'static str),
    /// Another issuer's token.
    #[error("token has another issuer")]
    Issuer,
    /// A token for another audience.
    #[error("token is for another audience")]
    Audience,
    /// `nbf` or `iat` lies in the future.
    #[error("token is not valid yet")]
    NotYetValid,
    /// The token is good in every other respect and its time is over.
    #[error("token has expired")]
    Expired,

    // The caller.
    /// The key is unsuitable, inconsistent or cannot be read.
    #[error("key refused: {0}")]
    Key(&'static str),
    /// The set of keys contradicts itself.
    #[error("key set refused: {0}")]
    KeySet(&'static str),
    /// The document is not strict JSON, or not of the expected shape.
    #[error("JSON refused: {0}")]
    Json(&'static str),
    /// The text is not strict base64url.
    #[error("not base64url")]
    Base64,
    /// What was to be signed cannot be written as a token.
    #[error("cannot be signed: {0}")]
    Unsignable(&'static str),

    // The cryptography library.
    /// An operation of the cryptography library failed that should not.
    #[error("cryptographic operation failed: {0}")]
    Crypto(&'static str),
}
