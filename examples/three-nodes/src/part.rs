//! A program that was started, and that ends with its owner.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// A running program. Dropped, it is asked to end, and killed if it does not within five seconds.
pub(crate) struct Part {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Part {
    /// Starts it in `folder`, where its log is too.
    pub(crate) fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        // Out of the terminal's group: an interrupt reaches it through us only, when its turn has come.
        let child = command.process_group(0).spawn().with_context(|| format!("{name} could not be started"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Waits until it is ready, which is asked with what it has logged; half a minute at most.
    pub(crate) async fn ready(mut self, is_ready: impl AsyncFn(&str) -> bool) -> Result<Self> {
        for _ in 0..600 {
            if is_ready(&self.logged()).await {
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.logged());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} is not ready after half a minute:\n{}", self.name, self.logged())
    }

    fn logged(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Of all four the signal that ends them soon and in order.
            let _ = kill_process(pid, Signal::INT);
        }
        for _ in 0..500 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
