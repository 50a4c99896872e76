//! Replays the checked-in fuzz corpus through the body of the fuzz target, on the stable toolchain.

#[path = "../../../../fuzz/bodies/limit.rs"]
#[expect(unreachable_pub, reason = "the fuzz target sees it from outside")]
mod bodies;

use std::fs;

#[test]
fn of_the_answers_in_the_corpus_those_are_good_whose_name_says_so() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/challenge_response");
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_good = bodies::challenge_response(&fs::read(&path).unwrap());
        // What the fuzzer found has a hash for a name.
        assert!(!is_good || !name.contains('_') || name.starts_with("good_"), "{name}");
        assert!(is_good || !name.starts_with("good_"), "{name}");
        replayed += 1;
    }
    assert!(replayed >= 10);
}
