//! What a command prints: a table for people, an object for programs.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use super::failure::Failure;

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON, or for people.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the reader is a program.
    #[must_use]
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// One object for programs, or one line for people.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn say(self, line: &str, value: &Value) -> Result<(), Failure> {
        if self.json { self.json(value) } else { write(&format!("{}\n", printable(line))) }
    }

    /// One object for programs, or a table for people.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn table(self, heads: &[&str], rows: Vec<Vec<String>>, value: &Value) -> Result<(), Failure> {
        if self.json {
            return self.json(value);
        }
        let is_terminal = std::io::stdout().is_terminal();
        let mut table = Table::new();
        table.load_style(if is_terminal { presets::UTF8_HORIZONTAL_ONLY } else { presets::NOTHING });
        if is_terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(heads.iter().copied());
        for row in rows {
            table.add_row(row.iter().map(|cell| printable(cell)));
        }
        write(&format!("{}\n", table.trim_fmt()))
    }

    /// One line of many, for people or programs.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn line(self, line: &str) -> Result<(), Failure> {
        write(&format!("{}\n", printable(line)))
    }

    /// Text as it is.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn text(self, text: &str) -> Result<(), Failure> {
        write(text)
    }

    fn json(self, value: &Value) -> Result<(), Failure> {
        let pretty = std::io::stdout().is_terminal();
        let text = if pretty { format!("{value:#}\n") } else { format!("{value}\n") };
        write(&text)
    }
}

/// Names and user agents come from strangers: nothing in them may command a terminal.
fn printable(text: &str) -> String {
    let is_bare = |c: char| !c.is_control();
    if text.chars().all(is_bare) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_bare(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `countersign audit tail | head` is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a line for people on standard error.
pub fn complain(text: &str) {
    // Nobody is left to hear that nobody hears.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_commands_a_terminal() {
        assert_eq!(printable("Ada \u{1b}[2J\u{9b}31m é"), "Ada \\u{1b}[2J\\u{9b}31m é");
    }
}
