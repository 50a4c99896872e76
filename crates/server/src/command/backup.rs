//! `countersign backup` and `countersign restore`.
//!
//! Promises: a backup is made beside a running server and is checked before it is there; a restore asks what is to become of the sessions,
//! and refuses where nobody is there to ask.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use countersign::{BackupError, PublicUrl, Reach, Restore, Restored, RestoredSessions};
use serde_json::json;

use super::context::{Context, Data};
use super::failure::{Exit, Failure};
use super::output::{Output, complain};
use crate::config::{Config, Sources, Use};
use crate::wire;

/// What `backup` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign backup                                  into backups/ of the data directory
  countersign backup --out /mnt/vault/auth.backup
  head -n 1 auth.backup                               what is in it

The server may run: nobody waits. What is sealed stays sealed under the master key, which is not in the backup: keep a copy of
master.key elsewhere. Copy the directory sign-outs, too, and more often: a restore needs it.")]
pub struct BackupArgs {
    /// The file to make; there must be none of that name.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Put the master key in as well. Whoever has the file then has everything.
    #[arg(long)]
    pub with_master_key: bool,
}

/// What `restore` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign restore auth.backup                     asks about the sessions
  countersign restore auth.backup --journal           what ended since the backup stays ended, everyone else goes on
  countersign restore auth.backup --journal=/mnt/old/sign-outs
  countersign restore auth.backup --end-all-sessions  everyone signs in again
  countersign restore auth.backup --dry-run           check the backup and the journal, change nothing

Stop the server first. The database that is replaced is kept beside the new one.")]
pub struct RestoreArgs {
    /// The backup.
    pub file: PathBuf,
    /// Replay the journal of sign-outs: the one beside the database, or this directory.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, conflicts_with = "end_all_sessions")]
    pub journal: Option<Option<PathBuf>>,
    /// End every session: for when there is no journal of the time since the backup.
    #[arg(long)]
    pub end_all_sessions: bool,
    /// Check everything and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Makes a backup.
///
/// # Errors
/// Why it could not; there is no file then.
pub async fn run(args: &BackupArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let Some(database) = Config::load(sources, Use::Command)?.general.database_file() else {
        return Err(BackupError::NotSqlite.into());
    };
    let context = Context::open(sources, output, Data::MustExist).await?;
    let done = make(args, &database, &context).await;
    context.close().await;
    done
}

async fn make(args: &BackupArgs, database: &Path, context: &Context) -> Result<(), Failure> {
    let path = match &args.out {
        Some(path) => path.clone(),
        None => default_path(database, context)?,
    };
    if args.with_master_key {
        complain(
            "warning: the master key is in this backup: whoever can read the file can sign as you. Keep it as you keep the key.",
        );
    }
    let manifest = context.system.back_up(&path, args.with_master_key).await?;
    let line = format!(
        "{} holds the database of {}: {} MB, checked, living sessions: {}",
        path.display(),
        manifest.made_at,
        manifest.bytes.div_ceil(1_000_000),
        manifest.living_sessions
    );
    let mut value = serde_json::to_value(&manifest).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("file".to_owned(), json!(path.display().to_string()));
        object.insert("withMasterKey".to_owned(), json!(args.with_master_key));
    }
    context.output.say(&line, &value)
}

/// `backups/countersign-20261122T051500Z.backup` beside the database.
fn default_path(database: &Path, context: &Context) -> Result<PathBuf, Failure> {
    let folder = database.with_file_name("backups");
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(Exit::Failed, format!("could not make {}: {error}", folder.display())));
        }
        _ => {}
    }
    let now = context.system.store().now().to_rfc3339();
    let moment: String = now.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    Ok(folder.join(format!("countersign-{moment}.backup")))
}

/// Puts a backup back.
///
/// # Errors
/// Why it could not; everything is as it was then.
pub async fn restore(args: &RestoreArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    if !args.dry_run && args.journal.is_none() && !args.end_all_sessions && !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "what is to become of the sessions? Say --journal (what has ended since the backup stays ended) or \
             --end-all-sessions (everyone signs in again)",
        ));
    }
    let config = Config::load(sources, Use::Command)?;
    let fallback = || PublicUrl::parse("http://localhost:8420");
    let public_url = config.general.public_url.clone().map_or_else(fallback, Ok);
    let public_url = public_url.map_err(|e| Failure::usage(e.to_string()))?;
    let builder = wire::builder(&config, &public_url);
    #[cfg(feature = "driven-clock")]
    let builder = builder.env(crate::driven::env()?);
    let ready = builder.restore(&args.file).await?;
    let journal = args.journal.clone().flatten().unwrap_or_else(|| ready.journal());
    if args.dry_run {
        return check(&ready, &journal, output);
    }
    let sessions = match (&args.journal, args.end_all_sessions) {
        (_, true) => RestoredSessions::EndAll,
        (Some(_), false) => RestoredSessions::Replay(journal),
        (None, false) => ask(&ready, journal)?,
    };
    let made_at = ready.manifest().made_at.clone();
    let restored = ready.finish(&sessions).await?;
    report(&made_at, &sessions, &restored, output)
}

fn check(ready: &Restore, journal: &Path, output: Output) -> Result<(), Failure> {
    let manifest = ready.manifest();
    let (words, reach) = match ready.reach(journal) {
        Ok(reach) => (words(&reach), Some(reach)),
        Err(BackupError::NoJournal(path)) => (format!("there is no journal at {}", path.display()), None),
        Err(error) => return Err(error.into()),
    };
    let line =
        format!("the backup of {} is good, living sessions: {}; {words}", manifest.made_at, manifest.living_sessions);
    let value = json!({
        "ok": true,
        "madeAt": manifest.made_at,
        "livingSessions": manifest.living_sessions,
        "journal": reach.map(|reach| json!({
            "acts": reach.acts,
            "missing": reach.missing,
            "damagedLines": reach.damaged,
        })),
    });
    output.say(&line, &value)
}

fn words(reach: &Reach) -> String {
    match reach.missing {
        Some((first, last)) => format!("the journal lacks revocations {first} to {last}: end all sessions"),
        None => format!("the journal holds {} acts since", reach.acts),
    }
}

/// Asks on the terminal.
fn ask(ready: &Restore, journal: PathBuf) -> Result<RestoredSessions, Failure> {
    let reach = ready.reach(&journal);
    let said = match &reach {
        Ok(reach) => words(reach),
        Err(error) => error.to_string(),
    };
    let mut text = format!(
        "The backup was made at {} and holds this many living sessions: {}. Since then people may have signed out.\n\n",
        ready.manifest().made_at,
        ready.manifest().living_sessions
    );
    // Writing into a String does not fail.
    let _ = write!(
        text,
        "  1  replay the journal: who signed out stays out, everyone else goes on ({said})\n  \
         2  end all sessions: everyone signs in again\n\n1, 2, or anything else to leave everything as it is: "
    );
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    match line.trim() {
        "1" => Ok(RestoredSessions::Replay(journal)),
        "2" => Ok(RestoredSessions::EndAll),
        _ => Err(Failure::denied("nothing was changed")),
    }
}

fn report(made_at: &str, sessions: &RestoredSessions, restored: &Restored, output: Output) -> Result<(), Failure> {
    let mut lines = vec![format!("the backup of {made_at} is in place, sessions ended: {}", restored.sessions_ended)];
    if restored.sessions_renewed > 0 {
        lines.push(format!("sessions that may be idle from now on, as if just used: {}", restored.sessions_renewed));
    }
    if restored.accounts_deleted + restored.accounts_switched > 0 {
        lines.push(format!(
            "{} accounts were deleted again, {} disabled or enabled again",
            restored.accounts_deleted, restored.accounts_switched
        ));
    }
    let names = |people: &[countersign_kernel::UserId]| people.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (people, words) in [
        (&restored.passwords_back, "had changed their password since; the one of before is valid again"),
        (&restored.rights_back, "had been given or had lost rights since; those of before hold again"),
    ] {
        if !people.is_empty() {
            lines.push(format!("look at these people, who {words}: {}", names(people).join(" ")));
        }
    }
    match restored.records_lost {
        Some(0) => {}
        Some(lost) => {
            lines.push(format!("{lost} audit records of the time since are only in the database that was replaced"))
        }
        None => lines.push("how many audit records were lost cannot be told".to_owned()),
    }
    if let Some(kept) = &restored.kept {
        lines.push(format!("the database that was replaced is kept in {}", kept.display()));
    }
    let value = json!({
        "restored": true,
        "madeAt": made_at,
        "sessions": if *sessions == RestoredSessions::EndAll { "ended_all" } else { "journal_replayed" },
        "sessionsEnded": restored.sessions_ended,
        "sessionsRenewed": restored.sessions_renewed,
        "accountsDeleted": restored.accounts_deleted,
        "accountsSwitched": restored.accounts_switched,
        "keysWithdrawn": restored.keys_withdrawn,
        "passwordsBack": names(&restored.passwords_back),
        "rightsBack": names(&restored.rights_back),
        "auditRecordsLost": restored.records_lost,
        "replacedKeptIn": restored.kept.as_ref().map(|path| path.display().to_string()),
    });
    if output.is_json() {
        return output.say("", &value);
    }
    lines.iter().try_for_each(|line| output.line(line))
}
