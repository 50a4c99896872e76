//! What an import has done, by numbers, and what did not fit, by places.

use std::collections::BTreeMap;

use countersign_account::{ImportUser, Imported};
use serde_json::{Map, Value, json};

use super::format::Format;
use crate::command::failure::Failure;
use crate::command::output::Output;

/// How many issues are kept; the rest is counted.
const MOST_KEPT: usize = 10_000;
/// How many of them people are shown.
const MOST_SHOWN: usize = 100;

/// What the reader of a file says, in this order: how it begins, who is in it, why it could not go on.
pub(super) enum Found {
    /// What the file is.
    Begun(Begun),
    /// Somebody.
    User(Box<ImportUser>),
    /// An entry that is nobody.
    Skipped(Issue),
    /// The file cannot be read on.
    Broken(String),
}

/// What a file is.
pub(super) struct Begun {
    /// Where it comes from.
    pub(super) format: Format,
    /// What its entries are counted by.
    pub(super) unit: Unit,
}

/// What the entries of a file are counted by.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// Lines, from one.
    Line,
    /// Entries of a list, from one.
    Entry,
}

/// What did not fit, and where.
pub(super) struct Issue {
    place: u64,
    code: &'static str,
    message: String,
    is_imported: bool,
}

impl Issue {
    /// An entry that was skipped.
    pub(super) fn new(place: u64, code: &'static str, message: impl Into<String>) -> Self {
        Self { place, code, message: message.into(), is_imported: false }
    }
}

/// The report.
pub(super) struct Report {
    begun: Begun,
    is_dry_run: bool,
    read: u64,
    imported: u64,
    without_password: u64,
    disabled: u64,
    hashes: BTreeMap<&'static str, u64>,
    codes: BTreeMap<&'static str, u64>,
    issues: Vec<Issue>,
    broken: Option<String>,
}

impl Report {
    pub(super) const fn new(begun: Begun, is_dry_run: bool) -> Self {
        Self {
            begun,
            is_dry_run,
            read: 0,
            imported: 0,
            without_password: 0,
            disabled: 0,
            hashes: BTreeMap::new(),
            codes: BTreeMap::new(),
            issues: Vec::new(),
            broken: None,
        }
    }

    pub(super) const fn format(&self) -> Format {
        self.begun.format
    }

    /// One more entry was read.
    pub(super) const fn count(&mut self) {
        self.read += 1;
    }

    /// What became of a batch.
    pub(super) fn add(&mut self, batch: Vec<Imported>) {
        for one in batch {
            if let Some(made) = one.made {
                self.imported += 1;
                self.disabled += u64::from(made.is_disabled);
                match made.hash {
                    Some(kind) => *self.hashes.entry(kind).or_default() += 1,
                    None => self.without_password += 1,
                }
            }
            for note in one.notes {
                let is_imported = one.made.is_some();
                self.skip(Issue { place: one.place, code: note.code(), message: note.message(), is_imported });
            }
        }
    }

    /// Notes what did not fit.
    pub(super) fn skip(&mut self, issue: Issue) {
        *self.codes.entry(issue.code).or_default() += 1;
        if self.issues.len() < MOST_KEPT {
            self.issues.push(issue);
        }
    }

    /// Notes why there is no more.
    pub(super) fn break_off(&mut self, why: &str) {
        self.broken = Some(why.to_owned());
    }

    /// Prints it: one object for programs; a sentence, and a table of what did not fit, for people.
    ///
    /// # Errors
    /// Standard output is gone.
    pub(super) fn print(mut self, output: Output) -> Result<(), Failure> {
        // Entries that are nobody were noted before the batch they stood among.
        self.issues.sort_by_key(|issue| issue.place);
        let value = self.to_json();
        if output.is_json() {
            return output.say("", &value);
        }
        output.say(&self.summary(), &value)?;
        if self.issues.is_empty() {
            return Ok(());
        }
        output.text("\n")?;
        let shown = self.issues.iter().take(MOST_SHOWN);
        let rows =
            shown.map(|issue| vec![issue.place.to_string(), issue.code.to_owned(), issue.message.clone()]).collect();
        output.table(&[self.unit(), "code", "what"], rows, &value)?;
        let more = self.total().saturating_sub(MOST_SHOWN as u64);
        if more > 0 { output.text(&format!("\nand {more} more; --json shows them\n")) } else { Ok(()) }
    }

    fn summary(&self) -> String {
        let told = if self.is_dry_run { "nothing was changed; it would be: " } else { "" };
        let list = |counted: &BTreeMap<&'static str, u64>| {
            counted.iter().map(|(name, number)| format!("{number} {name}")).collect::<Vec<_>>().join(", ")
        };
        let hashes = if self.hashes.is_empty() { String::new() } else { format!(" ({})", list(&self.hashes)) };
        let aside = format!("{} without a password, {} disabled", self.without_password, self.disabled);
        let Self { read, imported, .. } = self;
        let skipped = read - imported;
        let source = self.begun.format.name();
        format!("{told}{source}: {read} read, {imported} imported{hashes}, {aside}, {skipped} skipped")
    }

    fn to_json(&self) -> Value {
        let issue = |issue: &Issue| {
            json!({
                self.unit(): issue.place,
                "code": issue.code,
                "message": issue.message,
                "imported": issue.is_imported,
            })
        };
        let counts = |counted: &BTreeMap<&'static str, u64>| -> Map<String, Value> {
            counted.iter().map(|(name, number)| ((*name).to_owned(), (*number).into())).collect()
        };
        json!({
            "dryRun": self.is_dry_run,
            "format": self.begun.format.name(),
            "read": self.read,
            "imported": self.imported,
            "skipped": self.read - self.imported,
            "withoutPassword": self.without_password,
            "disabled": self.disabled,
            "hashes": counts(&self.hashes),
            "codes": counts(&self.codes),
            "issues": self.issues.iter().map(issue).collect::<Vec<_>>(),
            "moreIssues": self.total() - self.issues.len() as u64,
            "broken": self.broken,
        })
    }

    const fn unit(&self) -> &'static str {
        match self.begun.unit {
            Unit::Line => "line",
            Unit::Entry => "entry",
        }
    }

    fn total(&self) -> u64 {
        self.codes.values().sum()
    }
}
