//! `cargo xtask fuzz`: each fuzz target for a while.
//!
//! Not part of `.ci/run`: the checked-in corpus is replayed there by plain tests.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::{answers, cargo, root, run};

const MINUTES: u32 = 10;

/// Runs the targets one after the other and stops at the first finding.
pub(crate) fn run_targets(arguments: &[String]) -> Result<()> {
    let minutes = match arguments {
        [] => MINUTES,
        [flag, number] if flag == "--minutes" => number.parse().context("--minutes takes a whole number")?,
        _ => bail!("usage: cargo xtask fuzz [--minutes N]"),
    };
    if !answers(cargo()?.args(["fuzz", "--version"])) {
        run(cargo()?.args(["install", "cargo-fuzz", "--locked"]))?;
    }
    let folder = root()?.join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    for target in &targets {
        println!("fuzzing {target} for {minutes} min");
        // The sanitizer's flags are nightly ones; this lets the pinned toolchain take them.
        let mut fuzz = cargo()?;
        fuzz.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", target, "--", "-timeout=10"]);
        run(fuzz.arg(format!("-max_total_time={}", minutes * 60)))?;
    }
    println!("fuzz: {} targets, no finding", targets.len());
    Ok(())
}
