//! `cargo xtask mutants`: changes the code line by line and looks whether a test notices.
//!
//! Not part of `.ci/run`: it takes hours. What is passed over, and why, stands in `.cargo/mutants.toml`; what was found in
//! docs/design/mutation-testing.md.

use anyhow::{Result, bail};

use crate::process::{answers, cargo, run};

/// Where a wrong line costs most.
const CRATES: [&str; 4] = ["limit", "jose", "session", "password"];

/// Runs the mutants of these crates, or of the four that matter most, each against the tests of its own crate.
///
/// The working tree is copied; nothing is changed in place.
pub(crate) fn run_crates(arguments: &[String]) -> Result<()> {
    if let Some(flag) = arguments.iter().find(|argument| argument.starts_with('-')) {
        bail!("usage: cargo xtask mutants [CRATE…], not {flag}");
    }
    if !answers(cargo()?.args(["mutants", "--version"])) {
        run(cargo()?.args(["install", "cargo-mutants", "--locked"]))?;
    }
    let asked: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for name in if asked.is_empty() { CRATES.to_vec() } else { asked } {
        let mut mutants = cargo()?;
        // A failure that proptest would keep on file belongs to a program that never was.
        mutants.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        mutants.args(["mutants", "--package", &format!("countersign-{name}"), "--jobs", "1"]);
        run(mutants.args(["--output", &format!("target/mutants/{name}")]))?;
    }
    Ok(())
}
