//! Checks an export, without a database.
//!
//! Nothing in an export vouches for its own key: whoever made all of it anew could have put his own in. So the key is told
//! from elsewhere ([`Trust::key`]), or the report names the one that was believed.

use std::io::BufRead;

use countersign_jose::{Jwk, VerifyingKey};
use serde_json::Value;

use crate::chain::Link;
use crate::checkpoint::{Checkpoint, CheckpointKind};
use crate::export::{Header, Line, LineError, MAX_LINE};
use crate::finding::{Finding, Report};
use crate::verify::Verifier;

/// What is known from elsewhere, and is believed more than the export.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The name of the key (its thumbprint) that checkpoints must be signed with.
    pub key: Option<String>,
    /// Points that the chain must go through.
    pub expected: Vec<Link>,
    /// Checkpoints that were kept elsewhere.
    pub checkpoints: Vec<String>,
}

/// Checks an export. Nothing but an unreadable `input` stops it.
///
/// # Errors
/// If `input` cannot be read.
pub fn verify_export(mut input: impl BufRead, trust: &Trust) -> std::io::Result<Report> {
    let mut line = Vec::new();
    let mut number: u64 = 0;
    let mut check: Option<Check> = None;
    loop {
        line.clear();
        if read_line(&mut input, &mut line)? == 0 {
            return Ok(check.unwrap_or_else(|| Check::of_records(trust)).finish());
        }
        number = number.saturating_add(1);
        let parsed = match std::str::from_utf8(line.trim_ascii_end()) {
            Ok("") => continue,
            Ok(text) => Line::parse(text),
            Err(_) => Err(LineError::NotARecord("not UTF-8".to_owned())),
        };
        match (&mut check, parsed) {
            (None, Ok(Line::Header(header))) => check = Some(Check::of(&header, trust)),
            (None, parsed) => {
                let mut fresh = Check::of_records(trust);
                fresh.read(number, parsed);
                check = Some(fresh);
            }
            (Some(check), parsed) => check.read(number, parsed),
        }
    }
}

/// A check under way.
struct Check {
    verifier: Verifier,
    key: Option<VerifyingKey>,
    stated: Option<Header>,
}

impl Check {
    /// Of records alone, as someone may have cut them out of an export.
    fn of_records(trust: &Trust) -> Self {
        let mut verifier = expecting(Verifier::whole(), trust);
        if trust.key.is_some() || !trust.checkpoints.is_empty() {
            verifier.note(Finding::OtherKey { found: "none".to_owned() });
        }
        Self { verifier, key: None, stated: None }
    }

    fn of(header: &Header, trust: &Trust) -> Self {
        let found = header.key.as_ref().map(key_of);
        let mut findings = Vec::new();
        let key = match (found, &trust.key) {
            (Some(Some(key)), None) => Some(key),
            (Some(Some(key)), Some(pinned)) if key.kid() == pinned => Some(key),
            (Some(Some(key)), Some(_)) => {
                findings.push(Finding::OtherKey { found: key.kid().to_owned() });
                None
            }
            (Some(None), _) => {
                findings.push(Finding::Unreadable { line: 1, error: LineError::Header });
                None
            }
            (None, Some(_)) => {
                findings.push(Finding::OtherKey { found: "none".to_owned() });
                None
            }
            (None, None) => None,
        };
        let mut verifier = Verifier::after(header.after());
        if let (Some(base), Some(key)) = (&header.base, &key) {
            match Checkpoint::verify(base, CheckpointKind::Base, key) {
                Ok(base) if base.link == header.after() => verifier = Verifier::behind(base),
                Ok(base) => {
                    verifier = Verifier::behind(base);
                    findings.push(Finding::NotTheKnown { seq: header.after().seq, after: 0 });
                }
                Err(error) => findings.push(Finding::Forged { what: "the base".to_owned(), error }),
            }
        } else if header.after() == Link::START {
            verifier.checkpoints_begin_at(1);
        }
        findings.into_iter().for_each(|finding| verifier.note(finding));
        if let Some(key) = &key {
            verifier.trusts(key.kid());
            for kept in &trust.checkpoints {
                believe(&mut verifier, kept, key, "the checkpoint given");
            }
        }
        Self { verifier: expecting(verifier, trust), key, stated: Some(header.clone()) }
    }

    fn read(&mut self, number: u64, line: Result<Line, LineError>) {
        match line {
            Ok(Line::Record(line)) => match line.place {
                Some(place) => self.verifier.read(place, &line.record),
                None => self.verifier.read_unsealed(&line.record),
            },
            Ok(Line::Checkpoint(text)) => {
                // Without a key that is believed there is nothing to hold it to, and a finding says so already.
                if let Some(key) = &self.key {
                    match Checkpoint::verify(&text, CheckpointKind::Checkpoint, key) {
                        Ok(checkpoint) => self.verifier.checkpoint(checkpoint),
                        Err(error) => self.verifier.forged(format!("the checkpoint in line {number}"), error),
                    }
                }
            }
            Ok(Line::Header(_)) => self.verifier.read_damaged(number, LineError::Header),
            Err(error) => self.verifier.read_damaged(number, error),
        }
    }

    fn finish(mut self) -> Report {
        if let Some(header) = &self.stated {
            self.verifier.ends_at(header.last());
            let kept = self.verifier.checkpoints();
            if self.key.is_some() && kept != header.checkpoints {
                self.verifier.note(Finding::CheckpointCount { stated: header.checkpoints, found: kept });
            }
        }
        self.verifier.finish()
    }
}

fn expecting(verifier: Verifier, trust: &Trust) -> Verifier {
    trust.expected.iter().fold(verifier, |verifier, known| verifier.expect(*known))
}

/// Demands that the chain goes through a checkpoint that was kept elsewhere.
fn believe(verifier: &mut Verifier, text: &str, key: &VerifyingKey, what: &str) {
    match Checkpoint::verify(text, CheckpointKind::Checkpoint, key) {
        Ok(checkpoint) => verifier.know_of(checkpoint),
        Err(error) => verifier.forged(what, error),
    }
}

/// The key, if it is one and goes by its own thumbprint.
fn key_of(jwk: &Value) -> Option<VerifyingKey> {
    let jwk = Jwk::parse(&jwk.to_string()).ok()?;
    let is_own_name = jwk.kid() == jwk.thumbprint();
    VerifyingKey::new(jwk).ok().filter(|_| is_own_name)
}

/// Reads up to and with the next line feed, and keeps at most one byte more than [`MAX_LINE`] of it; how many bytes it were.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut read: usize = 0;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (taken, done) = match buffer.iter().position(|b| *b == b'\n') {
            Some(end) => (end.saturating_add(1), true),
            None => (buffer.len(), buffer.is_empty()),
        };
        let room = MAX_LINE.saturating_add(1).saturating_sub(line.len());
        line.extend(buffer.iter().take(taken.min(room)));
        input.consume(taken);
        read = read.saturating_add(taken);
        if done {
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests;
