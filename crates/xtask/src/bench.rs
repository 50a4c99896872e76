//! `cargo xtask bench`: what it costs.
//!
//! Four parts: wall-clock by criterion; instruction counts under valgrind (benchmark targets named `instructions`); figures that are
//! neither (targets named `figures`, which print `value|at most|what` lines); and the load comparison, which runs the release
//! server, a bare axum server and the raw operations side by side and prints ratios of CPU per request. Ratios in one run on one
//! machine are the only figures that mean anything; docs/design/performance.md holds the targets.

mod apart;
mod load;
mod overload;
mod scenes;
mod servers;
mod spread;
mod table;
mod visitors;

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::postgres::Cluster;
use crate::process::{answers, cargo, output, root, run};
use scenes::Length;
use table::{Bound, Table};

/// The benchmark targets that count instructions and need valgrind.
const INSTRUCTIONS: &str = "instructions";
/// The benchmark targets that print lines of the table.
const FIGURES: &str = "figures";
const OPTIONS: &[&str] = &["--quick", "--load", "--as-built", "--soak", "--overload"];

/// Runs all parts. `--quick` shortens the measured times, `--soak` lets the mixed load at the end run for ten minutes, `--load`
/// leaves the first two parts out, and `--as-built` all but the comparison, of the release programs as they lie there; `--overload` is
/// the flood of sign-ins and nothing else.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.iter().find(|argument| !OPTIONS.contains(&argument.as_str())) {
        bail!("no such option: {unknown}; there are {}", OPTIONS.join(", "));
    }
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let (is_quick, is_as_built, is_flood) = (has("--quick"), has("--as-built"), has("--overload"));
    let targets = targets()?;
    let mut table = Table::default();
    if !has("--load") && !is_as_built && !is_flood {
        let timed = |target: &str| target != INSTRUCTIONS && target != FIGURES;
        for (package, target) in targets.iter().filter(|(_, target)| timed(target)) {
            println!("\n== {package}: {target}");
            let mut bench = bench(package, target)?;
            bench.arg("--");
            run(if is_quick { bench.args(["--quick", "--noplot"]) } else { bench.arg("--noplot") })?;
        }
        count_instructions(&targets)?;
    }
    if is_as_built {
        println!("left out: what is measured without the release programs");
    } else {
        if !is_flood {
            figures(&targets, &mut table)?;
        }
        let packages = ["countersign-server", "bare", "raw"].map(|package| ["--package", package]);
        run(cargo()?.args(["build", "--quiet", "--release"]).args(packages.as_flattened()))?;
    }
    // Other work comes and goes within seconds: many short runs find a moment without it.
    let (scene, rounds, paced) = if is_quick { (1, 3, 2) } else { (1, 15, 5) };
    let mixed = if has("--soak") { 600 } else { paced * 3 };
    let [scene, paced, mixed] = [scene, paced, mixed].map(Duration::from_secs);
    let length = Length { scene, rounds, paced, mixed };
    if is_flood {
        scenes::overload_alone(length, &mut table)?
    } else {
        scenes::compare(length, &mut table)?
    }
    println!("\n{}", table.text());
    Ok(())
}

fn bench(package: &str, target: &str) -> Result<Command> {
    let mut bench = cargo()?;
    bench.args(["bench", "--quiet", "--package", package, "--bench", target]);
    Ok(bench)
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
        run(&mut bench(package, target)?)?;
    }
    Ok(())
}

/// Runs the targets that print lines of the table, with a PostgreSQL for those that ask for one.
fn figures(targets: &[(String, String)], table: &mut Table) -> Result<()> {
    let cluster = Cluster::start()?;
    for (package, target) in targets.iter().filter(|(_, target)| target == FIGURES) {
        println!("\n== {package}: {target}");
        let printed = output(bench(package, target)?.env("COUNTERSIGN_TEST_POSTGRES", cluster.url()))?;
        print!("{printed}");
        for line in printed.lines().filter(|line| line.contains('|')) {
            let fields: Vec<&str> = line.split('|').collect();
            let [value, most, what] = fields.as_slice() else { bail!("{package} printed {line}") };
            table.line(what, value.parse()?, Bound::AtMost(most.parse()?));
        }
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
