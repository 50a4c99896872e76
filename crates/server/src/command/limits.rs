//! `countersign limits`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use countersign::{Policies, Quota};
use countersign_account::replay::{Effect, LimitReplayed, Replay, Replayed, Stop, Whom};
use countersign_audit::Record;
use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{AuditFilter, PageRequest, Store};
use serde_json::{Value, json};

use super::context::{Context, Data};
use super::failure::{Exit, Failure};
use super::moment::Moment;
use super::output::Output;
use crate::config::limits::{self, Allowance};
use crate::config::{Config, Sources, Use};
use crate::wire;

/// What can be done with limits.
#[derive(Debug, Subcommand)]
pub enum LimitsCommand {
    /// Show every limit: how many acts in which time, and what happens then.
    Show,
    /// Say whom other limits would have stopped, by the audit trail. Changes nothing.
    #[command(after_help = "\
Examples:
  echo 'limits.sign_in_address = \"10/15m\"' > tighter.toml
  countersign limits simulate --policy tighter.toml
  countersign limits simulate --policy tighter.toml --since 7d --json

FILE holds lines of limits as countersign.toml does; limits that it does not name stay as they are. Who
got in later, from the same network, is likely honest: whoever raises that number locks people out.")]
    Simulate(SimulateArgs),
}

/// What `limits simulate` is told.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The limits to try.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// From when on: a moment, a date, or how long ago, like 12h or 7d.
    #[arg(long, value_name = "WHEN", default_value = "30d", value_parser = Moment::parse)]
    pub since: Moment,
    /// Until when; now without it.
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub until: Option<Moment>,
    /// How many are named for each limit.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// Runs the command.
///
/// # Errors
/// Why it could not.
pub async fn run(command: LimitsCommand, sources: &Sources, output: Output) -> Result<(), Failure> {
    match command {
        LimitsCommand::Show => show(&Config::load(sources, Use::Command)?, output),
        LimitsCommand::Simulate(args) => {
            let present = wire::policies(&Config::load(sources, Use::Command)?.limits);
            let proposed = wire::policies(&propose(sources, &args.policy)?);
            let context = Context::open(sources, output, Data::MustExist).await?;
            let done = simulate(&args, [present, proposed], &context).await;
            context.close().await;
            done
        }
    }
}

fn show(config: &Config, output: Output) -> Result<(), Failure> {
    let (policies, defaults) = (wire::policies(&config.limits), Policies::default());
    let pairs: Vec<(Quota, Quota)> = policies.all().into_iter().zip(defaults.all()).collect();
    let rows = pairs.iter().map(|(quota, default)| {
        vec![quota.name.to_owned(), allowance(*quota), allowance(*default), effect(Effect::of(quota.name)).to_owned()]
    });
    let views: Vec<Value> = pairs
        .iter()
        .map(|(quota, default)| {
            json!({
                "name": quota.name, "limit": quota.limit, "windowSeconds": quota.window.as_seconds(),
                "isDefault": quota == default, "effect": Effect::of(quota.name).as_str(),
            })
        })
        .collect();
    let value = json!({
        "enabled": config.limits.enabled,
        "challengeDifficulty": config.limits.challenge_difficulty,
        "limits": views,
    });
    output.table(&["limit", "value", "default", "beyond it"], rows.collect(), &value)?;
    if !output.is_json() && !config.limits.enabled {
        output.line("limits.enabled is false: none of them holds")?;
    }
    Ok(())
}

/// The limits of `sources` with those of the file over them.
fn propose(sources: &Sources, path: &Path) -> Result<limits::Limits, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("{}: there is no such file", path.display())),
        _ => Failure::new(Exit::Failed, format!("{}: {error}", path.display())),
    })?;
    Ok(limits::propose(sources.gather().found, path, &text)?)
}

async fn simulate(args: &SimulateArgs, policies: [Policies; 2], context: &Context) -> Result<(), Failure> {
    let store = context.system.store();
    let now = store.now();
    let (since, until) = (args.since.when(now), args.until.map_or(now, |until| until.when(now)));
    if since >= until {
        return Err(Failure::usage("--since must be before --until"));
    }
    // What happened earlier fills the windows, the longest of which is a day.
    let [mut present, mut proposed] = policies.map(|p| Replay::new(p, since, context.system.env()));
    let mut from = since - LONGEST_WINDOW;
    while from < until {
        let to = (from + SLICE).min(until);
        for record in slice(store.as_ref(), from, to).await? {
            present.read(&record).await;
            proposed.read(&record).await;
        }
        from = to;
    }
    say(&present.finish(), &proposed.finish(), (since, until), args.limit, context.output)
}

/// The records of a short time, oldest first.
async fn slice(store: &dyn Store, from: Timestamp, to: Timestamp) -> Result<Vec<Record>, Failure> {
    let filter = AuditFilter { since: Some(from), until: Some(to), ..AuditFilter::default() };
    let mut request = PageRequest::first(countersign_store::page::MAX_LIMIT);
    let mut records = Vec::new();
    loop {
        let page = countersign_trail::list(store, &filter, &request).await?;
        records.extend(page.items.into_iter().map(|line| line.record));
        match page.next {
            Some(cursor) => request = PageRequest::after(cursor, countersign_store::page::MAX_LIMIT),
            None => break,
        }
    }
    records.reverse();
    Ok(records)
}

fn say(
    present: &Replayed,
    proposed: &Replayed,
    (since, until): (Timestamp, Timestamp),
    most: u32,
    output: Output,
) -> Result<(), Failure> {
    let pairs: Vec<(&LimitReplayed, &LimitReplayed)> = present.limits.iter().zip(&proposed.limits).collect();
    let views: Vec<Value> = pairs.iter().map(|(now, then)| view(now, then)).collect();
    let value = json!({
        "since": since.to_rfc3339(), "until": until.to_rfc3339(),
        "acts": proposed.acts, "refusalsOnRecord": proposed.unseen, "unnamed": proposed.more, "limits": views,
    });
    let rows = pairs.iter().map(|(now, then)| {
        let count = |limit: &LimitReplayed| match limit.effect {
            Effect::NotInTheTrail | Effect::Hardens => "-".to_owned(),
            Effect::Refuses | Effect::Challenges => format!("{} ({})", limit.times(), limit.likely_honest()),
        };
        vec![
            then.quota.name.to_owned(),
            allowance(now.quota),
            allowance(then.quota),
            effect(then.effect).to_owned(),
            count(now),
            count(then),
        ]
    });
    let heads =
        ["limit", "now", "proposed", "beyond it", "stopped now (likely honest)", "stopped then (likely honest)"];
    output.table(&heads, rows.collect(), &value)?;
    if output.is_json() {
        return Ok(());
    }
    output.line("")?;
    output.line(&format!("{} acts from {since} to {until} are counted by a limit.", proposed.acts))?;
    if proposed.unseen > 0 {
        output.line(&format!(
            "{} times a limit refused then. The trail holds the first refusal of each window only: where a proposed limit \
             is wider, more would have got through than is counted here.",
            proposed.unseen
        ))?;
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut named = Vec::new();
    for (now, then) in &pairs {
        let stops = then.stops.iter().take(most);
        named.extend(stops.map(|(whom, stop)| row(then.quota.name, whom, stop, is_stopped_by(now, whom))));
    }
    if named.is_empty() {
        return output.line("The proposed limits would have stopped nobody.");
    }
    output.line("")?;
    let heads = ["limit", "whom", "from", "times", "first", "last", "got in", "stopped now too"];
    output.table(&heads, named, &Value::Null)?;
    let unnamed: usize = proposed.limits.iter().map(|limit| limit.stops.len().saturating_sub(most)).sum();
    if unnamed > 0 || proposed.more > 0 {
        output.line(&format!(
            "{unnamed} more are named with --limit or --json; {} acts of people who are not.",
            proposed.more
        ))?;
    }
    Ok(())
}

fn view(now: &LimitReplayed, then: &LimitReplayed) -> Value {
    let totals = |limit: &LimitReplayed| {
        json!({
            "limit": limit.quota.limit, "windowSeconds": limit.quota.window.as_seconds(),
            "stopped": limit.times(), "people": limit.stops.len(), "likelyHonest": limit.likely_honest(),
        })
    };
    let whom: Vec<Value> = then
        .stops
        .iter()
        .map(|(whom, stop)| {
            json!({
                "subject": whom.subject.map(|id| id.to_string()), "unknownAccount": whom.unknown, "network": whom.network,
                "times": stop.times, "first": stop.first.to_rfc3339(), "last": stop.last.to_rfc3339(),
                "gotIn": stop.got_in, "stoppedNowToo": is_stopped_by(now, whom),
            })
        })
        .collect();
    json!({"name": then.quota.name, "effect": then.effect.as_str(), "now": totals(now), "proposed": totals(then), "whom": whom})
}

fn row(limit: &str, whom: &Whom, stop: &Stop, is_stopped_now: bool) -> Vec<String> {
    let yes_or_no = |is| if is { "yes" } else { "no" }.to_owned();
    let unknown = || whom.unknown.as_ref().map(|hash| format!("no account ({hash})"));
    vec![
        limit.to_owned(),
        whom.subject.map(|id| id.to_string()).or_else(unknown).unwrap_or_default(),
        whom.network.clone().unwrap_or_default(),
        stop.times.to_string(),
        stop.first.to_rfc3339(),
        stop.last.to_rfc3339(),
        yes_or_no(stop.got_in),
        yes_or_no(is_stopped_now),
    ]
}

fn is_stopped_by(limit: &LimitReplayed, whom: &Whom) -> bool {
    limit.stops.iter().any(|(stopped, _)| stopped == whom)
}

fn allowance(quota: Quota) -> String {
    use crate::config::value::Value as _;
    // No window: nothing is counted until the operator sets one.
    if quota.window == Lifetime::ZERO {
        return "none".to_owned();
    }
    Allowance { limit: quota.limit, window: quota.window }.show()
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Refuses => "refused (429)",
        Effect::Challenges => "a proof of work (428)",
        Effect::Hardens => "harder proofs of work",
        Effect::NotInTheTrail => "refused (429), not in the trail",
    }
}

/// No window is longer.
const LONGEST_WINDOW: Lifetime = Lifetime::from_hours(24);

/// How much of the trail is in memory at a time.
const SLICE: Lifetime = Lifetime::from_hours(1);
