//! docs/reference/audit-events.md, from the vocabulary in crates/audit.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Page;

/// The page.
pub(super) fn page(root: &Path) -> Result<Page> {
    let source = fs::read_to_string(root.join("crates/audit/src/event.rs"))?;
    let (_, list) = source.split_once("\nevents! {\n").context("event.rs holds no `events!`")?;
    let (list, _) = list.split_once("\n}\n").context("`events!` does not end")?;

    let mut rows = String::new();
    let mut meaning = Vec::new();
    for line in list.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            meaning.push(text.trim());
            continue;
        }
        let name = line.split('"').nth(1).with_context(|| format!("not an event: {line}"))?;
        ensure!(!meaning.is_empty(), "{name} has no meaning");
        rows.push_str(&format!("| `{name}` | {} |\n", meaning.join(" ")));
        meaning.clear();
    }
    let text = format!(
        "# Audit events\n\n<!-- Made by `cargo xtask gen` from crates/audit/src/event.rs. Do not edit. -->\n\n\
         The list is closed: nothing else is ever written. Each record has `id`, `at`, `event`, `outcome` (`success` or `refused`), \
         `reason`, `actor`, `subject`, `session`, `address`, `userAgent`, `request` and `detail`.\n\n\
         | event | meaning |\n|---|---|\n{rows}"
    );
    Ok(Page { name: "audit-events.md", text })
}
