//! What the database tells.

use countersign::{Builder, PublicUrl, System};
use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_keys::{RingKey, Standing};
use countersign_store::{AuditFilter, PageRequest, Store};

use super::super::failure::Failure;
use super::Finding;
use crate::config::Config;
use crate::wire;

/// A backup older than this is too old to go back to.
const OLD_BACKUP: Lifetime = Lifetime::from_days(7);
/// A server seals each second.
const OLD_TAIL: Lifetime = Lifetime::from_minutes(1);
/// Clocks that differ by more make tokens invalid somewhere.
const CLOCK_SKEW: Lifetime = Lifetime::from_seconds(5);
/// For so long a forwarding header is remembered.
const RECENT: Lifetime = Lifetime::from_days(7);
/// A write-ahead log that has grown so far is not being folded in.
const LONG_LOG: u64 = 256_000_000;

/// Opens the data and looks at everything in them.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let place = config.general.database_shown();
    match is_there(config).await {
        Ok(true) => {}
        Ok(false) => {
            let says = format!("there is no database at {place}");
            let fix = "a first start makes it; or name its place with DATA_DIR or DATABASE";
            return vec![Finding::warn("database", says, fix)];
        }
        Err(failure) => {
            let says = format!("{place} cannot be reached: {}", failure.text);
            return vec![Finding::fail(
                "database",
                says,
                "is it running, and do its name, its user and its pg_hba.conf agree?",
            )];
        }
    }
    let system = match open(config).await {
        Ok(system) => system,
        Err(failure) => {
            return vec![Finding::fail("database", failure.text, "the text says what to do; nothing was changed")];
        }
    };
    let store = system.store();
    let mut findings = vec![pages(&system).await];
    findings.extend(log_of(&system));
    findings.push(clock(store.as_ref()).await);
    findings.push(keys(&system.keyring().list(), config.keys.rotate_after, store.now()));
    findings.push(tail(store.as_ref()).await);
    findings.push(backup(&system).await);
    findings.extend(journal(&system).await);
    findings.extend(valkey(&system, config).await);
    findings.extend(system.database_file().map(|_| proxies(&system)));
    system.shut_down().await;
    findings
}

/// A warning at most: without it everything works, node by node.
async fn valkey(system: &System, config: &Config) -> Option<Finding> {
    const CHECK: &str = "valkey";
    let address = config.general.valkey.as_ref().map_or_else(String::new, |valkey| valkey.address.to_string());
    Some(match system.check_valkey().await? {
        Ok(()) => Finding::ok(CHECK, format!("{address} answers and counts")),
        Err(why) => Finding::warn(
            CHECK,
            format!("{address} does not count for us ({why}): each node has limits of its own"),
            "is it running, a primary and not full, and may this user run scripts, publish and subscribe?",
        ),
    })
}

fn builder(config: &Config) -> Result<Builder, Failure> {
    let fallback = || PublicUrl::parse("http://localhost:8420");
    let public_url = config.general.public_url.clone().map_or_else(fallback, Ok);
    let public_url = public_url.map_err(|e| Failure::usage(e.to_string()))?;
    Ok(wire::builder(config, &public_url).without_janitor().keep_algorithm())
}

async fn is_there(config: &Config) -> Result<bool, Failure> {
    Ok(builder(config)?.has_database().await?)
}

async fn open(config: &Config) -> Result<System, Failure> {
    let builder = builder(config)?;
    #[cfg(feature = "driven-clock")]
    let builder = builder.env(crate::driven::env()?);
    Ok(builder.build_system().await?)
}

fn broken(check: &'static str, error: &dyn std::error::Error) -> Finding {
    Finding::fail(check, error.to_string(), "look at the server's log, and at the disk")
}

async fn pages(system: &System) -> Finding {
    const CHECK: &str = "database";
    if system.database_file().is_none() {
        return Finding::ok(CHECK, "the server answers, every migration is in, what is sealed opens");
    }
    match system.faults().await {
        Err(error) => broken(CHECK, &error),
        Ok(faults) => match faults.first() {
            None => Finding::ok(CHECK, "its pages hang together, every migration is in, what is sealed opens"),
            Some(first) => {
                Finding::fail(CHECK, format!("it is damaged: {first}"), "stop the server and restore a backup")
            }
        },
    }
}

fn log_of(system: &System) -> Option<Finding> {
    let mut name = system.database_file()?.as_os_str().to_owned();
    name.push("-wal");
    let length = std::fs::metadata(name).map_or(0, |metadata| metadata.len());
    (length > LONG_LOG).then(|| {
        let says = format!("the write-ahead log has grown to {} MB", length / 1_000_000);
        Finding::warn("database", says, "something reads for very long, a copy perhaps; a restart folds it in")
    })
}

/// Against the database's own clock, and against what has been written: nothing there can be of the future.
async fn clock(store: &dyn Store) -> Finding {
    const CHECK: &str = "clock";
    let newest = async {
        let page = store.snapshot().await?.list_audit_records(&AuditFilter::default(), &PageRequest::first(1)).await?;
        Ok::<_, countersign_store::Error>(page.items.first().map(|sealed| sealed.record.at))
    };
    match newest.await {
        Err(error) => broken(CHECK, &error),
        Ok(newest) => judge_clock(Env::system().now(), store.now(), newest),
    }
}

fn judge_clock(local: Timestamp, database: Timestamp, newest: Option<Timestamp>) -> Finding {
    const CHECK: &str = "clock";
    let fix = "let a time service set the clock (timedatectl); tokens and deadlines hang on it";
    let apart = local.since(database).max(database.since(local));
    let ahead = newest.map_or(Lifetime::ZERO, |newest| newest.since(database));
    if ahead > CLOCK_SKEW {
        Finding::fail(
            CHECK,
            format!("the newest record is {} s in the future: the clock went back", ahead.as_seconds()),
            fix,
        )
    } else if apart > CLOCK_SKEW {
        Finding::warn(CHECK, format!("this machine and the database differ by {} s", apart.as_seconds()), fix)
    } else {
        Finding::ok(CHECK, format!("{} by this machine and by the database", local.to_rfc3339()))
    }
}

fn keys(ring: &[RingKey], rotate_after: Lifetime, now: Timestamp) -> Finding {
    const CHECK: &str = "keys";
    let of = |standing: Standing| ring.iter().find(|key| key.standing == standing);
    let Some(active) = of(Standing::Active) else {
        return Finding::fail(CHECK, "no key signs", "start the server: it makes one");
    };
    let since = active.activated_at.unwrap_or(active.created_at);
    let due = since + rotate_after;
    if of(Standing::Next).is_none() {
        let says = format!("{} signs since {}, and no next key is published", active.kid, since.to_rfc3339());
        return Finding::warn(
            CHECK,
            says,
            "start the server: it publishes one; verifiers must know it before it signs",
        );
    }
    // A server that runs rotates within the minute.
    if due + Lifetime::from_hours(1) < now && !active.is_imported() {
        let says = format!("{} should have been rotated at {}", active.kid, due.to_rfc3339());
        return Finding::warn(CHECK, says, "is the server running? `countersign keys rotate` does it now");
    }
    Finding::ok(
        CHECK,
        format!("{} signs since {}, the next takes over at {}", active.kid, since.to_rfc3339(), due.to_rfc3339()),
    )
}

async fn tail(store: &dyn Store) -> Finding {
    const CHECK: &str = "audit";
    let read = async {
        let mut tx = store.snapshot().await?;
        let sealed = tx.audit_head().await?.seq;
        Ok::<_, countersign_store::Error>((sealed, tx.list_unsealed_audit_records(200).await?))
    };
    match read.await {
        Err(error) => broken(CHECK, &error),
        Ok((sealed, waiting)) => {
            let oldest = waiting.iter().map(|record| record.at).min();
            let says = format!("{sealed} records are sealed, {} wait", waiting.len());
            if oldest.is_some_and(|oldest| store.now().since(oldest) > OLD_TAIL) {
                let fix = "a running server seals each second: is it running, and what does its log say?";
                return Finding::warn(CHECK, format!("{says}, the oldest for more than a minute"), fix);
            }
            Finding::ok(CHECK, says)
        }
    }
}

async fn backup(system: &System) -> Finding {
    const CHECK: &str = "backup";
    if system.database_file().is_none() {
        return Finding::ok(CHECK, "the database server's own (pg_dump, base backups) are not looked at here");
    }
    let fix = "run `countersign backup`, each night at best, and keep the file on another machine";
    match system.last_backup().await {
        Err(error) => broken(CHECK, &error),
        Ok(None) => Finding::warn(CHECK, "no backup has ever been made", fix),
        Ok(Some(at)) if system.store().now().since(at) > OLD_BACKUP => {
            Finding::warn(CHECK, format!("the last backup is of {}", at.to_rfc3339()), fix)
        }
        Ok(Some(at)) => Finding::ok(CHECK, format!("the last one is of {}", at.to_rfc3339())),
    }
}

async fn journal(system: &System) -> Option<Finding> {
    const CHECK: &str = "journal";
    Some(match system.journal_is_ahead().await {
        Err(error) => broken(CHECK, &error),
        Ok(None) => return None,
        Ok(Some(0)) => Finding::ok(CHECK, "every sign-out is in the journal beside the database"),
        Ok(Some(ahead)) => Finding::fail(
            CHECK,
            format!("the database lacks {ahead} sign-outs of the journal: it was put back by hand"),
            "stop the server and put the backup back with `countersign restore FILE --journal`",
        ),
    })
}

fn proxies(system: &System) -> Finding {
    const CHECK: &str = "proxies";
    match system.forwarding_seen() {
        Some(seen) if system.store().now().since(seen.last_at) < RECENT => Finding::warn(
            CHECK,
            format!(
                "{} requests came with a forwarding header from {}, which is not trusted, the last at {}",
                seen.count,
                seen.peer,
                seen.last_at.to_rfc3339()
            ),
            format!(
                "if that is your proxy, set TRUSTED_PROXIES={}: until then limits take all clients behind it for one",
                seen.peer
            ),
        ),
        _ => Finding::ok(CHECK, "no forwarding header came from a peer that is not trusted"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_that_went_back_or_differs_is_told() {
        let at = |seconds: i64| Timestamp::from_seconds(1_790_000_000 + seconds);
        for (local, database, newest, wanted, reason) in [
            (0, 0, Some(-60), State::Ok, "together"),
            (0, 0, None, State::Ok, "an empty database"),
            (0, 3, Some(3), State::Ok, "within tolerance"),
            (0, 20, Some(10), State::Warn, "the server's clock is another"),
            (20, 0, Some(0), State::Warn, "the other way round"),
            (0, 0, Some(60), State::Fail, "something was written in the future"),
        ] {
            assert_eq!(judge_clock(at(local), at(database), newest.map(at)).state, wanted, "{reason}");
        }
    }
}
