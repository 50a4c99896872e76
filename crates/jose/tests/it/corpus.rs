//! Replays the checked-in fuzz corpus through the bodies of the fuzz targets, on the stable toolchain.

#[path = "../../../../fuzz/bodies/jose.rs"]
mod bodies;

use std::fs;
use std::path::PathBuf;

/// Runs every file of the target's corpus and says how many there were.
fn replay(target: &str, body: fn(&[u8])) -> usize {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| body(&fs::read(entry.unwrap().path()).unwrap())).count()
}

#[test]
fn jws_verify_stands_its_corpus() {
    assert!(replay("jws_verify", bodies::jws_verify) >= 10);
}

#[test]
fn jwk_parse_stands_its_corpus() {
    assert!(replay("jwk_parse", bodies::jwk_parse) >= 10);
}

#[test]
fn base64url_json_stands_its_corpus() {
    assert!(replay("base64url_json", bodies::base64url_json) >= 10);
}
