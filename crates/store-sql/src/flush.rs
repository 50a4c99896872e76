//! SQLite: brings commits to the disk after they have given back their turn to write.
//!
//! Promises: a commit is answered after a flush of the log that began when it was in it; one flush is for all that wait; observers hear of
//! commits in their order, each after its flush. Where a flush fails, all that waited for it are told that the disk does not take
//! it, and nobody is answered well before the whole log was brought into the database: a kernel that could not write pages may count
//! them as written, so that the next flush of the log alone would say nothing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_store::{Committed, Error};
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::error::{from_rusqlite, unavailable};
use crate::open::BUSY_TIMEOUT;

/// The thread that flushes.
pub(crate) struct Flusher {
    work: Sender<Work>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Work {
    Flush(Commit),
    Stop,
}

struct Commit {
    committed: Committed,
    reply: oneshot::Sender<Result<(), Error>>,
}

/// Is told of commits, each after its flush.
pub(crate) type Tell = Box<dyn Fn(&Committed) + Send>;

impl Flusher {
    /// Starts the thread. Must be called within a tokio runtime, in which observers are told.
    pub(crate) fn start(mut disk: impl Disk + 'static, tell: Tell) -> Result<Self, Error> {
        let (work, waiting) = channel();
        let runtime = Handle::current();
        let run = move || {
            let _within = runtime.enter();
            while turn(&mut disk, &waiting, &tell).is_some() {}
        };
        let thread = std::thread::Builder::new()
            .name("countersign-flusher".to_owned())
            .spawn(run)
            .map_err(|error| Error::Unavailable(error.into()))?;
        Ok(Self { work, thread: Mutex::new(Some(thread)) })
    }

    /// Takes up a commit that was just made; to be called with the turn to write, so that commits come in their order. What is
    /// returned is ready when it was flushed, or could not be, and the observers have been told.
    pub(crate) fn take(&self, committed: Committed) -> oneshot::Receiver<Result<(), Error>> {
        let (reply, answer) = oneshot::channel();
        // Where the thread has ended, the reply is dropped, and that is the answer.
        let _ = self.work.send(Work::Flush(Commit { committed, reply }));
        answer
    }

    /// Lets the thread finish what waits, and ends it.
    pub(crate) async fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error says that it has ended already.
            let _ = self.work.send(Work::Stop);
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Waits for commits, flushes once for all of them, and answers; none when there will be no more.
fn turn(disk: &mut impl Disk, waiting: &Receiver<Work>, tell: &Tell) -> Option<()> {
    let Ok(Work::Flush(first)) = waiting.recv() else { return None };
    let mut commits = vec![first];
    let mut stopped = false;
    while let Ok(more) = waiting.try_recv() {
        match more {
            Work::Flush(commit) => commits.push(commit),
            Work::Stop => stopped = true,
        }
    }
    let flushed = disk.flush();
    if let Err(error) = &flushed {
        tracing::error!(error = %error, commits = commits.len(), "the disk did not take what was committed");
    }
    for Commit { committed, reply } in commits {
        // Also what the disk may have lost: who reads sees it as long as this machine runs.
        if committed != Committed::default() {
            tell(&committed);
        }
        let answer = flushed.as_ref().copied().map_err(|_| unavailable("the disk did not take what was committed"));
        // The caller may have gone away.
        let _ = reply.send(answer);
    }
    (!stopped).then_some(())
}

/// What commits are brought to.
pub(crate) trait Disk: Send {
    /// Brings everything that was committed to the disk.
    fn flush(&mut self) -> Result<(), Error>;
}

/// The disk of a test, which needs nothing to outlive the machine.
#[cfg(feature = "testing")]
pub(crate) struct NoDisk;

#[cfg(feature = "testing")]
impl Disk for NoDisk {
    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// The write-ahead log of a database.
pub(crate) struct Log {
    database: PathBuf,
    log: PathBuf,
    /// How long others are waited for.
    patience: Duration,
    /// Whether the kernel may have forgotten a part of it.
    is_suspect: bool,
}

impl Log {
    /// That of a database that is there.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        // SQLite follows links to the file, and puts the log beside that.
        let database = database.canonicalize()?;
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { database, log: log.into(), patience: BUSY_TIMEOUT, is_suspect: false })
    }
}

impl Disk for Log {
    fn flush(&mut self) -> Result<(), Error> {
        if !self.is_suspect {
            let synced = sync(&self.log);
            self.is_suspect = synced.is_err();
            return synced.map_err(|error| Error::Unavailable(error.into()));
        }
        if !bring_home(&self.database, self.patience).map_err(from_rusqlite)? {
            return Err(unavailable("the log could not be brought into the database"));
        }
        self.is_suspect = false;
        Ok(())
    }
}

/// By name each time: the log is a new file when the last connection of all processes has gone. That a file of this name is closed takes no
/// lock away, since SQLite locks the two others.
fn sync(log: &Path) -> io::Result<()> {
    File::open(log)?.sync_data()
}

/// Brings the whole log into the database, and that to the disk; `false` where others kept it from doing so.
fn bring_home(database: &Path, patience: Duration) -> rusqlite::Result<bool> {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(!row.get::<_, bool>(0)?))
}

#[cfg(test)]
mod tests;
