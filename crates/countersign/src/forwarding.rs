//! What was seen of proxies that nobody named: `doctor` tells of them.
//!
//! A request that brings a forwarding header from an untrusted peer of a private network is most likely one that came through a proxy which is
//! missing from the settings: all clients behind it then count as one. How often, and from where last, is kept in a small file beside
//! the database, because `doctor` is another process.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use countersign_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// The file beside the database.
const FILE: &str = "forwarding.json";

/// Forwarding headers that were not heeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardingSeen {
    /// How many requests had one.
    pub count: u64,
    /// When the last one came.
    pub last_at: Timestamp,
    /// Who sent it.
    pub peer: IpAddr,
}

/// What is kept beside a database; none where nothing was seen.
pub(crate) fn read(database: &Path) -> Option<ForwardingSeen> {
    serde_json::from_slice(&fs::read(place(database)).ok()?).ok()
}

/// Adds what was seen since the last time.
pub(crate) fn add(database: &Path, seen: ForwardingSeen) -> io::Result<()> {
    let before = read(database).map_or(0, |before| before.count);
    let seen = ForwardingSeen { count: before.saturating_add(seen.count), ..seen };
    let path = place(database);
    let draft = path.with_extension("draft");
    fs::write(&draft, serde_json::to_vec(&seen)?)?;
    fs::rename(draft, path)
}

fn place(database: &Path) -> PathBuf {
    database.with_file_name(FILE)
}
