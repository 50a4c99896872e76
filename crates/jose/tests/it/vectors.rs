//! The published vectors, read from the folder that `COUNTERSIGN_VECTORS` names (default `../shared/vectors` beside the
//! workspace). Where it is absent the tests say so; the examples of the RFCs run in any case.
//!
//! Of each file every case is counted: valid ones that we accept, invalid ones that we refuse, and the exceptions, all of
//! them valid ones that we refuse, listed here with the reason. The other way there are none, save two cases that the
//! file itself spells like a valid one.

mod raw;
mod tokens;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// Valid cases that are refused on purpose.
struct Exception {
    cases: &'static [std::ops::RangeInclusive<u64>],
    #[expect(dead_code, reason = "said to the reader of the table")]
    reason: &'static str,
}

/// What came of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Valid by the label, refused by us.
    strict: Vec<u64>,
    /// Invalid by the label, accepted by us.
    lax: Vec<u64>,
}

impl Tally {
    /// Counts one case. "Acceptable" means that a strict verifier refuses it.
    fn count(&mut self, case: &Value, is_accepted: bool) {
        let id = case["tcId"].as_u64().unwrap();
        match (case["result"].as_str().unwrap(), is_accepted) {
            ("valid", true) => self.accepted += 1,
            ("valid", false) => self.strict.push(id),
            ("invalid" | "acceptable", false) => self.refused += 1,
            ("invalid" | "acceptable", true) => self.lax.push(id),
            (other, _) => panic!("unknown label {other}"),
        }
    }

    /// Asserts the counts, and that exactly the listed cases are exceptions.
    #[track_caller]
    fn is(mut self, accepted: usize, refused: usize, exceptions: &[Exception]) {
        let mut listed: Vec<u64> = exceptions.iter().flat_map(|one| one.cases.iter().cloned().flatten()).collect();
        listed.sort_unstable();
        self.strict.sort_unstable();
        assert_eq!(self, Tally { accepted, refused, strict: listed, lax: vec![] });
    }
}

/// The groups of a file, or nothing where the folder is absent.
fn groups(file: &str) -> Option<Vec<Value>> {
    #[expect(clippy::disallowed_methods, reason = "a test may be told where the vectors are")]
    let named = std::env::var_os("COUNTERSIGN_VECTORS");
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let folder = named.map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("wycheproof").join(file);
    let Ok(text) = fs::read(&path) else {
        println!("{} is absent: its cases are not run (COUNTERSIGN_VECTORS names the folder)", path.display());
        return None;
    };
    let document: Value = serde_json::from_slice(&text).unwrap();
    Some(document["testGroups"].as_array().unwrap().clone())
}

/// The cases of a group.
fn cases(group: &Value) -> &[Value] {
    group["tests"].as_array().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
