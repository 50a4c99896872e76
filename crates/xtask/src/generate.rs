//! `cargo xtask gen`: writes docs/reference from what it describes.
//!
//! Promises: nothing in that folder is written by hand, and `--check` fails where a page differs from its source, where a test of
//! the catalogue is missing, and where a marker names nothing.

mod attacks;
mod audit_events;
mod errors;
mod server;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::root;

const FOLDER: &str = "docs/reference";

/// A page of the folder: its file name and what it must hold.
struct Page {
    name: &'static str,
    text: String,
}

/// Writes the pages, or compares them where `--check` is asked for.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("usage: cargo xtask gen [--check]"),
    };
    let root = root()?;
    let (mut pages, missing) = attacks::pages(&root)?;
    pages.extend([audit_events::page(&root)?, errors::page(&root)?]);
    pages.extend(server::pages(&root)?);

    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut stale = missing;
    for page in &pages {
        let path = folder.join(page.name);
        let is_current = fs::read_to_string(&path).is_ok_and(|found| found == page.text);
        if !is_current && check {
            stale.push(format!("{FOLDER}/{} is not what its source says: run `cargo xtask gen`", page.name));
        } else if !is_current {
            fs::write(&path, &page.text).with_context(|| path.display().to_string())?;
            println!("wrote {FOLDER}/{}", page.name);
        }
    }
    stale.extend(strangers(&folder, &pages)?);
    for line in &stale {
        println!("{line}");
    }
    if !stale.is_empty() {
        bail!("{} findings", stale.len());
    }
    println!("gen: {} pages, all current", pages.len());
    Ok(())
}

fn strangers(folder: &Path, pages: &[Page]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !pages.iter().any(|page| page.name == name) {
            found.push(format!("{FOLDER}/{name}: nothing makes this page"));
        }
    }
    Ok(found)
}
