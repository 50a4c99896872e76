//! What is published: the public halves (RFC 7517 section 5).
//!
//! Promises: never a private member and never a symmetric key; each key has its own `kid`, its `use` and its `alg`; a withdrawn
//! key is absent at once. The key that will sign next is there before it signs, a retired one until its last token has died.

use countersign_jose::KeySet;

use crate::key::{RingKey, Standing};

/// The JWKS of those keys in `verifying` that may be published.
pub(crate) fn published(keys: &[RingKey], verifying: &KeySet) -> String {
    let public = keys
        .iter()
        .filter(|key| key.standing != Standing::Withdrawn)
        .filter_map(|key| verifying.find(&key.kid))
        .cloned()
        .collect();
    // A subset of a set without doubles has none.
    KeySet::new(public).unwrap_or_default().to_jwks_json()
}
