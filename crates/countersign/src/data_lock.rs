//! Who has a database open: every system that runs on a SQLite file shares a lock beside it, and a restore wants it alone.
//!
//! The lock is the operating system's: it goes with its process, however that ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::journal::give_to_owner;

/// Held for as long as the database is in use.
#[derive(Debug)]
pub(crate) struct DataLock(#[expect(dead_code, reason = "closing the file is what gives the lock back")] File);

impl DataLock {
    /// Takes its share. [`Error::Restoring`] while a restore has the database alone.
    pub(crate) fn share(database: &Path) -> Result<Self, Error> {
        let (path, file) = open(database)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Restoring(database.to_owned())),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        }
    }

    /// Takes it alone; none where anybody has a share.
    pub(crate) fn alone(database: &Path) -> Result<Option<Self>, Error> {
        let (path, file) = open(database)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        }
    }
}

fn open(database: &Path) -> Result<(PathBuf, File), Error> {
    let mut name = OsString::from(database);
    name.push(".lock");
    let path = PathBuf::from(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(file) => {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            give_to_owner(&path, folder);
            Ok((path, file))
        }
        Err(source) => Err(Error::File { path, source }),
    }
}
