use std::collections::BTreeSet;

use super::*;

fn root(byte: u8) -> Secret<[u8; 32]> {
    Secret::new([byte; 32])
}

#[test]
fn derivation_is_hkdf_sha_256_and_never_changes() {
    // Computed by another implementation of RFC 5869: salt "countersign v1", info = length of the label in 8 bytes, label, info.
    let key = derive(&root(0x0b), "refresh/mac", &7_u32.to_be_bytes());

    let hex: String = key.expose().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "28d39368b738fe13713f90300d06d865c6481d2d3cc31a0084a7014f43d84f49");
}

// bug S3
#[test]
fn keys_of_different_purposes_differ() {
    let keys: BTreeSet<[u8; 32]> = [
        derive(&root(1), "ab", b"c"),
        derive(&root(1), "a", b"bc"),
        derive(&root(1), "abc", b""),
        derive(&root(1), "", b"abc"),
        derive(&root(2), "ab", b"c"),
    ]
    .iter()
    .map(|key| *key.expose())
    .collect();

    assert_eq!(keys.len(), 5);
}
