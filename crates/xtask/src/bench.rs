//! `cargo xtask bench`: what it costs.
//!
//! Three parts: wall-clock by criterion, instruction counts under valgrind (benchmark targets named `instructions`), and the load
//! comparison, which runs the release server and a bare axum server side by side and prints ratios of CPU per request. Ratios in
//! one run on one machine are the only figures that mean anything; docs/design/performance.md holds the targets.

mod load;
mod scenes;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{answers, cargo, output, root, run};

/// The benchmark targets that count instructions and need valgrind.
const INSTRUCTIONS: &str = "instructions";
const OPTIONS: &[&str] = &["--quick", "--load", "--as-built"];

/// Runs all parts; `--quick` shortens the measured times, `--load` leaves the first two parts out, and `--as-built` measures the
/// release programs as they lie there.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.iter().find(|argument| !OPTIONS.contains(&argument.as_str())) {
        bail!("no such option: {unknown}; there are {}", OPTIONS.join(", "));
    }
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let is_quick = has("--quick");
    if !has("--load") {
        let targets = targets()?;
        for (package, target) in targets.iter().filter(|(_, target)| target != INSTRUCTIONS) {
            println!("\n== {package}: {target}");
            let mut bench = cargo()?;
            bench.args(["bench", "--quiet", "--package", package, "--bench", target, "--"]);
            run(if is_quick { bench.args(["--quick", "--noplot"]) } else { bench.arg("--noplot") })?;
        }
        count_instructions(&targets)?;
    }
    if !has("--as-built") {
        run(cargo()?.args(["build", "--quiet", "--release", "--package", "countersign-server", "--package", "bare"]))?;
    }
    scenes::compare(is_quick)
}

fn count_instructions(targets: &[(String, String)]) -> Result<()> {
    if !answers(Command::new("valgrind").arg("--version")) {
        println!("valgrind is not installed: no instruction counts");
        return Ok(());
    }
    if !answers(Command::new("gungraun-runner").arg("--version")) {
        let version = locked_version("gungraun-runner")?;
        run(cargo()?.args(["install", "gungraun-runner", "--locked", "--version", &version]))?;
    }
    for (package, target) in targets.iter().filter(|(_, target)| target == INSTRUCTIONS) {
        println!("\n== {package}: {target}");
        run(cargo()?.args(["bench", "--quiet", "--package", package, "--bench", target]))?;
    }
    Ok(())
}

/// The version that the library in Cargo.lock talks to.
fn locked_version(name: &str) -> Result<String> {
    let lock: toml::Value = toml::from_str(&fs::read_to_string(root()?.join("Cargo.lock"))?)?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock")?;
    let field = |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let found = packages.iter().find(|package| field(package, "name").as_deref() == Some(name));
    found.and_then(|package| field(package, "version")).with_context(|| format!("{name} is not in Cargo.lock"))
}

/// Package and name of each benchmark target.
fn targets() -> Result<Vec<(String, String)>> {
    let listed = output(cargo()?.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&listed)?;
    let mut found = Vec::new();
    for package in metadata.packages {
        let benches = package.targets.into_iter().filter(|target| target.kind == ["bench"]);
        found.extend(benches.map(|target| (package.name.clone(), target.name)));
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}
