//! `countersign audit`.

use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use countersign_audit::{Actor, Event, Hash, Line, Link, Record, Report, Verifier, verify_export};
use countersign_kernel::Lifetime;
use countersign_store::{AuditFilter, PageRequest};
use countersign_trail::Tail;
use serde_json::{Value, json};

use super::context::{Context, Data};
use super::failure::{Exit, Failure};
use super::output::Output;
use crate::config::Sources;

/// How often `audit tail --follow` looks.
const LOOK: Duration = Duration::from_millis(500);

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show the newest events, oldest first.
    #[command(after_help = "\
Examples:
  countersign audit tail --user ada@example.com
  countersign audit tail --event sign_in_failed --limit 100
  countersign audit tail --follow --json | jq .record.event")]
    Tail(TailArgs),
    /// Check that no event was changed, removed or put in.
    #[command(after_help = "\
Examples:
  countersign audit verify                         the database; prints the head of the chain
  countersign audit verify --expect 1042:9f86d0…   and that it goes through a head that was noted before
  countersign audit verify --export trail.jsonl    an export, without a database

What was written in the last second is not sealed yet; the report says how much that is.")]
    Verify(VerifyArgs),
    /// Write every event as JSON lines, which `audit verify --export` checks anywhere.
    Export {
        /// Only what comes after the event with this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

/// What `audit tail` is told.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Go on with what comes; Ctrl-C ends it.
    #[arg(long, short)]
    pub follow: bool,
    /// How many to begin with.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// About this account alone: an id or an e-mail address.
    #[arg(long)]
    pub user: Option<String>,
    /// Of this kind alone, like `signed_in`; docs/reference/audit-events.md lists them.
    #[arg(long, value_parser = event)]
    pub event: Option<Event>,
}

/// What `audit verify` is told.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check this export instead of the database; - for standard input.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// A head that was noted before, as this command prints it.
    #[arg(long, value_name = "NUMBER:HASH", value_parser = link)]
    pub expect: Option<Link>,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: AuditCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    if let AuditCommand::Verify(VerifyArgs { export: Some(path), expect }) = &command {
        return judge(&read_export(path, verifier(*expect))?, output);
    }
    let context = Context::open(sources, output, Data::MustExist).await?;
    let done = act(command, &context).await;
    context.close().await;
    done
}

async fn act(command: AuditCommand, context: &Context) -> Result<(), Failure> {
    let store = context.system.store();
    match command {
        AuditCommand::Tail(args) => tail(args, context).await,
        AuditCommand::Verify(args) => {
            let report = countersign_trail::check(store.as_ref(), verifier(args.expect)).await?;
            judge(&report, context.output)
        }
        AuditCommand::Export { after } => {
            match countersign_trail::export(store.as_ref(), after, &mut std::io::stdout()).await {
                // `countersign audit export | head` is no failure.
                Err(countersign_trail::Error::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                    Ok(())
                }
                other => Ok(other.map(drop)?),
            }
        }
    }
}

async fn tail(args: TailArgs, context: &Context) -> Result<(), Failure> {
    let subject = match &args.user {
        Some(user) => Some(context.subject(user).await?),
        None => None,
    };
    let filter = AuditFilter { subject, event: args.event, ..AuditFilter::default() };
    let store = context.system.store();
    let mut lines = countersign_trail::list(store.as_ref(), &filter, &PageRequest::first(args.limit)).await?.items;
    lines.reverse();
    if !args.follow {
        let rows = lines.iter().map(|line| row(&line.record)).collect();
        let views: Vec<Value> = lines.iter().map(view).collect();
        let heads = ["time", "event", "outcome", "reason", "actor", "subject", "session", "address"];
        return context.output.table(&heads, rows, &json!({"data": views}));
    }
    let now = store.now();
    let from = lines.first().map_or(now, |line| line.record.at) - Lifetime::from_minutes(1);
    let mut following = Tail::new(filter, from);
    // What the first look finds is shown already, or older than what was asked for.
    following.next(store.as_ref()).await?;
    print(&lines, context.output)?;
    loop {
        tokio::time::sleep(LOOK).await;
        print(&following.next(store.as_ref()).await?, context.output)?;
    }
}

fn print(lines: &[Line], output: Output) -> Result<(), Failure> {
    for line in lines {
        let text = if output.is_json() { line.to_json() } else { row(&line.record).join("  ") };
        output.line(&text)?;
    }
    Ok(())
}

fn read_export(path: &std::path::Path, verifier: Verifier) -> Result<Report, Failure> {
    if path.as_os_str() == "-" {
        return Ok(verify_export(std::io::stdin().lock(), verifier)?);
    }
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("{}: there is no such file", path.display())),
        _ => Failure::new(Exit::Failed, format!("{}: {error}", path.display())),
    })?;
    Ok(verify_export(BufReader::new(file), verifier)?)
}

fn verifier(expected: Option<Link>) -> Verifier {
    expected.map_or_else(Verifier::whole, |known| Verifier::whole().expect(known))
}

fn judge(report: &Report, output: Output) -> Result<(), Failure> {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let head = format!("{}:{}", report.head.seq, report.head.hash);
    let value = json!({
        "intact": report.is_intact(),
        "sealed": report.sealed,
        "unsealed": report.unsealed,
        "unsealedSince": report.unsealed_since.map(|at| at.to_rfc3339()),
        "head": head,
        "findings": findings,
        "moreFindings": report.more_findings,
    });
    if report.is_intact() {
        let waiting = if report.unsealed > 0 { format!("; {} not sealed yet", report.unsealed) } else { String::new() };
        return output.say(&format!("{} events are intact{waiting}; head {head}", report.sealed), &value);
    }
    if output.is_json() {
        output.say("", &value)?;
    }
    let more = if report.more_findings > 0 { format!("\n  and {} more", report.more_findings) } else { String::new() };
    Err(Failure::new(Exit::Failed, format!("the audit trail is not intact:\n  {}{more}", findings.join("\n  "))))
}

fn row(record: &Record) -> Vec<String> {
    let actor = match record.actor {
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::User(id) => id.to_string(),
        Actor::Operator => "operator".to_owned(),
        Actor::System => "system".to_owned(),
    };
    vec![
        record.at.to_rfc3339(),
        record.event.as_str().to_owned(),
        record.outcome.as_str().to_owned(),
        record.reason.clone().unwrap_or_default(),
        actor,
        record.subject.map(|id| id.to_string()).unwrap_or_default(),
        record.session.map(|id| id.to_string()).unwrap_or_default(),
        record.address.clone().unwrap_or_default(),
    ]
}

fn view(line: &Line) -> Value {
    serde_json::from_str(&line.to_json()).unwrap_or(Value::Null)
}

fn event(name: &str) -> Result<Event, String> {
    Event::parse(name).ok_or_else(|| {
        let near = crate::config::refusal::nearest(name, Event::ALL.iter().map(|e| e.as_str().to_owned()));
        near.map_or_else(
            || "there is no such event".to_owned(),
            |near| format!("there is no such event; did you mean {near}?"),
        )
    })
}

fn link(text: &str) -> Result<Link, String> {
    let parsed =
        text.split_once(':').and_then(|(seq, hash)| Some(Link { seq: seq.parse().ok()?, hash: Hash::parse(hash)? }));
    parsed
        .ok_or_else(|| "expected a number, a colon and 64 hexadecimal digits, as `audit verify` prints them".to_owned())
}
