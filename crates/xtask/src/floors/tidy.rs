//! Lengths, words and switches.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// A longer file has a second noun or verb in it.
const LONGEST: usize = 450;

/// What must not stay, and why. Written in halves, so that this list does not find itself.
const WORDS: &[(&str, &str, &str)] = &[
    ("TO", "DO", "left open"),
    ("FIX", "ME", "left open"),
    ("XX", "X", "left open"),
    ("todo", "!(", "left open"),
    ("unimplemented", "!(", "left open"),
    ("dbg", "!(", "left from a search"),
    ("#[ign", "ore", "a test that nobody runs"),
    ("uns", "afe {", "no unsafe code"),
    ("uns", "afe fn", "no unsafe code"),
    ("uns", "afe impl", "no unsafe code"),
];

/// One line for each finding.
pub(super) fn check(root: &Path, files: &BTreeSet<PathBuf>) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files {
        let name = path.to_string_lossy();
        let is_manifest = name.starts_with("crates/") && name.ends_with("/Cargo.toml");
        let is_code =
            ["rs", "js", "mjs", "ts", "tsx", "css"].iter().any(|e| path.extension().is_some_and(|found| found == *e));
        if !is_manifest && !is_code {
            continue;
        }
        let text = fs::read_to_string(root.join(path))?;
        if is_manifest && !text.contains("[lints]\nworkspace = true") {
            findings.push(format!("{name}: does not take the workspace's lints"));
        }
        if is_code {
            findings.extend(judge(&name, &text));
        }
    }
    Ok(findings)
}

fn judge(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let is_test = name.contains("/tests/") || name.ends_with("tests.rs");
    // Nobody writes it: what it is made from is as long as it must be.
    let is_generated = name.contains(".gen.");
    let lines = text.lines().count();
    if lines > LONGEST && !is_test && !is_generated {
        findings.push(format!("{name}: {lines} lines; find the second noun or verb in it ({LONGEST} at most)"));
    }
    for (first, second, why) in WORDS {
        let word = format!("{first}{second}");
        let found = text.lines().position(|line| has_word(line, &word));
        findings.extend(found.map(|at| format!("{name}:{}: {word}: {why}", at + 1)));
    }
    findings
}

/// Whether the line has the word, and not just as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on = word.ends_with(joins) && line[at + word.len()..].starts_with(joins);
        !line[..at].ends_with(joins) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_open_is_found_with_its_line() {
        let word = ["TO", "DO"].concat();

        assert_eq!(judge("a.rs", &format!("fn f() {{}}\n// {word}: later\n")), [format!("a.rs:2: {word}: left open")]);
        assert!(judge("a.rs", "// MATODOR\n").is_empty());
    }

    #[test]
    fn a_long_file_is_found_and_a_long_test_or_a_generated_file_is_not() {
        let long = "\n".repeat(LONGEST + 1);

        assert_eq!(judge("crates/x/src/a.rs", &long).len(), 1);
        assert!(judge("crates/x/tests/it/a.rs", &long).is_empty());
        assert!(judge("web/x/src/a.gen.ts", &long).is_empty());
    }
}
