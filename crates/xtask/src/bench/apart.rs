//! Cores for the server, and others for the load generator.
//!
//! How late the slowest hundredth is answered says something of the server only while nothing else waits for its cores. Elsewhere the
//! two share them, because what is counted there is work, not time.

use anyhow::{Result, ensure};
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use crate::host::Host;

/// While it lives, a server runs on the upper half of the cores that this process may use, and this process on the lower half.
#[derive(Debug)]
pub(super) struct Apart {
    all: CpuSet,
    server: Vec<Pid>,
}

impl Apart {
    /// Parts the two. Threads that either begins later stay where those are that begin them.
    ///
    /// # Errors
    /// There is but one core, or the operating system refuses.
    pub(super) fn from_here(server: &Host) -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
        ensure!(cores.len() > 1, "two cores are needed to keep the server and the load generator apart");
        let (lower, upper) = cores.split_at(cores.len() / 2);
        let apart = Self { all, server: server.threads()? };
        sched_setaffinity(None, &set_of(lower))?;
        for thread in &apart.server {
            sched_setaffinity(Some(*thread), &set_of(upper))?;
        }
        Ok(apart)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // A thread that has ended needs no core.
        let _ = sched_setaffinity(None, &self.all);
        for thread in &self.server {
            let _ = sched_setaffinity(Some(*thread), &self.all);
        }
    }
}

fn set_of(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    set
}
