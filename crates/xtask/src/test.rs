//! `cargo xtask test`: every test of the workspace, on every engine.

use anyhow::Result;

use crate::life;
use crate::postgres::Cluster;
use crate::process::{answers, cargo, root, run};

/// Runs the tests whose names contain `filter`, or all of them and the doc tests.
pub(crate) fn run_tests(filter: &[String]) -> Result<()> {
    let cluster = Cluster::start()?;
    let vectors = root()?.join("../shared/vectors");
    let is_life_wanted = filter.is_empty() || filter.iter().any(|part| part.contains("life"));
    let server = if is_life_wanted { Some(life::server()?) } else { None };
    let prepared = || -> Result<_> {
        let mut command = cargo()?;
        command.env("COUNTERSIGN_TEST_POSTGRES", cluster.url()).env("COUNTERSIGN_REQUIRE_POSTGRES", "1");
        if let Some(server) = &server {
            command.env(life::VARIABLE, server);
        }
        if std::env::var_os("COUNTERSIGN_VECTORS").is_none() && vectors.is_dir() {
            command.env("COUNTERSIGN_VECTORS", vectors.canonicalize()?);
        }
        Ok(command)
    };

    if answers(cargo()?.args(["nextest", "--version"])) {
        run(prepared()?.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(filter))?;
    } else {
        // Every kind of target except benchmarks, which would run for minutes.
        let targets = ["--lib", "--bins", "--tests", "--examples"];
        run(prepared()?.args(["test", "--workspace", "--no-fail-fast"]).args(targets).args(filter))?;
    }
    if filter.is_empty() {
        life::check_that_releases_refuse_it()?;
        run(prepared()?.args(["test", "--workspace", "--doc", "--quiet"]))?;
    }
    Ok(())
}
