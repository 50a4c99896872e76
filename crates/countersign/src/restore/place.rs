//! Puts the prepared copy in the place of the database.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use countersign_kernel::Timestamp;
use countersign_store_sql::file::settle;

use crate::backup::BackupError;
use crate::journal::give_to_owner;

/// What SQLite keeps beside a file.
const BESIDE: &[&str] = &["-wal", "-shm"];

/// Keeps what is there aside and renames `copy` into its place; where the old one is kept, if there was one.
///
/// The order: the old database is made one file, given a second name, and only then replaced by a rename, so that at every
/// moment a whole database is in the place. Where the old one is damaged, its log is moved first: SQLite would take it for the new
/// one's.
pub(super) async fn put(copy: &Path, place: &Path, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
    let folder = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let kept = if place.exists() { Some(keep(place, folder, now).await?) } else { None };
    // The server's user must be able to open it, also where root puts it back.
    give_to_owner(copy, folder);
    let put = File::open(copy)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(copy, place))
        .and_then(|()| File::open(folder)?.sync_all());
    put.map_err(|source| BackupError::file(place, source))?;
    Ok(kept)
}

async fn keep(place: &Path, folder: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    // One that is damaged cannot be settled and is kept as it is.
    let _ = settle(place).await;
    let moment = now.to_rfc3339().replace([':', '.'], "-");
    let aside = folder.join(format!("replaced-{moment}"));
    let broken = |source| BackupError::file(&aside, source);
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&aside).map_err(broken)?;
    give_to_owner(&aside, folder);
    let name = place.file_name().unwrap_or_default();
    fs::hard_link(place, aside.join(name)).map_err(broken)?;
    for ending in BESIDE {
        let mut beside = name.to_owned();
        beside.push(ending);
        match fs::rename(folder.join(&beside), aside.join(&beside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broken(error)),
            _ => {}
        }
    }
    File::open(&aside).and_then(|aside| aside.sync_all()).map_err(broken)?;
    Ok(aside)
}
