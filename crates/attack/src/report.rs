//! What was tried and what came of it.

use std::fmt;

/// The outcome of an attack.
#[derive(Debug, Clone)]
pub struct Report {
    /// `tokens`, `guesses` or `oracle`.
    pub attack: &'static str,
    /// A line for each group of tries.
    pub lines: Vec<String>,
    /// How many tries there were.
    pub tried: usize,
    /// What the server should not have done; empty where all is well.
    pub findings: Vec<String>,
}

impl Report {
    pub(crate) const fn of(attack: &'static str) -> Self {
        Self { attack, lines: Vec::new(), tried: 0, findings: Vec::new() }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn line(&mut self, text: String) {
        self.lines.push(text);
    }

    pub(crate) fn finding(&mut self, text: String) {
        self.findings.push(text);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        for finding in &self.findings {
            writeln!(f, "FOUND: {finding}")?;
        }
        let verdict = match self.findings.len() {
            0 => "nothing found".to_owned(),
            1 => "1 FINDING".to_owned(),
            many => format!("{many} FINDINGS"),
        };
        writeln!(f, "{}: {} tries, {verdict}", self.attack, self.tried)
    }
}
