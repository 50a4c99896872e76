//! The pages that the server itself can print: its settings and its OpenAPI document.

use std::path::Path;

use anyhow::{Context, Result};

use super::Page;
use crate::process::{cargo, output};

/// The pages.
pub(super) fn pages(_root: &Path) -> Result<Vec<Page>> {
    let settings = output(server()?.args(["config", "reference"])).context("the settings")?;
    let document = output(server()?.args(["config", "openapi"])).context("the OpenAPI document")?;
    // Read and written again, so that its order and spacing are ours.
    let document: serde_json::Value = serde_json::from_str(&document).context("the OpenAPI document")?;
    let mut document = serde_json::to_string_pretty(&document)?;
    document.push('\n');
    Ok(vec![Page { name: "settings.md", text: settings }, Page { name: "openapi.json", text: document }])
}

fn server() -> Result<std::process::Command> {
    let mut command = cargo()?;
    command.args(["run", "--quiet", "--package", "countersign-server", "--"]);
    Ok(command)
}
