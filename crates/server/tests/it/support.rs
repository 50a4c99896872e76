//! What the tests of the binary share.

use std::future::Future;
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
