//! One file in memory, read again when it changes.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use maxminddb::Reader;

use crate::error::Error;

type Bytes = Reader<Vec<u8>>;

/// A file, as it was when it was last good.
pub(crate) struct TableFile {
    path: PathBuf,
    reader: ArcSwap<Bytes>,
    stamp: Mutex<Stamp>,
}

/// By what a change of a file is noticed: another inode, another length, or another moment of change, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
    }
}

impl TableFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let (reader, stamp) = read(path)?;
        Ok(Self { path: path.to_owned(), reader: ArcSwap::from_pointee(reader), stamp: Mutex::new(stamp) })
    }

    /// Reads it again if it has changed. A file that cannot be read, or is broken, leaves the last good one in force.
    pub(crate) fn refresh(&self) -> Result<(), Error> {
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata =
            fs::metadata(&self.path).map_err(|source| Error::Unreadable { path: self.path.clone(), source })?;
        if Stamp::of(&metadata) == *stamp {
            return Ok(());
        }
        let (reader, new) = read(&self.path)?;
        self.reader.store(Arc::new(reader));
        *stamp = new;
        tracing::info!(path = %self.path.display(), "read the table of addresses again");
        Ok(())
    }

    pub(crate) fn reader(&self) -> Arc<Bytes> {
        self.reader.load_full()
    }
}

/// Reads a file and looks through the whole of it, so that no look-up meets a broken place.
fn read(path: &Path) -> Result<(Bytes, Stamp), Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    // Before the content: what changes in between is noticed the next time.
    let stamp = Stamp::of(&fs::metadata(path).map_err(unreadable)?);
    let broken = |source: maxminddb::MaxMindDbError| Error::Broken { path: path.to_owned(), source: source.into() };
    let reader = Reader::from_source(fs::read(path).map_err(unreadable)?).map_err(broken)?;
    reader.verify().map_err(broken)?;
    Ok((reader, stamp))
}
