//! Writes log lines to standard output from a thread of its own.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may wait to be written; further lines are dropped and counted.
const CAPACITY: usize = 4 * 1024 * 1024;

/// How long lines are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
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

/// Keeps the thread; dropping it writes what waits.
#[derive(Debug)]
pub struct Flush {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread.
pub(super) fn start() -> (Lines, Flush) {
    let shared = Arc::new(Shared::default());
    let spawned = std::thread::Builder::new().name("log".to_owned()).spawn({
        let shared = Arc::clone(&shared);
        move || write_all(&shared)
    });
    (Lines(Arc::clone(&shared)), Flush { shared, thread: spawned.ok() })
}

fn write_all(shared: &Shared) {
    let mut batch = Vec::new();
    loop {
        let mut waiting = shared.waiting();
        while waiting.bytes.is_empty() && !waiting.is_over {
            waiting = shared.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let is_over = waiting.is_over;
        drop(waiting);
        if !is_over {
            std::thread::sleep(GATHER);
        }
        let mut waiting = shared.waiting();
        std::mem::swap(&mut batch, &mut waiting.bytes);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        let mut out = io::stdout().lock();
        // Nobody reads any more: there is nowhere left to say so.
        let _ = out.write_all(&batch);
        if dropped > 0 {
            let _ = writeln!(out, "{{\"level\":\"WARN\",\"message\":\"log lines dropped\",\"lines\":{dropped}}}");
        }
        let _ = out.flush();
        batch.clear();
        batch.shrink_to(64 * 1024);
        if is_over {
            return;
        }
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
            return Ok(line.len());
        }
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if is_first {
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
        self.shared.waiting().is_over = true;
        self.shared.came.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
