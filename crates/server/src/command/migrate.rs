//! `countersign migrate`: from the embedded SQLite to PostgreSQL.
//!
//! Promises: everything or nothing is moved, beside a running server or without one, and nobody is signed out; a password is never an
//! argument.

use clap::Args;
use countersign::{Builder, PublicUrl};
use countersign_kernel::Secret;
use serde_json::json;

use super::failure::Failure;
use super::output::{Output, complain};
use crate::config::general::Database;
use crate::config::{Config, Sources, Use};
use crate::wire;

/// What `migrate` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  COUNTERSIGN_DATABASE_FILE=/etc/countersign/database countersign migrate --from sqlite --to postgres
  countersign migrate --from sqlite --to postgres://countersign@%2Frun%2Fpostgresql/countersign
  countersign migrate --from sqlite --to postgres --dry-run   look at both, change neither
  countersign migrate --from sqlite --to postgres --undo      before anybody has used the new database

The server may run. It verifies tokens all the time, answers what writes with 503 for as long as the copy takes, and then
stops by itself; start it with DATABASE set to the new database, the same master key and the same PUBLIC_URL. Everyone stays
signed in. The file is kept and closed: nothing starts on it any more. A run that was cut off is repeated: until it is done, the
file is the database. Make a backup first.")]
pub struct MigrateArgs {
    /// sqlite: the SQLite file of the data directory; or sqlite://PATH.
    #[arg(long, value_name = "DATABASE")]
    pub from: String,
    /// postgres: the empty database that DATABASE names, best by COUNTERSIGN_DATABASE_FILE; or its address without a password.
    #[arg(long, value_name = "DATABASE")]
    pub to: String,
    /// Look at both databases and change neither.
    #[arg(long, conflicts_with = "undo")]
    pub dry_run: bool,
    /// Open the file again that was moved. Refused once a server has run on the new database.
    #[arg(long)]
    pub undo: bool,
}

/// Runs the command.
///
/// # Errors
/// Why nothing was moved.
pub async fn run(args: &MigrateArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let config = Config::load(sources, Use::Command)?;
    let (from, to) = (source(&args.from, &config)?, target(&args.to, &config)?);
    let builder = builder(&config)?.database(&from);
    if args.undo {
        builder.undo_move(&to).await?;
        let line = format!("{from} is open again, and what was copied of it counts as unfinished: drop it");
        return output.say(&line, &json!({"undone": true, "from": from}));
    }
    if args.dry_run {
        let plan = builder.plan_move(&to).await?;
        let line = format!("{} rows of {from} can be moved to {}; nothing was changed", plan.rows, plan.to);
        let value =
            json!({"ok": true, "from": from, "to": plan.to, "rows": plan.rows, "almostDone": plan.is_almost_done});
        return output.say(&line, &value);
    }
    let moved = builder.move_to_postgres(&to).await?;
    if !moved.trail_findings.is_empty() {
        complain(&format!(
            "warning: the audit trail is not intact, and was not before: {}",
            moved.trail_findings.join("; ")
        ));
    }
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    let copied = if moved.tables.is_empty() {
        "was copied by an earlier run, and is now done".to_owned()
    } else {
        format!("is copied and compared: {rows} rows of {} tables", moved.tables.len())
    };
    let seconds = f64::from(u32::try_from(moved.held_ms).unwrap_or(u32::MAX)) / 1_000.0;
    let lines = [
        format!("{from} {copied}; nobody could write for {seconds:.1} s"),
        format!("start the server with DATABASE set to {}; a server that ran on the file stops by itself", moved.to),
        "the file is closed and kept: remove it when you have a backup of the new database".to_owned(),
    ];
    let value = json!({
        "moved": true,
        "from": from,
        "to": moved.to,
        "rows": rows,
        "tables": moved.tables.iter().map(|t| json!({"table": t.table, "rows": t.rows})).collect::<Vec<_>>(),
        "heldMs": moved.held_ms,
        "auditTrailFindings": moved.trail_findings,
    });
    if output.is_json() {
        return output.say("", &value);
    }
    lines.iter().try_for_each(|line| output.line(line))
}

/// The file, as `sqlite://PATH`.
fn source(text: &str, config: &Config) -> Result<String, Failure> {
    let path =
        match (text, &config.general.database) {
            ("sqlite", Some(Database::Sqlite(path))) => path.display().to_string(),
            ("sqlite", _) => config.general.data_dir.join("countersign.db").display().to_string(),
            _ => text.strip_prefix("sqlite://").filter(|path| !path.is_empty()).map(ToOwned::to_owned).ok_or_else(
                || Failure::usage("--from takes sqlite, the file of the data directory, or sqlite://PATH"),
            )?,
        };
    Ok(format!("sqlite://{path}"))
}

/// The address of the new database.
fn target(text: &str, config: &Config) -> Result<Secret<String>, Failure> {
    match (text, &config.general.database) {
        ("postgres", Some(Database::Postgres(_, url))) => Ok(url.clone()),
        ("postgres", _) => Err(Failure::usage(
            "which PostgreSQL database? Give its address in DATABASE, best by COUNTERSIGN_DATABASE_FILE, a file of mode 0600",
        )),
        _ if has_password(text) => Err(Failure::usage(
            "an argument is seen by everybody on this machine: give an address with a password by COUNTERSIGN_DATABASE_FILE, and \
             say --to postgres",
        )),
        _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => Ok(Secret::new(text.to_owned())),
        _ => Err(Failure::usage("--to takes postgres, which is the database that DATABASE names, or postgres://…")),
    }
}

fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    // A password may have a slash or a question mark in it that should have been encoded.
    rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) || rest.contains("password=")
}

fn builder(config: &Config) -> Result<Builder, Failure> {
    let fallback = || PublicUrl::parse("http://localhost:8420");
    let public_url = config.general.public_url.clone().map_or_else(fallback, Ok);
    let public_url = public_url.map_err(|e| Failure::usage(e.to_string()))?;
    let builder = wire::builder(config, &public_url).without_janitor();
    #[cfg(feature = "driven-clock")]
    let builder = builder.env(crate::driven::env()?);
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_seen() {
        for (url, has) in [
            ("postgres://ada:secret@host/db", true),
            ("postgres://ada:se/cr?et@host:5432/db", true),
            ("postgres://ada@host:5432/db", false),
            ("postgres://host:5432/db?password=secret", true),
            ("postgres://ada@%2Frun%2Fpostgresql/db", false),
        ] {
            assert_eq!(has_password(url), has, "{url}");
        }
    }
}
