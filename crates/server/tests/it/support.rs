//! What the tests of the binary share.

use std::fs;
use std::future::Future;
use std::process::Command;
use std::time::Duration;

use countersign_testkit::{Process, ProcessBuilder, Ran, Reply};

/// A server or a command to be.
pub(crate) fn server() -> ProcessBuilder {
    Process::builder(env!("CARGO_BIN_EXE_countersign"))
}

/// A command without a server, and without a public URL.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    server().mode("dev").run(arguments, "")
}

/// Sets one of the operating system's bounds on a process: `nofile=9000:9000`, `fsize=0:`.
pub(crate) fn bound(process: u32, what: &str) {
    let set = Command::new("prlimit").args(["--pid", &process.to_string(), &format!("--{what}")]).status().unwrap();
    assert!(set.success(), "prlimit --{what}");
}

/// The memory that a process has now, in MiB.
pub(crate) fn memory(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Asks until the answer is as wanted. A change by a command is promised within a second; the bound is wider because the
/// machine may be busy.
pub(crate) async fn soon<F: Future<Output = Reply>>(ask: impl Fn() -> F, wanted: impl Fn(&Reply) -> bool) -> Reply {
    let mut reply = ask().await;
    for _ in 0..250 {
        if wanted(&reply) {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        reply = ask().await;
    }
    panic!("it stayed {reply}")
}
