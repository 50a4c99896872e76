//! CPU time of this process and of a PostgreSQL server on this machine, in µs, as the kernel counts it.

use std::fs;
use std::path::Path;

use sqlx::PgConnection;

/// Counts the CPU of a server's processes.
pub(crate) struct CpuClock(Vec<i32>);

impl CpuClock {
    /// Of the processes that the server has now, connections of others included.
    pub(crate) async fn of_server(operator: &mut PgConnection) -> Self {
        let pids = sqlx::query_scalar("SELECT pid FROM pg_stat_activity").fetch_all(operator).await;
        Self(pids.expect("the processes"))
    }

    pub(crate) fn read(&self) -> f64 {
        self.0.iter().map(|pid| of_thread(format!("/proc/{pid}/schedstat"))).sum()
    }
}

/// Of all threads.
pub(crate) fn cpu_of_this_process() -> f64 {
    let threads = fs::read_dir("/proc/self/task").expect("the threads");
    threads.flatten().map(|thread| of_thread(thread.path().join("schedstat"))).sum()
}

/// Nothing for one that has ended.
fn of_thread(schedstat: impl AsRef<Path>) -> f64 {
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e3
}
