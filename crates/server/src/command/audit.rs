//! `countersign audit`.

mod export;
mod query;
mod tail;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_audit::{Event, Hash, Link, Outcome};
use countersign_kernel::{RequestId, SessionId};
use countersign_store::AddressRange;
use serde_json::{Value, json};

use super::context::{Context, Data};
use super::failure::Failure;
use super::moment::Moment;
use super::output::Output;
use crate::config::Sources;

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
    /// Search the trail, newest first. All that is given must fit.
    #[command(after_help = "\
Examples:
  countersign audit query --user ada@example.com --since 7d
  countersign audit query --event sign_in_failed --event limit_reached --address 203.0.113.0/24 --since 24h
  countersign audit query --session ses_… --json
  countersign audit query --since 2026-11-01 --until 2026-12-01 --limit 200 --after CURSOR

Moments are dates, RFC 3339, or how long ago: 30m, 24h, 7d.")]
    Query(QueryArgs),
    /// Check that no event was changed, removed, put in or moved.
    #[command(after_help = "\
Examples:
  countersign audit verify                            the database: chain, checkpoints, retention
  countersign audit verify --checkpoint kept.txt      and that it goes through checkpoints that were kept elsewhere
  countersign audit verify --expect 1042:9f86d0…      and through a head that was noted
  countersign audit verify --export trail.jsonl --key kept.jwk
                                                      an export, without a database, by a key that is known

Exit codes: 0 intact, 1 not intact, 3 no such file. What was written in the last second is not sealed yet; the report says
how much that is.")]
    Verify(VerifyArgs),
    /// Write events as JSON lines, which `audit verify --export` checks anywhere.
    #[command(after_help = "\
Examples:
  countersign audit export --out trail.jsonl
  countersign audit export --since 2026-11-01 --until 2026-12-01 --out november.jsonl
  countersign audit export --after 1042 | gzip > rest.jsonl.gz")]
    Export(ExportArgs),
    /// Print the newest signed checkpoint as one line. Keep it where this machine cannot write.
    Checkpoint {
        /// Sign the end of the trail first, if anything came since the last checkpoint.
        #[arg(long)]
        sign: bool,
    },
    /// Print the public key that checkpoints are signed with, as a JWK on one line. Keep it beside the checkpoints.
    Key,
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
    /// By or about this account alone: an id or an e-mail address.
    #[arg(long)]
    pub user: Option<String>,
    /// Of this kind alone, like `signed_in`; docs/reference/audit-events.md lists them.
    #[arg(long, value_parser = event)]
    pub event: Option<Event>,
}

/// What `audit query` is told.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// By or about this account: an id, also of a deleted one, or an e-mail address.
    #[arg(long)]
    pub user: Option<String>,
    /// About this session.
    #[arg(long)]
    pub session: Option<SessionId>,
    /// Of this kind; may be given more than once. docs/reference/audit-events.md lists them.
    #[arg(long = "event", value_name = "EVENT", value_parser = event)]
    pub events: Vec<Event>,
    /// That ended like this: success or refused.
    #[arg(long, value_parser = outcome)]
    pub outcome: Option<Outcome>,
    /// At or after this moment.
    #[arg(long, value_name = "MOMENT", value_parser = Moment::parse)]
    pub since: Option<Moment>,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = Moment::parse)]
    pub until: Option<Moment>,
    /// From this address or network: 203.0.113.7, 2001:db8::/32.
    #[arg(long)]
    pub address: Option<AddressRange>,
    /// Of this request, as `X-Request-Id` and the log name it.
    #[arg(long)]
    pub request: Option<RequestId>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Go on after the last list: its `nextCursor`.
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

/// What `audit verify` is told.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check this export instead of the database; - for standard input.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// A head that was noted before, as this command and the log print it.
    #[arg(long, value_name = "NUMBER:HASH", value_parser = link)]
    pub expect: Vec<Link>,
    /// Checkpoints that were kept elsewhere, one a line, as `audit checkpoint` prints them.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The key that checkpoints must be signed with: its name, or a file with what `audit key` prints.
    #[arg(long, value_name = "NAME|FILE")]
    pub key: Option<String>,
}

/// What `audit export` is told.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Only what comes after the event with this number.
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
    /// Only what comes up to the event with this number.
    #[arg(long, value_name = "NUMBER")]
    pub through: Option<u64>,
    /// Only what was written at or after this moment.
    #[arg(long, value_name = "MOMENT", value_parser = Moment::parse)]
    pub since: Option<Moment>,
    /// Only what was written before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = Moment::parse)]
    pub until: Option<Moment>,
    /// Write to this file, which appears when it is whole; without it, to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: AuditCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    if let AuditCommand::Verify(args) = &command
        && let Some(path) = &args.export
    {
        return verify::export(path, args, output);
    }
    let context = Context::open(sources, output, Data::MustExist).await?;
    let done = act(command, &context).await;
    context.close().await;
    done
}

async fn act(command: AuditCommand, context: &Context) -> Result<(), Failure> {
    match command {
        AuditCommand::Tail(args) => tail::run(args, context).await,
        AuditCommand::Query(args) => query::run(args, context).await,
        AuditCommand::Verify(args) => verify::database(&args, context).await,
        AuditCommand::Export(args) => export::run(&args, context).await,
        AuditCommand::Checkpoint { sign } => checkpoint(sign, context).await,
        AuditCommand::Key => {
            let key = context.system.audit_key();
            let jwk: Value = serde_json::from_str(&key.public_jwk()).unwrap_or(Value::Null);
            context.output.say(&key.public_jwk(), &json!({"kid": key.kid(), "jwk": jwk}))
        }
    }
}

async fn checkpoint(sign: bool, context: &Context) -> Result<(), Failure> {
    if sign {
        context.system.checkpoint().await?;
    }
    let store = context.system.store();
    let newest = countersign_trail::newest_checkpoint(store.as_ref()).await?;
    let Some(newest) = newest else {
        return Err(Failure::not_found("nothing was signed yet; --sign does it now"));
    };
    let checkpoint = newest.checkpoint;
    let value = json!({
        "number": checkpoint.number,
        "head": format!("{}:{}", checkpoint.link.seq, checkpoint.link.hash),
        "time": checkpoint.at.to_rfc3339(),
        "signed": newest.signed,
    });
    context.output.say(&newest.signed, &value)
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

fn outcome(name: &str) -> Result<Outcome, String> {
    Outcome::parse(name).ok_or_else(|| "expected success or refused".to_owned())
}

fn link(text: &str) -> Result<Link, String> {
    let parsed =
        text.split_once(':').and_then(|(seq, hash)| Some(Link { seq: seq.parse().ok()?, hash: Hash::parse(hash)? }));
    parsed
        .ok_or_else(|| "expected a number, a colon and 64 hexadecimal digits, as `audit verify` prints them".to_owned())
}
