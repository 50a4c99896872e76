//! The pages that the server itself has: its settings, its commands, and the OpenAPI document that it serves.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::Page;
use crate::client::{Connection, Request};
use crate::host::{Host, free_port};
use crate::process::{cargo, output, run};

/// The pages.
pub(super) fn pages(root: &Path) -> Result<Vec<Page>> {
    run(cargo()?.args(["build", "--quiet", "--package", "countersign-server"]))?;
    let program = root.join("target/debug/countersign");
    let settings = output(Command::new(&program).args(["config", "reference"])).context("the settings")?;
    let schema = output(Command::new(&program).args(["config", "schema"])).context("the schema")?;
    let commands = output(Command::new(&program).args(["config", "commands"])).context("the commands")?;
    let metrics = output(Command::new(&program).args(["config", "metrics"])).context("the metrics")?;

    let data = std::env::temp_dir().join(format!("countersign-gen-{}", std::process::id()));
    let served = document(&program, &data).context("the OpenAPI document");
    fs::remove_dir_all(&data).context("could not remove the data directory")?;
    Ok(vec![
        Page { name: "settings.md", text: settings },
        Page { name: "commands.md", text: commands },
        Page { name: "countersign.schema.json", text: schema },
        Page { name: "metrics.md", text: metrics },
        Page { name: "openapi.json", text: served? },
    ])
}

fn document(program: &Path, data: &Path) -> Result<String> {
    let port = free_port()?;
    let mut dev = Command::new(program);
    dev.arg("dev")
        .current_dir(std::env::temp_dir())
        .env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"))
        // The document names no address of its own, but if it did, the page must not change from run to run.
        .env("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420")
        .env("COUNTERSIGN_DATA_DIR", data);
    let server = Host::start(program, port, "/readyz", &mut dev)?;
    let request = Request { method: "GET", path: "/openapi.json", headers: Vec::new(), body: String::new() };
    let answer = Connection::open(server.port)?.send(&request)?.ok()?;
    // Read and written again, so that its order and spacing are ours.
    let document: serde_json::Value = serde_json::from_slice(&answer.body)?;
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
