//! Derives working keys from a secret that is kept.

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use countersign_kernel::Secret;

/// A working key of 256 bits: HKDF-SHA-256 (RFC 5869) of `root`, for the purpose `label` and whatever `info` distinguishes
/// within it. Different labels or infos give independent keys.
#[must_use]
#[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives any length up to 8,160 bytes")]
pub fn derive(root: &Secret<[u8; 32]>, label: &str, info: &[u8]) -> Secret<[u8; 32]> {
    // With its length before it, no label together with an info reads like another pair.
    let length = u64::try_from(label.len()).unwrap_or(u64::MAX).to_be_bytes();
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, b"countersign v1")
        .extract(root.expose())
        .expand(&[&length, label.as_bytes(), info], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .expect("32 bytes are one block");
    Secret::new(key)
}

#[cfg(test)]
mod tests;
