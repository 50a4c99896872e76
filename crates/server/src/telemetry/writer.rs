//! Writes log lines to standard output from a thread of its own.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_kernel::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait to be written; further lines are dropped and counted.
const CAPACITY: usize = 4 * 1024 * 1024;

/// How long lines are gathered after some were written: each time this thread wakes up it may take a core from a request.
const GATHER: Duration = Duration::from_millis(25);

/// How many bytes are not gathered any longer.
const ENOUGH: usize = 192 * 1024;

/// How many bytes of a buffer are kept: more than busy servers gather.
const KEPT: usize = 256 * 1024;

/// How long the end of the process waits for the last lines to be taken.
const PATIENCE: Duration = Duration::from_secs(1);
/// Lines that were dropped since the start.
pub(super) static DROPPED: Counter = Counter::new();

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    /// Whether some time is left for lines to gather.
    gathers: bool,
    /// Asked to end.
    is_over: bool,
    /// Has ended, or never began.
    is_done: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
    ended: Condvar,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each step leaves the buffer whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where lines are handed over.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Shared>);

/// One line at a time: the formatter hands each over in one call.
#[derive(Debug)]
pub(super) struct Line<'a>(&'a Shared);

/// Dropping it writes what waits, if somebody reads it.
#[derive(Debug)]
pub struct Flush(Arc<Shared>);

/// Starts the thread.
pub(super) fn start() -> (Lines, Flush) {
    let shared = Arc::new(Shared::default());
    let spawned = std::thread::Builder::new().name("log".to_owned()).spawn({
        let shared = Arc::clone(&shared);
        move || {
            write_all(&shared);
            shared.waiting().is_done = true;
            shared.ended.notify_all();
        }
    });
    shared.waiting().is_done = spawned.is_err();
    (Lines(Arc::clone(&shared)), Flush(shared))
}

fn write_all(shared: &Shared) {
    let mut batch = Vec::new();
    loop {
        let mut waiting = shared.waiting();
        while waiting.bytes.is_empty() && !waiting.is_over {
            waiting = shared.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let is_over = waiting.is_over;
        std::mem::swap(&mut batch, &mut waiting.bytes);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        let mut out = io::stdout().lock();
        // Nobody reads any more, or the disk is full: there is nowhere left to say so.
        let _ = out.write_all(&batch);
        if dropped > 0 {
            let _ = writeln!(out, "{{\"level\":\"WARN\",\"message\":\"log lines dropped\",\"lines\":{dropped}}}");
        }
        let _ = out.flush();
        batch.clear();
        batch.shrink_to(KEPT);
        if is_over {
            return;
        }
        let mut waiting = shared.waiting();
        waiting.gathers = true;
        let has_time = |waiting: &mut Waiting| waiting.bytes.len() < ENOUGH && !waiting.is_over;
        let gathered = shared.came.wait_timeout_while(waiting, GATHER, has_time);
        gathered.unwrap_or_else(PoisonError::into_inner).0.gathers = false;
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting();
        if waiting.bytes.len().saturating_add(line.len()) > CAPACITY {
            waiting.dropped += 1;
            DROPPED.one();
            return Ok(line.len());
        }
        let before = waiting.bytes.len();
        waiting.bytes.extend_from_slice(line);
        let (after, gathers) = (waiting.bytes.len(), waiting.gathers);
        drop(waiting);
        let is_wanted = if gathers { before < ENOUGH && after >= ENOUGH } else { before == 0 };
        if is_wanted {
            self.0.came.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.is_over = true;
        self.0.came.notify_one();
        // A reader that is there and does not read must not keep the process from ending.
        drop(self.0.ended.wait_timeout_while(waiting, PATIENCE, |waiting| !waiting.is_done));
    }
}
