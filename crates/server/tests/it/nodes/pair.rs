//! A primary and its standby, two real PostgreSQL servers.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = include_str!("pair.sh");

/// Both, for as long as it lives.
pub(crate) struct Pair {
    keeper: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    primary: u16,
    standby: u16,
}

impl Pair {
    /// Starts both; none where no PostgreSQL is installed and none is asked for.
    #[expect(clippy::disallowed_methods, reason = "whether a server is asked for is what a test cannot know by itself")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("COUNTERSIGN_REQUIRE_POSTGRES").is_none(), "PostgreSQL is not installed");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let (primary, standby) = (free_port(), free_port());
        let mut command = unprivileged();
        command.args(["sh", "-c", SCRIPT, "pair.sh"]).arg(programs).args([primary.to_string(), standby.to_string()]);
        let mut keeper = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().unwrap());
        let mut pair = Self { keeper, orders, answers, primary, standby };
        pair.hear("ready");
        Some(pair)
    }

    /// Where the first primary listens.
    pub(crate) fn primary(&self) -> String {
        format!("postgres://countersign@127.0.0.1:{}/postgres", self.primary)
    }

    /// Where its standby listens.
    pub(crate) fn standby(&self) -> String {
        format!("postgres://countersign@127.0.0.1:{}/postgres", self.standby)
    }

    /// Kills the primary, as a power failure would.
    pub(crate) fn kill_primary(&mut self) {
        let orders = self.orders.as_mut().unwrap();
        orders.write_all(b"kill\n").unwrap();
        self.hear("dead");
    }

    fn hear(&mut self, word: &str) {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), word);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.keeper.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    found.into_iter().find(|bin| bin.join("initdb").is_file() && bin.join("pg_basebackup").is_file())
}

/// PostgreSQL refuses to run as root: root goes on as somebody else.
fn unprivileged() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let has = |user: &&str| Command::new("id").arg(user).output().is_ok_and(|id| id.status.success());
    match ["postgres", "nobody"].into_iter().find(has) {
        Some(user) if is_root => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]);
            command
        }
        _ => {
            let mut command = Command::new("env");
            command.arg("--");
            command
        }
    }
}
