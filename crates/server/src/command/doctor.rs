//! `countersign doctor`: looks at everything that goes wrong in practice, and says what to do.
//!
//! Promises: it mends nothing by itself; it goes on where a check fails; each finding has a name that stays, a state and, where something is to be
//! done, a hint. Exit code 0 where nothing fails, 1 where something does; `--strict` counts warnings, too.

mod data;
mod files;
mod settings;

use clap::Args;
use serde_json::json;

use super::failure::{Exit, Failure};
use super::output::Output;
use crate::config::{Config, Sources, Use};

/// What `doctor` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign doctor
  countersign doctor --json | jq '.findings[] | select(.state != \"ok\")'
  countersign doctor --strict                    for a nightly job: warnings fail, too

Run it as the user of the server, with the server's settings; the server may run. It mends nothing by itself.")]
pub struct DoctorArgs {
    /// Fail on warnings, too.
    #[arg(long)]
    pub strict: bool,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// Odd, or soon to be wrong.
    Warn,
    /// Wrong.
    Fail,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    check: &'static str,
    state: State,
    says: String,
    fix: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, state: State::Ok, says: says.into(), fix: None }
    }

    fn warn(check: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Warn, says: says.into(), fix: Some(fix.into()) }
    }

    fn fail(check: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Fail, says: says.into(), fix: Some(fix.into()) }
    }
}

/// Runs the command.
///
/// # Errors
/// Something fails.
pub async fn run(args: &DoctorArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let findings = look(sources).await;
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    let count = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    let is_well = worst == State::Ok || (worst == State::Warn && !args.strict);
    let views: Vec<_> = findings
        .iter()
        .map(|f| json!({"check": f.check, "state": f.state.as_str(), "says": f.says, "fix": f.fix}))
        .collect();
    if output.is_json() {
        let value = json!({
            "ok": is_well,
            "warnings": count(State::Warn),
            "failures": count(State::Fail),
            "findings": views,
        });
        output.say("", &value)?;
    } else {
        for finding in &findings {
            output.line(&format!("{:<5} {:<14} {}", finding.state.as_str(), finding.check, finding.says))?;
            if let Some(fix) = &finding.fix {
                output.line(&format!("{:<20} -> {fix}", ""))?;
            }
        }
    }
    if is_well {
        return Ok(());
    }
    let (failures, warnings) = (count(State::Fail), count(State::Warn));
    Err(Failure::new(Exit::Failed, format!("{failures} checks fail, {warnings} warn")))
}

async fn look(sources: &Sources) -> Vec<Finding> {
    let mut findings = settings::serve(sources);
    let config = match Config::load(sources, Use::Command) {
        Ok(config) => config,
        // Every refusal has been told: without settings there is nothing further to look at.
        Err(_) => return findings,
    };
    findings.extend(settings::listener(&config));
    findings.extend(settings::tls(&config));
    findings.extend(files::permissions(&config));
    findings.extend(files::room(&config));
    findings.extend(data::look(&config).await);
    findings
}
