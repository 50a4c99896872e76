//! Opens a file, finds out what it is, and reads it to its end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::entry::Entry;
use super::format::{Format, Reading};
use super::lines::{self, Line};
use super::report::{Begun, Found, Issue, Unit};
use super::table::{self, Row};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// Reads the file and says what it finds; the last word is why it could not go on, if it could not.
pub(super) fn read(path: &Path, chosen: Option<Format>, reading: &Reading, to: &Sender<Found>) {
    let mut reader = Reader { reading, to, format: chosen, unit: Unit::Line, has_begun: false, waiting: Vec::new() };
    if let Err(why) = reader.run(path).and_then(|()| reader.end()) {
        // Nobody is left to hear it where the channel is closed.
        let _ = to.blocking_send(Found::Broken(format!("{}: {why}", path.display())));
    }
}

struct Reader<'a> {
    reading: &'a Reading,
    to: &'a Sender<Found>,
    format: Option<Format>,
    unit: Unit,
    /// Whether it was said how the file begins.
    has_begun: bool,
    /// Entries that were nobody before it was known where the file comes from.
    waiting: Vec<Issue>,
}

/// How many entries may be nobody before somebody comes.
const MOST_WAITING: usize = 1_000;

impl Reader<'_> {
    fn run(&mut self, path: &Path) -> Result<(), String> {
        let opened: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| told(&error))?)
        };
        let mut from = BufReader::with_capacity(CHUNK, opened);
        let mut first = lines::head(&mut from).map_err(|error| told(&error))?;
        if first.starts_with(b"\xef\xbb\xbf") {
            first.drain(..3);
        }
        let mut blank_lines = 0;
        while first.ends_with(b"\n") && lines::is_blank(&first) {
            blank_lines += 1;
            first = lines::head(&mut from).map_err(|error| told(&error))?;
        }
        if lines::is_blank(&first) {
            return Ok(());
        }
        let (shape, separator) = (Shape::of(&first), table::separator(&first));
        let from = Cursor::new(first.clone()).chain(from);
        match shape {
            Shape::Lines => self.read_lines(from, blank_lines),
            Shape::Document => {
                self.unit = Unit::Entry;
                self.read_document(from)
            }
            Shape::Table => self.read_table(from, separator, &first, blank_lines),
        }
    }

    fn read_lines(&mut self, mut from: impl BufRead, mut number: u64) -> Result<(), String> {
        let mut line = Vec::new();
        loop {
            number += 1;
            let goes_on = match lines::next(&mut from, &mut line).map_err(|error| told(&error))? {
                Line::End => return Ok(()),
                Line::TooLong => self.skip(Issue::new(number, "ENTRY_TOO_LONG", "It has more than 1 MiB."))?,
                Line::Whole if lines::is_blank(&line) => true,
                Line::Whole => match lines::object(&line) {
                    Some(members) => self.entry(number, Entry::new(members))?,
                    None => self.skip(Issue::new(number, "ENTRY_INVALID", "It is no JSON object."))?,
                },
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn read_document(&mut self, from: impl Read) -> Result<(), String> {
        let (mut number, mut wrong) = (0, None);
        super::document::read(from, |value| {
            number += 1;
            let done = match value {
                Value::Object(members) => self.entry(number, Entry::new(members)),
                _ => self.skip(Issue::new(number, "ENTRY_INVALID", "It is no JSON object.")),
            };
            done.unwrap_or_else(|why| {
                wrong = Some(why);
                false
            })
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn read_table(&mut self, from: impl Read, separator: u8, first: &[u8], before: u64) -> Result<(), String> {
        let header = self.format.and_then(|format| format.names_without_header(first));
        let mut wrong = None;
        table::read(from, separator, header, |line, row| {
            let line = line + before;
            let done = match row {
                Row::Cells(members) => self.entry(line, Entry::new(members)),
                Row::NotText => self.skip(Issue::new(line, "ENTRY_INVALID", "It is not UTF-8.")),
            };
            done.unwrap_or_else(|why| {
                wrong = Some(why);
                false
            })
        })?;
        wrong.map_or(Ok(()), Err)
    }

    /// Says who is on this entry; whether anybody listens.
    fn entry(&mut self, place: u64, entry: Entry) -> Result<bool, String> {
        let format = match self.format.or_else(|| Format::detect(&entry)) {
            Some(format) => *self.format.insert(format),
            None => return Err("where this file comes from is not recognised; give --format".to_owned()),
        };
        Ok(self.begin(format)
            && match format.read(&entry, self.reading) {
                Ok(mut user) => {
                    user.place = place;
                    self.say(Found::User(Box::new(user)))
                }
                Err(why) => self.say(Found::Skipped(Issue::new(place, why.code, why.message))),
            })
    }

    /// Says that an entry is nobody; whether anybody listens. It waits until it is known where the file comes from.
    fn skip(&mut self, issue: Issue) -> Result<bool, String> {
        if self.has_begun {
            return Ok(self.say(Found::Skipped(issue)));
        }
        self.waiting.push(issue);
        if self.waiting.len() > MOST_WAITING {
            return Err("there is nobody in its first thousand entries".to_owned());
        }
        Ok(true)
    }

    /// Says how the file begins, if that was not said.
    fn begin(&mut self, format: Format) -> bool {
        if std::mem::replace(&mut self.has_begun, true) {
            return true;
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.say(Found::Begun(Begun { format, unit: self.unit }))
            && waiting.into_iter().all(|issue| self.say(Found::Skipped(issue)))
    }

    /// Says what still waits.
    fn end(&mut self) -> Result<(), String> {
        if !self.waiting.is_empty() {
            self.begin(self.format.unwrap_or(Format::Plain));
        }
        Ok(())
    }

    fn say(&self, found: Found) -> bool {
        self.to.blocking_send(found).is_ok()
    }
}

enum Shape {
    Lines,
    Document,
    Table,
}

impl Shape {
    /// By the first line that is not blank, or its beginning: a document may be one long line.
    fn of(line: &[u8]) -> Self {
        match line.trim_ascii_start().first() {
            Some(b'[') => Self::Document,
            Some(b'{') => match lines::object(line) {
                Some(members) if !members.get("users").is_some_and(Value::is_array) => Self::Lines,
                _ => Self::Document,
            },
            _ => Self::Table,
        }
    }
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}
