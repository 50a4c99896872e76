//! Virtual time, and the file through which the server is told of it.
//!
//! The harness writes a moment before it sends what happens at that moment; the server reads the file whenever it wants to know
//! the time. Nobody else moves time, so the two never disagree.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Milliseconds since the run began: the monotonic clock.
pub(crate) type At = i64;

pub(crate) const SECOND: At = 1_000;
pub(crate) const MINUTE: At = 60 * SECOND;
pub(crate) const HOUR: At = 60 * MINUTE;

/// What the wall showed when the run began: 2026-01-01T00:00:00Z.
const EPOCH: i64 = 1_767_225_600_000;

/// The clock of the machine that the server runs on.
#[derive(Debug)]
pub(crate) struct Clock {
    file: File,
    path: PathBuf,
    now: At,
    stepped: i64,
}

impl Clock {
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let path = folder.join("clock");
        let clock = Self { file: File::create(&path)?, path, now: 0, stepped: 0 };
        clock.write()?;
        Ok(clock)
    }

    pub(crate) const fn now(&self) -> At {
        self.now
    }

    /// How far the wall has been set ahead, in milliseconds; negative for behind.
    pub(crate) const fn stepped(&self) -> i64 {
        self.stepped
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes on to `at`; never back.
    pub(crate) fn go_to(&mut self, at: At) -> io::Result<()> {
        self.now = self.now.max(at);
        self.write()
    }

    /// Sets the wall ahead or back.
    pub(crate) fn step(&mut self, by: i64) -> io::Result<()> {
        self.stepped += by;
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let wall = (EPOCH + self.now + self.stepped) * 1_000;
        let monotonic = self.now * 1_000;
        let words = [wall, monotonic, wall, monotonic].map(i64::to_le_bytes);
        self.file.write_all_at(words.as_flattened(), 0)
    }
}

/// A moment for people: day, hours, minutes, seconds.
pub(crate) fn show(at: At) -> String {
    let (day, rest) = (at / (24 * HOUR), at % (24 * HOUR));
    format!("{day}d {:02}:{:02}:{:06.3}", rest / HOUR, rest % HOUR / MINUTE, seconds(rest % MINUTE))
}

fn seconds(millis: At) -> f64 {
    f64::from(i32::try_from(millis).unwrap_or(0)) / 1_000.0
}
