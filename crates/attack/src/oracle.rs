//! Asks about an address that somebody has and about one that nobody has, in turn, and looks for any difference: in what is said, and
//! in how long it takes.
//!
//! Times are compared by rank: how often an answer about the known address took longer than one about an unknown address. Half of the
//! times means that an answer tells nothing; a slow machine, a pause and a stray answer of a second move it little. Which of the two is
//! asked first is drawn for each pair, so that what one leaves to do does not always fall to the other.

mod rank;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::client::{Answer, Ask, Target, random_letters};
use crate::report::Report;

/// A place where an address can be asked about.
struct Door {
    what: &'static str,
    path: &'static str,
    body: fn(&str) -> Value,
}

const DOORS: [Door; 4] = [
    Door {
        what: "a wrong password",
        path: "/api/auth/login",
        body: |email| json!({"email": email, "password": "not the password"}),
    },
    Door { what: "a forgotten password", path: "/api/auth/password/forgot", body: |email| json!({"email": email}) },
    Door { what: "a link to sign in", path: "/api/auth/link", body: |email| json!({"email": email}) },
    Door { what: "another mail to confirm", path: "/api/auth/email/resend", body: |email| json!({"email": email}) },
];

/// How much more often than not one of the two may be the slower one: beyond, one look tells in three of five cases.
const MOST: f64 = 0.1;

/// What was seen of one address.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    /// How the first answer read.
    said: Option<String>,
    changed: bool,
}

/// Attacks `target`, with so many pairs of questions at each door. Its limits must be off: they would answer instead.
///
/// # Errors
/// It could not be tried: the server is not there, lets nobody register, or refuses to be asked so often.
pub async fn run(target: &Target, pairs: usize) -> Result<Report> {
    let mut report = Report::of("oracle");
    let run = random_letters(8)?;
    for door in &DOORS {
        // Somebody new at each: what one door leaves with an account must not be the next one's difference.
        let known = format!("{}-{}@example.com", run, random_letters(6)?);
        let account = json!({"email": known, "password": format!("{}-otter-41", random_letters(12)?), "name": "A"});
        let registered = target.send(&Ask::post("/api/auth/register", &account)).await?;
        let _ = if registered.status == 202 { registered } else { registered.expect(201)? };
        let [mut of_known, mut of_unknown] = <[Seen; 2]>::default();
        for _ in 0..pairs {
            let chance = random_letters(6)?;
            let unknown = format!("{run}-{chance}@example.com");
            let is_known_first = chance.bytes().fold(0_u8, u8::wrapping_add).is_multiple_of(2);
            for is_known in [is_known_first, !is_known_first] {
                let (email, seen) = if is_known { (&known, &mut of_known) } else { (&unknown, &mut of_unknown) };
                let ask = Ask::post(door.path, &(door.body)(email));
                let asked = Instant::now();
                let answer = target.send(&ask).await?;
                seen.take(asked.elapsed(), &answer).with_context(|| door.what)?;
            }
        }
        judge(door.what, &of_known, &of_unknown, &mut report);
    }
    Ok(report)
}

impl Seen {
    fn take(&mut self, took: Duration, answer: &Answer) -> Result<()> {
        anyhow::ensure!(!matches!(answer.status, 428 | 429 | 503), "{}: switch its limits off", answer.status);
        let reading = reading(answer);
        self.times.push(took);
        match &self.said {
            None => self.said = Some(reading),
            Some(said) => self.changed |= *said != reading,
        }
        Ok(())
    }
}

/// All that an answer says, but for what is another in each: the request's id, the time, and random values of cookies.
fn reading(answer: &Answer) -> String {
    let mut body = answer.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    let fields = answer.fields().filter(|(name, _)| !matches!(*name, "x-request-id" | "date"));
    let plain = fields.map(|(name, value)| match name {
        "set-cookie" => format!("{name}: {}", value.split('=').next().unwrap_or_default()),
        _ => format!("{name}: {value}"),
    });
    let mut fields: Vec<String> = plain.collect();
    fields.sort_unstable();
    format!("{} {} {body}", answer.status, fields.join("; "))
}

fn judge(what: &str, known: &Seen, unknown: &Seen, report: &mut Report) {
    report.tried += known.times.len() + unknown.times.len();
    if known.said != unknown.said || known.changed || unknown.changed {
        let [of_known, of_unknown] = [known, unknown].map(|seen| seen.said.clone().unwrap_or_default());
        report.finding(format!("{what}: answers differ: {of_known} | {of_unknown}"));
    }
    let slower = rank::share_above(&known.times, &unknown.times);
    let [of_known, of_unknown] = [known, unknown].map(|seen| rank::median(&seen.times));
    report.line(format!(
        "{what}: {of_known:.1?} for a known address, {of_unknown:.1?} for an unknown one (medians); the known one is slower in {:.0} of 100",
        slower * 100.0
    ));
    if (slower - 0.5).abs() > MOST {
        report.finding(format!("{what}: the time tells, in {:.0} of 100", slower.max(1.0 - slower) * 100.0));
    }
}
