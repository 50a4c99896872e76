//! `cargo xtask test`: every test of the workspace, on every engine.

use anyhow::Result;

use crate::life;
use crate::postgres::Cluster;
use crate::process::{answers, cargo, root, run};
use crate::proxies;
use crate::valkey;

/// Runs the tests whose names contain `filter`, or all of them and the doc tests.
pub(crate) fn run_tests(filter: &[String]) -> Result<()> {
    let cluster = Cluster::start()?;
    let valkey = valkey::program()?;
    let vectors = root()?.join("../shared/vectors");
    // Both turn the server's clock.
    let is_driven = |part: &String| ["life", "nodes"].iter().any(|name| part.contains(name));
    let server = if filter.is_empty() || filter.iter().any(is_driven) { Some(life::server()?) } else { None };
    let proxies = proxies::programs()?;
    let prepared = || -> Result<_> {
        let mut command = cargo()?;
        command.env("COUNTERSIGN_TEST_POSTGRES", cluster.url()).env("COUNTERSIGN_REQUIRE_POSTGRES", "1");
        command.envs(proxies.iter().map(|(variable, program)| (variable, program)));
        command.env("COUNTERSIGN_REQUIRE_PROXIES", "1");
        command.env("COUNTERSIGN_TEST_VALKEY", valkey).env("COUNTERSIGN_REQUIRE_VALKEY", "1");
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
