//! A table of addresses on disk.

use std::path::{Path, PathBuf};

use countersign_geo::writer::{Entry, write};
use tempfile::TempDir;

/// A MaxMind-format file with countries and networks, gone when dropped.
#[derive(Debug)]
pub struct AddressTable(TempDir);

/// A line: network, country, number and name of the autonomous system.
pub type AddressLine<'a> = (&'a str, &'a str, u32, &'a str);

impl AddressTable {
    /// A file with these lines.
    ///
    /// # Panics
    /// A line is none, or the file cannot be written.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn of(lines: &[AddressLine<'_>]) -> Self {
        let table = Self(TempDir::new().expect("a folder is made"));
        table.rewrite(lines);
        table
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file("addresses.mmdb")
    }

    /// Puts a file with other lines into its place, at once.
    ///
    /// # Panics
    /// A line is none, or the file cannot be written.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn rewrite(&self, lines: &[AddressLine<'_>]) {
        let entry =
            |(network, country, asn, name): &AddressLine<'_>| Entry::new(network, Some(country), Some((*asn, name)));
        let entries: Vec<Entry> = lines.iter().map(|line| entry(line).expect("a network")).collect();
        let new = self.file("new.mmdb");
        std::fs::write(&new, write(&entries)).expect("the file is written");
        std::fs::rename(new, self.path()).expect("the file is put into its place");
    }

    /// Damages it.
    ///
    /// # Panics
    /// The file cannot be written.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn damage(&self) {
        std::fs::write(self.path(), b"half a download").expect("the file is written");
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.0.path(), name)
    }
}
