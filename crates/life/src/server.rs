//! The server: the real binary on a folder of its own, to be stopped, killed, copied and put back.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::http::PUBLIC_URL;
use crate::time::Clock;

/// How long a start or an end may take, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The newest backup, in the server's folder.
const BACKUP: &str = "newest.backup";
/// How many lines of its log are kept.
const LINES: usize = 400;

/// What the server is told. Everything else is as in production.
const SETTINGS: &[(&str, &str)] = &[
    ("LISTEN", "127.0.0.1:0"),
    ("PUBLIC_URL", PUBLIC_URL),
    ("LOG__FORMAT", "json"),
    // Each browser has an address of its own behind the proxy.
    ("TRUSTED_PROXIES", "127.0.0.1/32"),
    ("TOKENS__ACCESS_SECONDS", "60"),
    ("REFRESH__IDLE_SECONDS", "86400"),
    ("REFRESH__ABSOLUTE_SECONDS", "259200"),
    // Who is signed out in theft signs in again, and does so many times in a long run.
    ("LIMITS__SIGN_IN_ADDRESS", "1000/1h"),
    ("LIMITS__SIGN_IN_ADDRESS_ACCOUNT", "1000/1h"),
];

/// The server, running or not.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    folder: PathBuf,
    clock: PathBuf,
    child: Option<Child>,
    address: Option<SocketAddr>,
    /// How far its clock is ahead of the harness's: it reads the wall once, at its start.
    ahead: i64,
    /// When it started, by the harness's clock.
    started: i64,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn new(binary: &Path, folder: &Path, clock: &Clock) -> Self {
        Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            clock: clock.path().to_owned(),
            child: None,
            address: None,
            ahead: 0,
            started: 0,
            log: Arc::default(),
        }
    }

    /// Where it listens; none while it is down.
    pub(crate) const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Its time at a moment of the harness, in milliseconds since the run began by the wall at that time.
    pub(crate) const fn time_at(&self, at: i64) -> i64 {
        at + self.ahead
    }

    /// How long it has run at this moment.
    pub(crate) const fn age_at(&self, at: i64) -> i64 {
        at - self.started
    }

    pub(crate) fn start(&mut self, clock: &Clock) -> io::Result<()> {
        let mut child = self.command(&["serve"]).env("COUNTERSIGN_TEST_KEPT", "1").stdin(Stdio::piped()).spawn()?;
        let (said, heard) = mpsc::channel();
        listen(child.stdout.take(), &self.log, Some(said));
        listen(child.stderr.take(), &self.log, None);
        self.child = Some(child);
        self.address = Some(find_address(&heard).ok_or_else(|| io::Error::other(self.log()))?);
        (self.ahead, self.started) = (clock.stepped(), clock.now());
        Ok(())
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        self.address = None;
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        // Waiting would close its standard input, at which it ends at once.
        let kept = child.stdin.take();
        let status = child.wait()?;
        drop(kept);
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("it ended with {status}:\n{}", self.log())))
        }
    }

    /// Ends it at once: kill -9.
    pub(crate) fn kill(&mut self) {
        self.address = None;
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Backs the stopped server up.
    pub(crate) fn back_up(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(BACKUP)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.run(&["backup", "--out", BACKUP]).map(drop),
        }
    }

    /// Puts the backup in place of the stopped server's database.
    pub(crate) fn put_back(&self) -> io::Result<()> {
        self.run(&["restore", BACKUP, "--journal"]).map(drop)
    }

    /// Runs a command beside it; its standard output, or an error with everything that it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> io::Result<String> {
        let done = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        if done.status.success() {
            return Ok(said);
        }
        Err(io::Error::other(format!("{arguments:?}: {said}{}", String::from_utf8_lossy(&done.stderr))))
    }

    /// The newest lines of its log.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.envs(SETTINGS.iter().map(|(name, value)| (format!("COUNTERSIGN_{name}"), value)));
        command.env("COUNTERSIGN_TEST_CLOCK", &self.clock);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the line that names the public listener.
fn find_address(heard: &Receiver<String>) -> Option<SocketAddr> {
    loop {
        let line: Value = serde_json::from_str(&heard.recv_timeout(PATIENCE).ok()?).unwrap_or_default();
        if line.get("door").and_then(Value::as_str) == Some("public") {
            return line.get("address")?.as_str()?.parse().ok();
        }
    }
}

fn listen(from: Option<impl Read + Send + 'static>, log: &Arc<Mutex<Vec<String>>>, said: Option<mpsc::Sender<String>>) {
    let Some(from) = from else { return };
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(said) = &said {
                let _ = said.send(line.clone());
            }
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(line);
            if log.len() > 2 * LINES {
                log.drain(..LINES);
            }
        }
    });
}
