//! Valkey or Redis for the tests: a program, of which each test starts one of its own on a free port.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::postgres::is_root;
use crate::process::{answers, run};

/// Its name. Installed where it is missing and we may.
pub(crate) fn program() -> Result<&'static str> {
    match find() {
        Some(program) => Ok(program),
        None => install(),
    }
}

fn find() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| answers(Command::new(program).arg("--version")))
}

fn install() -> Result<&'static str> {
    if !is_root()? {
        bail!(
            "neither Valkey nor Redis is installed: `apt-get install redis-server`, or put valkey-server on the PATH"
        );
    }
    println!("installing Redis");
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends", "redis-server"]);
    run(apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))?;
    find().context("apt-get installed Redis, but redis-server is nowhere")
}

const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];
