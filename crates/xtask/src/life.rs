//! `cargo xtask life`: the fault-injection test, for as long as is asked for.
//!
//! docs/design/fault-injection.md says what it does. The short run is a test like any other; both need the server with a clock that
//! the harness turns, which is built here and never in a release.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, output, run};

/// Where the test finds the server.
pub(crate) const VARIABLE: &str = "COUNTERSIGN_TEST_SERVER";

const DRIVEN: &[&str] = &["--quiet", "--package", "countersign-server", "--features", "driven-clock"];

/// Builds the server and lives as the arguments say.
pub(crate) fn live(arguments: &[String]) -> Result<()> {
    let server = server()?;
    let mut life = cargo()?;
    run(life.args(["run", "--quiet", "--package", "countersign-life", "--"]).arg(server).args(arguments))
}

/// Builds the server whose clock can be turned; where it is.
pub(crate) fn server() -> Result<PathBuf> {
    let mut build = cargo()?;
    build.arg("build").args(DRIVEN).args(["--bin", "countersign-driven"]);
    let said = output(build.arg("--message-format=json-render-diagnostics"))?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut built = messages.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    built.next_back().context("cargo built no countersign-driven")
}

/// A build without debug assertions, as every release is, must refuse the feature.
pub(crate) fn check_that_releases_refuse_it() -> Result<()> {
    let mut build = cargo()?;
    build.arg("build").args(DRIVEN).arg("--lib");
    build.args(["--config", "profile.dev.package.countersign-server.debug-assertions=false"]);
    let done = build.output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() || !said.contains("driven-clock is for the fault-injection test alone") {
        bail!("a build without debug assertions does not refuse driven-clock:\n{said}");
    }
    Ok(())
}
