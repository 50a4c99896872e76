//! `cargo xtask model`: the refresh rule in the model checker, further than the tests go.

use anyhow::Result;

use crate::process::{cargo, run};

/// Runs every exploration. Fails where a promise does not hold, or where another system's rule breaks none.
pub(crate) fn explore(arguments: &[String]) -> Result<()> {
    run(cargo()?.args(["run", "--release", "--quiet", "-p", "countersign-refresh-model", "--"]).args(arguments))
}
