//! Replays the checked-in fuzz corpus through the bodies of the fuzz targets, on the stable toolchain.

#[path = "../../../../fuzz/bodies/session.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets see it from outside")]
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
fn refresh_token_stands_its_corpus() {
    assert!(replay("refresh_token", bodies::refresh_token) >= 10);
}

#[test]
fn csrf_token_stands_its_corpus() {
    assert!(replay("csrf_token", bodies::csrf_token) >= 10);
}
