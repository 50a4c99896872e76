//! A server process that is told what the kit's does not tell: variables that are not settings, certificates.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use countersign_testkit::{json, until_log};
use tempfile::TempDir;

/// A running server. Dropped, it is killed.
pub(crate) struct Bare {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

/// The command `serve` in a folder, with an environment of its own.
pub(crate) fn command(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("serve").current_dir(folder).env_clear();
    command.env("COUNTERSIGN_LISTEN", "127.0.0.1:0").env("COUNTERSIGN_LOG__FORMAT", "json");
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Bare {
    /// Starts it and waits until it listens.
    pub(crate) fn start(folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let mut child = command(folder.path(), variables).spawn().unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (said, heard) = std::sync::mpsc::channel();
        let (out, kept) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let parsed: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                kept.lock().unwrap().push(line);
                if parsed["door"] == json!("public") {
                    let _ = said.send(parsed["address"].as_str().unwrap_or_default().to_owned());
                }
            }
        });
        let address = heard.recv_timeout(std::time::Duration::from_secs(60));
        let address = address.unwrap_or_else(|_| panic!("{}", lines.lock().unwrap().join("\n")));
        Self { address: address.parse().unwrap(), folder, child, lines }
    }

    /// Everything that it has logged.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Waits until the log says it.
    pub(crate) fn until_log(&self, words: &str) {
        self.until_log_times(words, 1);
    }

    /// The same, for so many lines.
    pub(crate) fn until_log_times(&self, words: &str, times: usize) {
        until_log(|| self.log(), words, times);
    }

    pub(crate) fn signal(&self, name: &str) {
        Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
    }

    /// Waits for its end; the exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
