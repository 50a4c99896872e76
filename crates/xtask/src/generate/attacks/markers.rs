//! The comment lines that say what a test proves.
//!
//! `// attack 37, 38`, `// bug S24` and `// race 2` stand directly above a test, before its attributes, in Rust and in JavaScript. One that
//! stands above anything else is a finding: the test that it meant may be gone.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Something of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Attack(u32),
    Bug(u32),
    Race(u32),
}

impl Subject {
    /// The number as the catalogue prints it.
    pub(super) fn number(self) -> String {
        match self {
            Self::Attack(id) | Self::Race(id) => id.to_string(),
            Self::Bug(id) => format!("S{id}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Attack(_) => "attack",
            Self::Bug(_) => "bug",
            Self::Race(_) => "race",
        };
        write!(f, "{kind} {}", self.number())
    }
}

/// A test that names what it proves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) subject: Subject,
    /// `path::name`.
    pub(super) test: String,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) markers: Vec<Marker>,
    /// A line for each marker that cannot be read or stands above no test.
    pub(super) stray: Vec<String>,
}

/// The files that may hold tests, by their path from the top.
pub(super) fn test_files(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for top in ["crates", "examples", "web"] {
        collect(root, &PathBuf::from(top), &mut files)?;
    }
    Ok(files)
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        if entry.file_type()?.is_dir() {
            if name != "node_modules" && name != "target" && path != Path::new("crates/xtask") {
                collect(root, &path, files)?;
            }
        } else if path.extension().is_some_and(|extension| ["rs", "js", "mjs", "ts"].iter().any(|e| extension == *e)) {
            files.insert(path);
        }
    }
    Ok(())
}

/// Reads the markers of a file.
pub(super) fn read(path: &str, text: &str) -> Found {
    let mut found = Found::default();
    let mut waiting: Vec<Subject> = Vec::new();
    let mut is_test = false;
    let mut depth = 0_i32;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(list) = marker(line) {
            match list.split(',').map(subject_of(line)).collect::<Option<Vec<_>>>() {
                Some(subjects) => waiting.extend(subjects),
                None => found.stray.push(format!("{path}:{}: not a list of attacks, bugs or races: {line}", at + 1)),
            }
            continue;
        }
        if waiting.is_empty() || (line.starts_with("//") && depth == 0) {
            continue;
        }
        // Attributes may span lines.
        if line.starts_with("#[") || depth > 0 {
            is_test |= line.contains("test") || line.contains("case");
            depth = line.chars().fold(depth, |depth, c| match c {
                '[' | '(' => depth + 1,
                ']' | ')' => depth - 1,
                _ => depth,
            });
            continue;
        }
        match test_name(line, is_test) {
            Some(name) => {
                let test = format!("{path}::{name}");
                found.markers.extend(waiting.drain(..).map(|subject| Marker { subject, test: test.clone() }));
            }
            None => found.stray.push(format!("{path}:{}: {} stands above no test", at + 1, subjects(&waiting))),
        }
        waiting.clear();
        is_test = false;
    }
    if !waiting.is_empty() {
        found.stray.push(format!("{path}: {} stands above no test", subjects(&waiting)));
    }
    found
}

fn subjects(waiting: &[Subject]) -> String {
    waiting.iter().map(Subject::to_string).collect::<Vec<_>>().join(", ")
}

/// The list of a marker line.
fn marker(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("// ")?;
    let list = ["attack ", "bug ", "race "].iter().find_map(|kind| comment.strip_prefix(kind))?;
    // A sentence that begins with the word is no marker.
    list.trim_start_matches('S').starts_with(|c: char| c.is_ascii_digit()).then_some(list)
}

fn subject_of(line: &str) -> impl Fn(&str) -> Option<Subject> {
    move |word| {
        let word = word.trim();
        if line.starts_with("// bug") {
            word.strip_prefix('S')?.parse().ok().map(Subject::Bug)
        } else if line.starts_with("// race") {
            word.parse().ok().map(Subject::Race)
        } else {
            word.parse().ok().map(Subject::Attack)
        }
    }
}

/// The name of the test that this line opens.
fn test_name(line: &str, has_attribute: bool) -> Option<String> {
    for call in ["test(", "it(", "await t.test("] {
        if let Some(rest) = line.strip_prefix(call) {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
            return rest[1..].split(quote).next().map(str::to_owned);
        }
    }
    let (before, rest) = line.split_once("fn ")?;
    let is_plain = before.split_whitespace().all(|word| matches!(word, "async" | "pub" | "pub(crate)"));
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (has_attribute && is_plain && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(text: &str) -> Vec<(String, String)> {
        let found = read("f", text);
        assert_eq!(found.stray, Vec::<String>::new());
        found.markers.into_iter().map(|marker| (marker.subject.to_string(), marker.test)).collect()
    }

    #[test]
    fn a_marker_names_the_test_below_it() {
        let text = "// attack 37, 38\n// bug S24\n// race 7\n/// Doc.\n#[tokio::test(\n  flavor = \"x\"\n)]\nasync fn replay_ends_it() {";

        let expected = ["attack 37", "attack 38", "bug S24", "race 7"];
        assert_eq!(tests(text), expected.map(|subject| (subject.to_owned(), "f::replay_ends_it".to_owned())));
    }

    #[test]
    fn javascript_tests_are_known_by_their_call() {
        let text = "  // bug S70\n  test(\"five tabs stay signed in\", async () => {";

        assert_eq!(tests(text), [("bug S70".to_owned(), "f::five tabs stay signed in".to_owned())]);
    }

    #[test]
    fn a_marker_above_something_else_is_a_finding() {
        assert_eq!(read("f", "// attack 1\nfn helper() {}\n").stray.len(), 1);
        assert_eq!(read("f", "// attack 1\n\n#[test]\nfn a() {}\n").stray.len(), 1);
        assert_eq!(read("f", "// attack 1, x\n#[test]\nfn a() {}\n").stray.len(), 1);
        assert_eq!(read("f", "// attack 1\n").stray.len(), 1);
    }

    #[test]
    fn a_sentence_is_no_marker() {
        assert!(read("f", "// attack trees are elsewhere\nfn f() {}\n").stray.is_empty());
    }
}
