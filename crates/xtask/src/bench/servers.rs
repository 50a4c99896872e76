//! The programs that the load comparison runs.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::host::{Host, free_port};
use crate::process::{answers, output, root};

/// Where the release programs lie.
pub(super) struct Programs(PathBuf);

/// What one of each costs with nothing around it: CPU in µs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    /// An EdDSA signature check.
    pub(super) signature: f64,
    /// A password hash at the default parameters, with kept memory.
    pub(super) hash: f64,
}

impl Raw {
    /// The cheaper of both, each for itself.
    pub(super) fn least(self, other: Self) -> Self {
        Self { signature: self.signature.min(other.signature), hash: self.hash.min(other.hash) }
    }
}

impl Programs {
    pub(super) fn built() -> Result<Self> {
        Ok(Self(root()?.join("target/release")))
    }

    pub(super) fn countersign(&self) -> PathBuf {
        self.0.join("countersign")
    }

    /// The server on a data directory. Limits are off; and since a session rotates a few times within the window at most, there is
    /// no window.
    pub(super) fn serve(&self, data: &Path) -> Result<Host> {
        let (program, port) = (self.countersign(), free_port()?);
        let mut command = in_own_session(&program);
        command
            .arg("serve")
            .env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"))
            .env("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420")
            .env("COUNTERSIGN_DATA_DIR", data)
            .env("COUNTERSIGN_LIMITS__ENABLED", "false")
            .env("COUNTERSIGN_REFRESH__WINDOW_SECONDS", "0");
        Host::start(&program, port, "/readyz", &mut command)
    }

    /// Bare axum with one fixed answer.
    pub(super) fn bare(&self) -> Result<Host> {
        let (program, port) = (self.0.join("bare"), free_port()?);
        Host::start(&program, port, "/", in_own_session(&program).arg(port.to_string()))
    }

    /// Measures the raw costs, for as long each as a scene, on every core at once: the mean of all. The best of shorter times would be
    /// better by luck.
    pub(super) fn raw(&self, time: Duration) -> Result<Raw> {
        let measure = || output(Command::new(self.0.join("raw")).arg(time.as_secs().to_string()));
        let printed = std::thread::scope(|scope| {
            let running: Vec<_> = (0..cores()).map(|_| scope.spawn(measure)).collect();
            let joined =
                running.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a measurement panicked"))?);
            joined.collect::<Result<Vec<String>>>()
        })?;
        let mean = |name: &str| {
            let value =
                |text: &String| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
            let values: Option<Vec<f64>> = printed.iter().map(value).collect();
            let values = values.with_context(|| format!("raw did not print {name}"))?;
            anyhow::Ok(values.iter().sum::<f64>() / f64::from(u32::try_from(values.len())?))
        };
        Ok(Raw { signature: mean("signature")?, hash: mean("hash")? })
    }
}

/// How many hashes run at once where all cores hash.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The rival: Express, jsonwebtoken and better-sqlite3. None, which it says, where Node.js or its packages are missing.
pub(super) fn express(data: &Path) -> Result<Option<Host>> {
    let home = root()?.join("bench/express");
    let mut probe = Command::new("node");
    probe.args(["--input-type=module", "-e", "import 'express'; import 'jsonwebtoken'; import 'better-sqlite3'"]);
    if !answers(probe.current_dir(&home).stdin(Stdio::null())) {
        println!("left out: Express, for Node.js or its packages are missing (`npm ci` in bench/express)");
        return Ok(None);
    }
    let port = free_port()?;
    let mut command = in_own_session(Path::new("node"));
    command.arg("server.mjs").arg(port.to_string()).arg(data.join("express.db")).current_dir(&home);
    command.env("NODE_ENV", "production");
    Host::start(&home.join("server.mjs"), port, "/", &mut command).map(Some)
}

/// Starts a server in a terminal session of its own, as a service manager does. In one with the load generator, Linux would give both
/// together one share of each core (autogroup), and let the kernel's own thread that flushes the disk wait for it up to a second; and
/// what is compared must be treated alike, for each answer wakes the client, and who is preempted then depends on it.
fn in_own_session(program: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.arg(program);
    command
}
