//! A throw-away PostgreSQL for the tests.
//!
//! Promises: it is gone when the [`Cluster`] is dropped and also when this process dies in any other way, because the script that
//! keeps it ends with its standard input; it never runs as root.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{answers, run};

const SCRIPT: &str = include_str!("postgres.sh");

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    keeper: Child,
    url: String,
}

impl Cluster {
    /// Installs PostgreSQL where it is missing and we may, and starts a cluster on a free port of the loopback.
    pub(crate) fn start() -> Result<Self> {
        let programs = match find_programs() {
            Some(found) => found,
            None => install()?,
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut keeper = unprivileged()?
            .args(["sh", "-c", SCRIPT, "postgres.sh"])
            .arg(&programs)
            .arg(port.to_string())
            .current_dir("/")
            // Away from the terminal's own group, so that an interrupt reaches it through us only.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start PostgreSQL")?;
        let mut line = String::new();
        if let Some(out) = keeper.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if line.trim() != "ready" {
            keeper.wait()?;
            bail!("PostgreSQL from {} did not start", programs.display());
        }
        Ok(Self { keeper, url: format!("postgres://countersign@127.0.0.1:{port}/postgres") })
    }

    /// Where it listens. Whoever connects may do everything there.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn find_programs() -> Option<PathBuf> {
    let mut packaged: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    packaged.sort();
    // 15 is the version that we promise; any other is better than none.
    packaged.sort_by_key(|bin| !bin.starts_with("/usr/lib/postgresql/15"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    packaged.into_iter().chain(std::env::split_paths(&path)).find(|bin| is_complete(bin))
}

fn is_complete(bin: &Path) -> bool {
    bin.join("initdb").is_file() && bin.join("pg_ctl").is_file()
}

fn install() -> Result<PathBuf> {
    if !is_root()? {
        bail!("PostgreSQL 15 is not installed: `apt-get install postgresql-15`, or put initdb and pg_ctl on the PATH");
    }
    println!("installing PostgreSQL");
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends", "postgresql-15"]);
    run(apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))?;
    find_programs().context("apt-get installed PostgreSQL, but initdb is nowhere")
}

/// PostgreSQL refuses to run as root: root goes on as somebody else.
fn unprivileged() -> Result<Command> {
    if !is_root()? {
        let mut command = Command::new("env");
        command.arg("--");
        return Ok(command);
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| answers(Command::new("id").arg(user)));
    let user = user.context("there is neither a user `postgres` nor `nobody` to run PostgreSQL as")?;
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]);
    Ok(command)
}

pub(crate) fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}
