//! Message authentication codes over fixed-length messages, and their text.
//!
//! Every kind of text that we make and later recognise by its MAC has a key of its own, derived by HKDF-SHA-256 from a root
//! under its own label, so that no kind is ever taken for another.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::Secret;
use zeroize::Zeroizing;

/// The length of a whole code, in bytes.
pub(crate) const TAG: usize = 32;

/// A key for HMAC-SHA-256, parsed once.
#[derive(Clone)]
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    /// The key of this label under `root`; `context` tells keys of one label apart.
    ///
    /// HKDF-SHA-256 without salt (RFC 5869 sections 2.2 and 2.3), written out for its one output block, because that way it
    /// cannot fail.
    pub(crate) fn derive(root: &Secret<[u8; 32]>, label: &'static str, context: &[u8]) -> Self {
        let extract = Self(hmac::Key::new(hmac::HMAC_SHA256, &[0; TAG]));
        let extracted = Zeroizing::new(extract.sign(&[root.expose()]));
        let expand = Self(hmac::Key::new(hmac::HMAC_SHA256, extracted.as_slice()));
        let expanded = Zeroizing::new(expand.sign(&[label.as_bytes(), &[0], context, &[1]]));
        Self(hmac::Key::new(hmac::HMAC_SHA256, expanded.as_slice()))
    }

    /// The code over the parts, one after another. Callers give parts of fixed length, so that no two messages are one.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; TAG] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut tag = [0; TAG];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }

    /// The first half of the code over the parts: 128 bits, where a name or a proof among few is wanted.
    pub(crate) fn sign_short(&self, parts: &[&[u8]]) -> [u8; TAG / 2] {
        let mut short = [0; TAG / 2];
        for (to, from) in short.iter_mut().zip(self.sign(parts)) {
            *to = from;
        }
        short
    }

    /// Whether `tag` is the code over the parts; takes the same time wherever they differ.
    pub(crate) fn verifies(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.sign(parts).as_slice(), tag).into()
    }
}

/// The text of these bytes: base64url without padding.
pub(crate) fn to_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of this text, if it is the one text of exactly `N` bytes: no padding, no other alphabet, no loose bits.
pub(crate) fn from_text<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (written == N).then_some(bytes)
}

/// Reads fixed-length fields off the front of a slice.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `N` bytes; none where fewer are left.
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hkdf;

    use super::*;

    #[test]
    fn derivation_is_hkdf() {
        let root = Secret::new([7; 32]);
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(root.expose());
        let theirs: hmac::Key = secret.expand(&[b"label\0", b"context"], hmac::HMAC_SHA256).unwrap().into();

        let ours = MacKey::derive(&root, "label", b"context");

        assert_eq!(ours.sign(&[b"message"]).as_slice(), hmac::sign(&theirs, b"message").as_ref());
    }

    #[test]
    fn labels_and_contexts_make_different_keys() {
        let root = Secret::new([7; 32]);
        let tags = [("a", "b"), ("a", "c"), ("b", "b"), ("ab", "")]
            .map(|(label, context)| MacKey::derive(&root, label, context.as_bytes()).sign(&[]));
        for (index, tag) in tags.iter().enumerate() {
            assert!(!tags[index + 1..].contains(tag));
        }
    }

    #[test]
    fn only_one_text_names_the_bytes() {
        assert_eq!(from_text::<2>("AAE"), Some([0, 1]));
        for wrong in ["AAF", "AAE=", "AA", "AAEA", "A+E", "A E", "", "AAé"] {
            assert_eq!(from_text::<2>(wrong), None, "{wrong}");
        }
    }
}
