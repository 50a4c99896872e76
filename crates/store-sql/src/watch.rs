//! Runs where it is asked for what takes some microseconds, and what a disk that hangs may hold in the kernel all the same.
//!
//! A thread of the runtime that is held holds more than itself: if it was the one that listens to sockets and timers, nobody listens until
//! another one is woken. Promises: where nothing of what runs has ended for 10 to 20 ms, something is held, and one is woken; as long as
//! something is held, the last thread that is left is replaced before it may be. Neither costs anything as long as the disk answers. Not
//! promised: that not all threads are held within those first milliseconds. In a runtime of one thread there is nobody else, and
//! nothing of this is done.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{Builder, Thread, park, sleep};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// How often is looked whether anything ends, as long as something runs.
const TICK: Duration = Duration::from_millis(10);

/// Who runs, and who looks after it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Shared>);

struct Shared {
    running: AtomicUsize,
    ended: AtomicUsize,
    /// How many may be held without holding all.
    most: usize,
    /// Whether something has run for long.
    is_held: AtomicBool,
    is_awake: AtomicBool,
    watcher: OnceLock<Thread>,
}

impl Watch {
    /// Starts the thread that looks, for the runtime of whoever calls.
    pub(crate) fn start() -> io::Result<Self> {
        let is_shared = |runtime: &Handle| runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        let runtime = Handle::try_current().ok().filter(is_shared);
        let most = runtime.as_ref().map_or(usize::MAX, |runtime| runtime.metrics().num_workers().saturating_sub(1));
        let shared = Arc::new(Shared::new(most));
        if let Some(runtime) = runtime {
            let watched = Arc::downgrade(&shared);
            let thread =
                Builder::new().name("countersign-watch".to_owned()).spawn(move || watch(&watched, &runtime))?;
            let _ = shared.watcher.set(thread.thread().clone());
        }
        Ok(Self(shared))
    }

    /// Runs it. Not to be called in a `LocalSet` of a runtime of several threads, whose threads cannot be replaced.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let (_running, others) = Running::begin(&self.0);
        let is_last = others >= self.0.most && self.0.is_held.load(Ordering::Relaxed);
        if is_last { block_in_place(work) } else { work() }
    }
}

/// Something that runs.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    /// With how many others do.
    fn begin(shared: &'a Shared) -> (Self, usize) {
        let others = shared.running.fetch_add(1, Ordering::SeqCst);
        if !shared.is_awake.load(Ordering::SeqCst) && !shared.is_awake.swap(true, Ordering::SeqCst) {
            shared.wake();
        }
        (Self(shared), others)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// With a watcher who is awake.
    fn new(most: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            most,
            is_held: AtomicBool::new(false),
            is_awake: AtomicBool::new(true),
            watcher: OnceLock::new(),
        }
    }

    fn wake(&self) {
        if let Some(watcher) = self.watcher.get() {
            watcher.unpark();
        }
    }

    /// Whether the watcher may sleep until he is woken, since nothing runs.
    fn may_sleep(&self) -> bool {
        self.is_awake.store(false, Ordering::SeqCst);
        // Whoever began before that saw a watcher that was awake.
        let is_idle = self.running.load(Ordering::SeqCst) == 0;
        if !is_idle {
            self.is_awake.store(true, Ordering::SeqCst);
        }
        is_idle
    }

    /// Notes whether something is held: it runs, and nothing has ended since `ended` had.
    fn look(&self, ended: usize) -> bool {
        let is_held = self.running.load(Ordering::SeqCst) > 0 && self.ended.load(Ordering::Relaxed) == ended;
        self.is_held.store(is_held, Ordering::Relaxed);
        is_held
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.wake();
    }
}

fn watch(watched: &Weak<Shared>, runtime: &Handle) {
    while let Some(shared) = watched.upgrade() {
        if shared.may_sleep() {
            drop(shared);
            park();
            continue;
        }
        let ended = shared.ended.load(Ordering::Relaxed);
        drop(shared);
        sleep(TICK);
        if watched.upgrade().is_some_and(|shared| shared.look(ended)) {
            // Whoever is woken to run this listens afterwards.
            runtime.spawn(async {});
        }
    }
}

#[cfg(test)]
mod tests;
