//! A server process that we started.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Pid;

use crate::client::{Connection, Request};
use crate::process::output;

const START: Duration = Duration::from_secs(20);

/// A running server; it ends with this value.
pub(crate) struct Host {
    child: Child,
    pub(crate) port: u16,
    /// From the start of the process to its first 200.
    pub(crate) cold_start: Duration,
    /// What it answers 200 to when it is ready.
    ready: Request,
}

impl Host {
    /// Starts a program and waits until `path` answers 200. `port` is told to it by `settings`.
    pub(crate) fn start(program: &Path, port: u16, path: &'static str, settings: &mut Command) -> Result<Self> {
        let begun = Instant::now();
        let child = settings.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| program.display().to_string())?;
        let ready = Request { method: "GET", path, headers: Vec::new(), body: String::new() };
        let mut host = Self { child, port, cold_start: Duration::ZERO, ready };
        loop {
            if host.connect().is_ok() {
                host.cold_start = begun.elapsed();
                return Ok(host);
            }
            if host.child.try_wait()?.is_some() || begun.elapsed() > START {
                bail!("{} did not start", program.display());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// A connection that has been used once.
    pub(crate) fn connect(&self) -> Result<Connection> {
        let mut connection = Connection::open(self.port)?;
        match connection.send(&self.ready)?.status {
            200 => Ok(connection),
            status => bail!("{} is answered {status}", self.ready.path),
        }
    }

    /// The threads that it has now.
    pub(crate) fn threads(&self) -> Result<Vec<Pid>> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()))?;
        let ids = tasks.map(|task| Ok(task?.file_name().to_string_lossy().parse::<i32>()?));
        ids.map(|id: Result<i32>| Pid::from_raw(id?).context("/proc/PID/task")).collect()
    }

    /// CPU time used so far, in user and kernel.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name, which may hold anything: user time is the 12th field and system time the 13th.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("/proc/PID/stat");
        let per_second: u64 = output(Command::new("getconf").arg("CLK_TCK"))?.trim().parse()?;
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1_000 / per_second))
    }

    /// Resident memory in KiB: now (`VmRSS`) or at its greatest (`VmHWM`).
    pub(crate) fn memory_kib(&self, which: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).with_context(|| which.to_owned())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
