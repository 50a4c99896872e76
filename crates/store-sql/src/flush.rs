//! SQLite: brings commits to the disk after they have given back their turn to write.
//!
//! Promises: a commit is answered after a flush that began when it was in the log; one flush is for all that wait; observers hear of
//! commits in their order, each after its flush. Where a flush fails, all that waited for it are told that the disk does not take
//! it. After every so many rows, those of rotations included, the log is copied into the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use countersign_store::{Committed, Error};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::error::unavailable;

/// After how many rows the log is copied. A row is one page of the log where it is rotated, up to ten where it is inserted.
const ROWS: u64 = 512;

/// The thread that flushes and copies.
pub(crate) struct Flusher {
    work: Sender<Work>,
    /// How many rows were written.
    rows: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Work {
    Flush(Commit),
    Copy,
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
            while round(&mut disk, &waiting, &tell).is_some() {}
        };
        let thread = std::thread::Builder::new()
            .name("countersign-flusher".to_owned())
            .spawn(run)
            .map_err(|error| Error::Unavailable(error.into()))?;
        Ok(Self { work, rows: AtomicU64::new(0), thread: Mutex::new(Some(thread)) })
    }

    /// Takes up a commit of so many rows that was just made; to be called with the turn to write, so that commits come in their order.
    /// What is returned is ready when it was flushed, or could not be, and the observers have been told.
    pub(crate) fn take(&self, committed: Committed, rows: u64) -> oneshot::Receiver<Result<(), Error>> {
        let (reply, answer) = oneshot::channel();
        // Where the thread has ended, the reply is dropped, and that is the answer.
        let _ = self.work.send(Work::Flush(Commit { committed, reply }));
        self.note(rows);
        answer
    }

    /// Learns of so many rows that were committed and that nobody waits for the disk with.
    pub(crate) fn note(&self, rows: u64) {
        let before = self.rows.fetch_add(rows, Ordering::Relaxed);
        if before / ROWS != before.wrapping_add(rows) / ROWS {
            let _ = self.work.send(Work::Copy);
        }
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

/// Waits for work, flushes once for all commits and answers, then copies where that is due; none when there will be no more.
fn round(disk: &mut impl Disk, waiting: &Receiver<Work>, tell: &Tell) -> Option<()> {
    let mut next = Some(waiting.recv().ok()?);
    let (mut commits, mut is_due, mut stopped) = (Vec::new(), false, false);
    while let Some(work) = next {
        match work {
            Work::Flush(commit) => commits.push(commit),
            Work::Copy => is_due = true,
            Work::Stop => stopped = true,
        }
        next = waiting.try_recv().ok();
    }
    if !commits.is_empty() {
        flush(disk, commits, tell);
    }
    // Whoever closes a database last copies what is left.
    if is_due && !stopped {
        disk.copy();
    }
    (!stopped).then_some(())
}

fn flush(disk: &mut impl Disk, commits: Vec<Commit>, tell: &Tell) {
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
}

/// What commits are brought to.
pub(crate) trait Disk: Send {
    /// Brings everything that was committed to the disk.
    fn flush(&mut self) -> Result<(), Error>;

    /// Copies the log into the database, so that it does not grow for ever.
    fn copy(&mut self) {}
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

#[cfg(test)]
mod tests;
