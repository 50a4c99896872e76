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
         `reason`, `actor`, `subject`, `session`, `address`, `userAgent`, `account` (a keyed hash of an address that no account \
         has), `request`, `detail`, and `blinding`: what the chain holds of `address`, `userAgent` and `account`, which are \
         destroyed with the person's account.\n\n\
         | event | meaning |\n|---|---|\n{rows}"
    );
    Ok(Page { name: "audit-events.md", text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that stand ready for whoever builds the act.
    const RESERVED: [&str; 2] = ["BackupMade", "BackupRestored"];

    fn sources(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_event_of_the_vocabulary_is_written_by_some_act() {
        let crates = crate::process::root().unwrap().join("crates");
        let mut written = String::new();
        for entry in fs::read_dir(&crates).unwrap() {
            let folder = entry.unwrap().path();
            let is_act = !["audit", "xtask", "testkit", "store-contract"].iter().any(|name| folder.ends_with(name));
            if is_act && folder.join("src").is_dir() {
                sources(&folder.join("src"), &mut written);
            }
        }
        let vocabulary = fs::read_to_string(crates.join("audit/src/event.rs")).unwrap();
        let variants = vocabulary
            .lines()
            .filter_map(|line| line.trim().strip_suffix("\","))
            .filter_map(|line| line.split_once(" = \""))
            .map(|(variant, _)| variant);
        let idle: Vec<&str> = variants
            .filter(|variant| !RESERVED.contains(variant))
            .filter(|variant| {
                let name = format!("Event::{variant}");
                let is_whole = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
                !written.match_indices(&name).any(|(at, _)| is_whole(&written[at + name.len()..]))
            })
            .collect();
        assert_eq!(idle, [""; 0], "names that nothing writes");
    }
}
