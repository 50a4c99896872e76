//! Replays the checked-in fuzz corpus through the body of the fuzz target, on the stable toolchain.

#[path = "../../../../fuzz/bodies/password.rs"]
#[expect(unreachable_pub, reason = "the fuzz target sees it from outside")]
mod bodies;

use std::fs;
use std::path::PathBuf;

#[test]
fn legacy_hash_stands_its_corpus() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/legacy_hash"));
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let replayed = entries.map(|entry| bodies::legacy_hash(&fs::read(entry.unwrap().path()).unwrap())).count();
    assert!(replayed >= 20);
}
