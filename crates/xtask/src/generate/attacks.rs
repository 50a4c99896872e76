//! docs/reference/attacks.md: every attack and bug of the catalogue with the tests that prove it; races.md: every race.

mod markers;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Page;
use markers::{Marker, Subject};

const ATTACKS: &str = include_str!("../../catalogue/attacks.toml");
const BUGS: &str = include_str!("../../catalogue/bugs.toml");
const RACES: &str = include_str!("../../catalogue/races.toml");

/// One line of the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u32,
    /// What is tried, what is wrong elsewhere, or what happens.
    what: String,
    /// What must come of it.
    must: String,
    /// The feature that does not exist yet and without which there is nothing to test.
    later: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[serde(default)]
    attack: Vec<Entry>,
    #[serde(default)]
    bug: Vec<Entry>,
    #[serde(default)]
    race: Vec<Entry>,
}

type Proofs = BTreeMap<Subject, Vec<String>>;

/// The pages, and a line for each thing that is missing.
pub(super) fn pages(root: &Path) -> Result<(Vec<Page>, Vec<String>)> {
    let attacks = toml::from_str::<Catalogue>(ATTACKS).context("attacks.toml")?.attack;
    let bugs = toml::from_str::<Catalogue>(BUGS).context("bugs.toml")?.bug;
    let races = toml::from_str::<Catalogue>(RACES).context("races.toml")?.race;

    let mut findings = Vec::new();
    let mut proofs = Proofs::new();
    for path in markers::test_files(root)? {
        let text = fs::read_to_string(root.join(&path))?;
        let found = markers::read(&path.to_string_lossy(), &text);
        findings.extend(found.stray);
        for Marker { subject, test } in found.markers {
            proofs.entry(subject).or_default().push(test);
        }
    }
    for subject in proofs.keys() {
        let is_known = match subject {
            Subject::Attack(id) => attacks.iter().any(|entry| entry.id == *id),
            Subject::Bug(id) => bugs.iter().any(|entry| entry.id == *id),
            Subject::Race(id) => races.iter().any(|entry| entry.id == *id),
        };
        if !is_known {
            findings.push(format!("{subject}: a test names it, and the catalogue does not have it"));
        }
    }

    let mut attacks_and_bugs = String::from(
        "# Attacks and bugs, and the tests that prove them\n\n\
         <!-- Made by `cargo xtask gen` from crates/xtask/catalogue and the tests. Do not edit. -->\n\n\
         Each line is tried by the tests it names. \"Later\" says which feature, not built yet, it is aimed at. To add a test, \
         write `// attack 37` or `// bug S24` directly above it.\n",
    );
    let mut lost_elsewhere = String::from(
        "# Races that other systems lost, and the tests that show who wins here\n\n\
         <!-- Made by `cargo xtask gen` from crates/xtask/catalogue and the tests. Do not edit. -->\n\n\
         Each line happened to honest people somewhere, and is played by the tests it names. \"Later\" says which feature, not \
         built yet, it needs. To add a test, write `// race 2` directly above it.\n",
    );
    let mut table = |text: &mut String, title: &str, head: &str, entries: &[Entry], subject: fn(u32) -> Subject| {
        let _ = write!(text, "\n## {title}\n\n| # | {head} | test |\n|---|---|---|---|\n");
        for entry in entries {
            let subject = subject(entry.id);
            let tests = proofs.get(&subject).map_or(&[][..], Vec::as_slice);
            if tests.is_empty() && entry.later.is_none() {
                findings.push(format!("{subject} has no test: {}", entry.what));
            }
            let number = subject.number();
            let _ = writeln!(text, "| {number} | {} | {} | {} |", entry.what, entry.must, cell(tests, entry));
        }
    };
    table(&mut attacks_and_bugs, "Attacks", "attack | must be", &attacks, Subject::Attack);
    table(&mut attacks_and_bugs, "Bugs of tutorial code", "bug | here instead", &bugs, Subject::Bug);
    table(&mut lost_elsewhere, "Races", "race | must be", &races, Subject::Race);
    let pages = [("attacks.md", attacks_and_bugs), ("races.md", lost_elsewhere)];
    Ok((pages.map(|(name, text)| Page { name, text }).into(), findings))
}

fn cell(tests: &[String], entry: &Entry) -> String {
    let mut lines: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
    if tests.is_empty() {
        lines.push(
            entry.later.as_ref().map_or_else(|| "**missing**".to_owned(), |feature| format!("later ({feature})")),
        );
    }
    lines.join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole() {
        let attacks = toml::from_str::<Catalogue>(ATTACKS).unwrap().attack;
        let bugs = toml::from_str::<Catalogue>(BUGS).unwrap().bug;
        let races = toml::from_str::<Catalogue>(RACES).unwrap().race;

        assert!(attacks.iter().map(|entry| entry.id).eq(1..=126));
        assert!(bugs.iter().map(|entry| entry.id).eq(1..=92));
        assert!(races.iter().map(|entry| entry.id).eq(1..=17));
        let has_pipe = |entry: &&Entry| entry.what.contains('|') || entry.must.contains('|');
        assert_eq!(
            attacks.iter().chain(&bugs).chain(&races).filter(has_pipe).count(),
            0,
            "a pipe would break the table"
        );
    }
}
