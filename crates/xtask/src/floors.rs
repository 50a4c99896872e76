//! `cargo xtask floors`: the walls of the house, checked.
//!
//! docs/design/floors.md says why they stand where they stand. Four checks: which crate may lean on which, no circle of files inside
//! a crate, no file that hides a second noun, and no words or switches that must not stay.

mod arrows;
mod circles;
mod tidy;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{output, root};

/// Runs all checks and prints each finding on a line.
pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let files = tracked(&root)?;
    let mut findings = arrows::check(&root)?;
    findings.extend(circles::check(&root, &files)?);
    findings.extend(tidy::check(&root, &files)?);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("floors: {} files, nothing found", files.len());
    Ok(())
}

/// The files that are, or are about to be, in the repository, by their path from its top.
fn tracked(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let listed = output(&mut git)?;
    Ok(listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .filter(|path| root.join(path).is_file())
        .collect())
}
