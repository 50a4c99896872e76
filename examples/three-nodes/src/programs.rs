//! Where the programs are that this machine must have.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

/// The programs.
pub(crate) struct Programs {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
    pub(crate) valkey: PathBuf,
    pub(crate) nginx: PathBuf,
}

impl Programs {
    /// Finds them, or says which are missing and which packages bring them.
    pub(crate) fn find() -> Result<Self> {
        let folders = folders();
        let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        let initdb = find("initdb").filter(|initdb| initdb.with_file_name("postgres").is_file());
        let (valkey, nginx) = (find("valkey-server").or_else(|| find("redis-server")), find("nginx"));
        if let (Some(initdb), Some(valkey), Some(nginx)) = (&initdb, &valkey, &nginx) {
            let (initdb, postgres) = (initdb.clone(), initdb.with_file_name("postgres"));
            return Ok(Self { initdb, postgres, valkey: valkey.clone(), nginx: nginx.clone() });
        }
        let found = [initdb.is_some(), valkey.is_some(), nginx.is_some()];
        let missing = NEEDED.iter().zip(found).filter(|(_, is_found)| !is_found).map(|(needed, _)| needed);
        let (names, packages): (Vec<&str>, Vec<&str>) = missing.copied().unzip();
        bail!("missing on this machine: {}\non Debian: apt-get install {}", names.join(", "), packages.join(" "))
    }
}

/// What is needed, and the package of Debian that brings it.
const NEEDED: [(&str, &str); 3] = [
    ("PostgreSQL (initdb and postgres)", "postgresql"),
    ("Valkey or Redis (valkey-server or redis-server)", "redis-server"),
    ("nginx", "nginx"),
];

/// Where is looked: the path, and where Debian puts what is not on it.
#[expect(clippy::disallowed_methods, reason = "where programs are is the caller's to say")]
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.push("/usr/sbin".into());
    folders
}
