//! The watchman: knows every connection, counts its time in turns, and ends those that take too long.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_kernel::Lifetime;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinHandle};

use super::tally;
use crate::config::http::Http;

/// How often the watchman looks. Bounds are kept to within this.
const TURN: Duration = Duration::from_millis(250);

/// How long, after the signal to stop, a head that has begun may still arrive.
const HEADLESS: Duration = Duration::from_millis(500);

/// How many clients at once are told that every place is taken; further ones are cut off unheard.
const TURNED_AWAY: usize = 128;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for the next request.
    Idle,
    /// A head has begun to arrive.
    Head,
    /// A request is being answered.
    Busy,
}

/// The state of one connection: its phase and the turn at which that began, in one word.
#[derive(Debug)]
pub(super) struct Life {
    now: Arc<AtomicU64>,
    /// `turn << 2 | phase`.
    phase: AtomicU64,
    /// The turn at which a write began to wait, plus one; 0 while none waits.
    stalled: AtomicU64,
    /// Tells the connection to end after the request under way.
    pub(super) close: Notify,
}

impl Life {
    fn new(now: Arc<AtomicU64>) -> Self {
        let life = Self { now, phase: AtomicU64::new(0), stalled: AtomicU64::new(0), close: Notify::new() };
        life.enter(Phase::Head);
        life
    }

    /// Notes that a phase begins now.
    pub(super) fn enter(&self, phase: Phase) {
        let code = match phase {
            Phase::Idle => 0,
            Phase::Head => 1,
            Phase::Busy => 2,
        };
        self.phase.store(self.turn() << 2 | code, Ordering::Relaxed);
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.phase().0 == Phase::Busy
    }

    /// Notes that bytes arrived: an idle connection begins a head.
    pub(super) fn bytes_came(&self) {
        if self.phase().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Notes whether the last write has to wait for the client.
    pub(super) fn write_waits(&self, waits: bool) {
        match (waits, self.stalled.load(Ordering::Relaxed)) {
            (true, 0) => self.stalled.store(self.turn() + 1, Ordering::Relaxed),
            (false, stalled) if stalled != 0 => self.stalled.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    fn turn(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn phase(&self) -> (Phase, u64) {
        let word = self.phase.load(Ordering::Relaxed);
        let phase = match word & 3 {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        };
        (phase, word >> 2)
    }
}

#[derive(Debug)]
struct Entry {
    life: Arc<Life>,
    task: Option<AbortHandle>,
}

/// Every connection of the process's listeners.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) bounds: Http,
    now: Arc<AtomicU64>,
    next: AtomicU64,
    connections: Mutex<HashMap<u64, Entry>>,
    left: Notify,
    turned_away: Arc<Semaphore>,
}

impl Watch {
    pub(super) fn new(bounds: Http) -> Self {
        let now = Arc::new(AtomicU64::new(0));
        Self {
            bounds,
            now,
            next: AtomicU64::new(0),
            connections: Mutex::default(),
            left: Notify::new(),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
        }
    }

    /// Leave to tell one more client that every place is taken; none where too many are being told.
    pub(super) fn turn_away(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turned_away).try_acquire_owned().ok()
    }

    /// A place for one more connection; none where all are taken. Dropping the place frees it.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut connections = self.connections();
        if connections.len() >= self.bounds.max_connections {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let life = Arc::new(Life::new(Arc::clone(&self.now)));
        connections.insert(number, Entry { life: Arc::clone(&life), task: None });
        tally::OPENED.one();
        Some(Place { number, life, watch: Arc::clone(self) })
    }

    /// Gives the watchman the means to cut a connection off.
    pub(super) fn arm(&self, number: u64, task: &JoinHandle<()>) {
        // It may have ended already.
        if let Some(entry) = self.connections().get_mut(&number) {
            entry.task = Some(task.abort_handle());
        }
    }

    /// Counts turns and ends what takes too long, for ever.
    pub(super) async fn keep(&self) {
        let mut turns = tokio::time::interval(TURN);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            turns.tick().await;
            let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
            self.look(now);
        }
    }

    /// Lets every connection finish its request; cuts off what is left after `patience`.
    pub(super) async fn drain(&self, patience: Duration) {
        for entry in self.connections().values() {
            entry.life.close.notify_one();
        }
        // A browser keeps connections open on which it has not asked for anything yet, and nothing tells those to go.
        if tokio::time::timeout(HEADLESS.min(patience), self.emptied()).await.is_err() {
            self.cut_headless();
            let _ = tokio::time::timeout(patience.saturating_sub(HEADLESS), self.emptied()).await;
        }
        let rest: Vec<_> = self.connections().values().filter_map(|e| e.task.clone()).collect();
        if !rest.is_empty() {
            tracing::warn!(connections = rest.len(), "cut off connections that did not finish in time");
        }
        rest.iter().for_each(AbortHandle::abort);
    }

    /// Cuts off whoever has not sent a whole head: no request of his is under way.
    fn cut_headless(&self) {
        for entry in self.connections().values().filter(|entry| entry.life.phase().0 == Phase::Head) {
            if let Some(task) = &entry.task {
                task.abort();
            }
        }
    }

    fn look(&self, now: u64) {
        for entry in self.connections().values() {
            let (phase, since) = entry.life.phase();
            let lasted = now.saturating_sub(since);
            let stalled = entry.life.stalled.load(Ordering::Relaxed);
            let cut = match phase {
                Phase::Head => lasted > turns(self.bounds.header),
                Phase::Idle | Phase::Busy => stalled != 0 && now.saturating_sub(stalled) > turns(self.bounds.write),
            };
            if cut {
                tally::CUT.one();
                if let Some(task) = &entry.task {
                    task.abort();
                }
            } else if phase == Phase::Idle && lasted > turns(self.bounds.idle) {
                // Not cut: should a request have just arrived, it is answered.
                entry.life.close.notify_one();
            }
        }
    }

    async fn emptied(&self) {
        loop {
            let left = self.left.notified();
            if self.connections().is_empty() {
                return;
            }
            left.await;
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        // Each step leaves the map whole.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place among those at once.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) life: Arc<Life>,
    watch: Arc<Watch>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.watch.connections().remove(&self.number);
        self.watch.left.notify_one();
        tally::CLOSED.one();
    }
}

fn turns(span: Lifetime) -> u64 {
    span.as_millis().unsigned_abs() / u64::try_from(TURN.as_millis()).unwrap_or(1)
}
