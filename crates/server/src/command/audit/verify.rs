//! `countersign audit verify`.

use std::io::BufReader;
use std::path::Path;

use countersign_audit::{Report, Trust, verify_export};
use serde_json::{Value, json};

use super::VerifyArgs;
use crate::command::context::Context;
use crate::command::failure::{Exit, Failure};
use crate::command::output::Output;

/// Checks the database.
pub(super) async fn database(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    let store = context.system.store();
    let key = context.system.audit_key().verifying_key();
    let verifier = countersign_trail::verifier(store.as_ref(), &key, &trust(args)?).await?;
    let report = countersign_trail::check(store.as_ref(), verifier).await?;
    judge(&report, context.output, true)
}

/// Checks an export.
pub(super) fn export(path: &Path, args: &VerifyArgs, output: Output) -> Result<(), Failure> {
    let trust = trust(args)?;
    let report = if path.as_os_str() == "-" {
        verify_export(std::io::stdin().lock(), &trust)?
    } else {
        verify_export(BufReader::new(open(path)?), &trust)?
    };
    judge(&report, output, trust.key.is_some())
}

fn trust(args: &VerifyArgs) -> Result<Trust, Failure> {
    let checkpoints = match &args.checkpoint {
        Some(path) => std::io::read_to_string(open(path)?)?.split_whitespace().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    Ok(Trust { key: args.key.as_deref().map(key).transpose()?, expected: args.expect.clone(), checkpoints })
}

/// The name of a key: as it was typed, or of the JWK in the file that was named.
fn key(text: &str) -> Result<String, Failure> {
    let is_name = text.len() == THUMBPRINT && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if is_name {
        return Ok(text.to_owned());
    }
    let jwk: Value =
        serde_json::from_reader(open(Path::new(text))?).map_err(|e| Failure::usage(format!("{text}: {e}")))?;
    // As `audit key` prints it, or as `audit key --json` does.
    let kid = jwk.get("kid").and_then(Value::as_str);
    kid.map(str::to_owned).ok_or_else(|| Failure::usage(format!("{text} holds no key with a name")))
}

fn open(path: &Path) -> Result<std::fs::File, Failure> {
    std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!("{}: there is no such file", path.display())),
        _ => Failure::new(Exit::Failed, format!("{}: {error}", path.display())),
    })
}

fn judge(report: &Report, output: Output, is_key_known: bool) -> Result<(), Failure> {
    if report.is_intact() {
        return output.say(&summary(report, is_key_known), &view(report));
    }
    if output.is_json() {
        output.say("", &view(report))?;
    }
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let more = if report.more_findings > 0 { format!("\n  and {} more", report.more_findings) } else { String::new() };
    Err(Failure::new(Exit::Failed, format!("the audit trail is not intact:\n  {}{more}", findings.join("\n  "))))
}

fn summary(report: &Report, is_key_known: bool) -> String {
    let head = format!("{}:{}", report.head.seq, report.head.hash);
    let mut text = format!("{} events are intact; head {head}", report.sealed);
    match (&report.base, report.start.seq) {
        (Some(base), seq) => text += &format!("; begins at {} by retention, signed {}", seq.saturating_add(1), base.at),
        (None, 0) => {}
        (None, seq) => text += &format!("; a part, which begins at {}", seq.saturating_add(1)),
    }
    match &report.signed {
        Some(signed) => text += &format!("; signed up to {} on {}", signed.link.seq, signed.at),
        None => text += "; not signed",
    }
    match &report.key {
        Some(key) if !is_key_known => {
            text += &format!("; by key {key}, on the word of the export: compare it, or give --key")
        }
        _ => {}
    }
    if report.erased > 0 {
        text += &format!("; {} without the personal fields of people who are gone", report.erased);
    }
    if report.unsealed > 0 {
        text += &format!("; {} not sealed yet", report.unsealed);
    }
    text
}

fn view(report: &Report) -> Value {
    let point = |link: countersign_audit::Link| format!("{}:{}", link.seq, link.hash);
    let statement = |c: &countersign_audit::Checkpoint| json!({"number": c.number, "head": point(c.link), "time": c.at.to_rfc3339()});
    let finding = |finding: &countersign_audit::Finding| {
        let records = finding.records();
        json!({
            "kind": finding.kind(),
            "first": records.map(|(first, _)| first),
            "last": records.map(|(_, last)| last),
            "text": finding.to_string(),
        })
    };
    json!({
        "intact": report.is_intact(),
        "sealed": report.sealed,
        "erased": report.erased,
        "start": point(report.start),
        "base": report.base.as_ref().map(statement),
        "head": point(report.head),
        "checkpoints": report.checkpoints,
        "signed": report.signed.as_ref().map(statement),
        "unsigned": report.unsigned(),
        "key": report.key,
        "unsealed": report.unsealed,
        "unsealedSince": report.unsealed_since.map(|at| at.to_rfc3339()),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "moreFindings": report.more_findings,
    })
}

/// How long the name of a key is: SHA-256 in base64url.
const THUMBPRINT: usize = 43;
