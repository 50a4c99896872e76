//! The reverse proxies whose configurations come with the repository, for the tests.
//!
//! Promises: nothing is installed and no service is started. What is missing is unpacked below `target` from the packages of the
//! distribution, and runs from there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{answers, root, run};

/// The variable that a test looks for, the package, and where the program is in it.
const PROGRAMS: [(&str, &str, &str); 2] =
    [("COUNTERSIGN_TEST_NGINX", "nginx", "usr/sbin/nginx"), ("COUNTERSIGN_TEST_CADDY", "caddy", "usr/bin/caddy")];

/// Each variable with the path of its program.
pub(crate) fn programs() -> Result<Vec<(&'static str, PathBuf)>> {
    let unpacked = root()?.join("target/proxies");
    let found = PROGRAMS.map(|(variable, package, path)| {
        let program = match find(&unpacked, path) {
            Some(program) => program,
            None => unpack(package, &unpacked, path)?,
        };
        Ok((variable, program))
    });
    found.into_iter().collect()
}

fn find(unpacked: &Path, path: &str) -> Option<PathBuf> {
    [Path::new("/").join(path), unpacked.join(path)].into_iter().find(|program| program.is_file())
}

fn unpack(package: &str, to: &Path, path: &str) -> Result<PathBuf> {
    println!("unpacking {package}");
    let packages = to.join("packages");
    fs::create_dir_all(&packages)?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-qq", package]).current_dir(&packages).stderr(Stdio::null());
    if !answers(&mut download) {
        // A machine that is new has no lists yet.
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(&mut download).with_context(|| format!("put {package} on this machine: `apt-get install {package}`"))?;
    }
    for entry in fs::read_dir(&packages)? {
        let file = entry?.path();
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{package}_"))) {
            run(Command::new("dpkg-deb").arg("-x").arg(file).arg(to))?;
        }
    }
    match find(to, path) {
        Some(program) => Ok(program),
        None => bail!("the package {package} brought no {path}"),
    }
}
