//! What the file system tells: who can read what, and how much room there is.

use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::config::Config;

/// Below this nothing works for long.
const LEAST_ROOM: u64 = 100_000_000;

/// Whether only the owner can read what is secret.
pub(super) fn permissions(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "permissions";
    let data = &config.general.data_dir;
    let mut places: Vec<(PathBuf, &str)> = vec![(data.clone(), "700"), (data.join("master.key"), "600")];
    if let Some(database) = config.general.database_file() {
        places.extend([
            (database.with_file_name("sign-outs"), "700"),
            (database.with_file_name("backups"), "700"),
            (database.with_file_name("countersign.db-wal"), "600"),
            (database, "600"),
        ]);
    }
    let mut findings = Vec::new();
    for (path, mode) in places {
        if exposed(&path) {
            findings.push(Finding::fail(
                CHECK,
                format!("{} is open to other users of this machine", path.display()),
                format!("chmod {mode} {}", path.display()),
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} is for its owner alone", data.display())));
    }
    findings
}

#[cfg(unix)]
fn exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn exposed(_: &Path) -> bool {
    false
}

/// Whether there is room for the database, and for a backup of it. That of a server is the server's to watch.
pub(super) fn room(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "disk";
    let Some(database) = config.general.database_file() else { return Vec::new() };
    let folder = database.parent().filter(|p| p.is_dir()).unwrap_or(Path::new("."));
    let Ok(disk) = rustix::fs::statvfs(folder) else { return Vec::new() };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let size = fs::metadata(&database).map_or(0, |metadata| metadata.len());
    let says = format!("{} MB free for a database of {} MB", free / 1_000_000, size.div_ceil(1_000_000));
    vec![if free < LEAST_ROOM {
        Finding::fail(CHECK, says, "free some room: where a commit finds none, sign-ins are refused")
    } else if free < size.saturating_mul(3) {
        Finding::warn(
            CHECK,
            says,
            "a backup takes twice the database for a moment: free some, or name another disk with --out",
        )
    } else {
        Finding::ok(CHECK, says)
    }]
}
