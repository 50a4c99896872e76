//! The revocation feed: what services that check tokens by themselves are told (docs/design/revocation-feed.md).
//!
//! Promises: a subscriber is told every revocation of the log in its order, or told to start over from a snapshot of what is
//! live; it joins before its snapshot is made, so that nothing falls between; what it costs in memory is a place in one common
//! list, whatever its pace, and one that falls behind the list is cut off; a heartbeat says up to when the log was read, never
//! later. Follows DESIGN section 2.

mod beat;
mod log;
mod subscribe;
mod subscription;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_kernel::{Counter, MachineId, Timestamp};
use countersign_keys::FeedKeys;
use countersign_store::{Committed, Observer, RevocationHead};
use tokio::sync::{Notify, watch};

use self::beat::Beat;
pub(crate) use self::log::{Entry, Log, Reading};
pub use self::subscribe::SubscribeVerdict;
pub use self::subscription::{FeedEvent, Subscription, Told};

/// The feed of this process.
pub(crate) struct Feed {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    /// Tells whoever reads the log that a commit of this process has added to it.
    hurry: Arc<Notify>,
    /// How many subscribers there are, for those who must not wait.
    count: AtomicUsize,
    most: usize,
    issuer: String,
    keys: FeedKeys,
    tally: Tally,
}

/// What all subscribers share.
struct State {
    log: Log,
    /// Up to when the log was read.
    heard: Timestamp,
    /// How many heartbeats were struck.
    beats: u64,
    /// The last one, signed.
    beat: Option<Beat>,
    subscribers: HashMap<u64, Subscriber>,
    next_number: u64,
    is_closed: bool,
}

/// A subscriber as the feed sees it.
struct Subscriber {
    machine: MachineId,
    /// What it will be told next.
    next: u64,
    is_cut: bool,
}

/// Where a subscriber is, as it knows itself.
pub(crate) struct Cursor {
    number: u64,
    history: u64,
    next: u64,
    /// The last heartbeat that it was told; none before it is up to date.
    beats: Option<u64>,
}

/// What comes next for a subscriber.
pub(crate) enum Step {
    Revoked(Entry),
    Heartbeat(RevocationHead, Arc<str>),
    /// The history has changed: only a snapshot leads on.
    Lost,
    /// Nothing yet.
    Wait,
    /// Nothing more.
    Over,
}

#[derive(Default)]
struct Tally {
    revoked: Counter,
    snapshots: Counter,
    heartbeats: Counter,
    resets: Counter,
    cut_off: Counter,
}

/// What the feed says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedReadings {
    /// Subscribers now, and how many there may be.
    pub subscribers: (usize, usize),
    /// How many revocations wait for the slowest subscriber.
    pub backlog: u64,
    /// Events sent, by kind.
    pub events: [(&'static str, u64); 4],
    /// Subscribers that were cut off because they read too slowly.
    pub cut_off: u64,
}

impl Feed {
    pub(crate) fn new(keys: FeedKeys, issuer: &str, most: usize, now: Timestamp) -> Self {
        let state = State {
            log: Log::new(),
            heard: now,
            beats: 0,
            beat: None,
            subscribers: HashMap::new(),
            next_number: 0,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
            hurry: Arc::new(Notify::new()),
            count: AtomicUsize::new(0),
            most,
            issuer: issuer.to_owned(),
            keys,
            tally: Tally::default(),
        }
    }

    /// Takes up records that continue the log.
    pub(crate) fn go_on(&self, entries: Vec<Entry>) {
        let mut state = self.lock();
        entries.into_iter().for_each(|entry| state.log.push(entry));
        drop(state);
        self.changed.send_replace(());
    }

    /// Takes up the whole log as it was read: as more of the history that is known, or as another one.
    pub(crate) fn start_over(&self, reading: Reading) {
        self.lock().log.take(reading);
        self.changed.send_replace(());
    }

    /// Notes that the log was read to its end at this moment.
    pub(crate) fn heard(&self, at: Timestamp) {
        let mut state = self.lock();
        state.heard = state.heard.max(at);
    }

    /// Strikes: every subscriber that is up to date is told so.
    pub(crate) fn strike(&self) {
        self.lock().beats += 1;
        self.changed.send_replace(());
    }

    /// Ends every subscription, and lets nobody join any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.send_replace(());
    }

    /// Ends the subscriptions of all machines but these.
    pub(crate) fn keep_only(&self, machines: &[MachineId]) {
        self.cut(|machine| !machines.contains(&machine));
    }

    /// Ends the subscriptions of these machines.
    pub(crate) fn cut(&self, is_meant: impl Fn(MachineId) -> bool) {
        let mut state = self.lock();
        for subscriber in state.subscribers.values_mut() {
            subscriber.is_cut |= is_meant(subscriber.machine);
        }
        drop(state);
        self.changed.send_replace(());
    }

    pub(crate) fn has_subscribers(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn hurry(&self) -> Arc<Notify> {
        Arc::clone(&self.hurry)
    }

    pub(crate) fn keys(&self) -> &FeedKeys {
        &self.keys
    }

    /// Whether this place lies beyond all that was read here.
    pub(crate) fn is_behind(&self, place: RevocationHead) -> bool {
        self.lock().log.head.seq < place.seq
    }

    /// Gives a subscriber a place in the list: behind `after` where the log knows that, else at its end. The second is whether
    /// only a snapshot leads on. None where there is no room, or the feed is closed.
    pub(crate) fn join(&self, machine: MachineId, after: Option<RevocationHead>) -> Option<(Cursor, bool)> {
        let mut state = self.lock();
        if state.is_closed || state.subscribers.len() >= self.most {
            return None;
        }
        let known = after.and_then(|place| state.log.behind(place));
        let next = known.unwrap_or_else(|| state.log.end());
        let number = state.next_number;
        state.next_number += 1;
        state.subscribers.insert(number, Subscriber { machine, next, is_cut: false });
        self.count.store(state.subscribers.len(), Ordering::Relaxed);
        Some((Cursor { number, history: state.log.history, next, beats: None }, known.is_none()))
    }

    pub(crate) fn leave(&self, cursor: &Cursor) {
        let mut state = self.lock();
        state.subscribers.remove(&cursor.number);
        self.count.store(state.subscribers.len(), Ordering::Relaxed);
    }

    /// Whether a subscriber is to be told nothing more.
    pub(crate) fn is_over(&self, cursor: &Cursor) -> bool {
        let state = self.lock();
        state.is_closed || state.subscribers.get(&cursor.number).is_none_or(|subscriber| subscriber.is_cut)
    }

    /// What comes next for this subscriber.
    pub(crate) fn step(&self, cursor: &mut Cursor) -> Step {
        let mut state = self.lock();
        let State { log, subscribers, is_closed, .. } = &mut *state;
        let Some(subscriber) = subscribers.get_mut(&cursor.number).filter(|s| !s.is_cut && !*is_closed) else {
            return Step::Over;
        };
        if cursor.history != log.history {
            *cursor = Cursor { history: log.history, next: log.end(), beats: None, ..*cursor };
            subscriber.next = cursor.next;
            return Step::Lost;
        }
        if log.has_forgotten(cursor.next) {
            self.tally.cut_off.one();
            return Step::Over;
        }
        if let Some(entry) = log.at(cursor.next) {
            cursor.next += 1;
            subscriber.next = cursor.next;
            self.tally.revoked.one();
            return Step::Revoked(entry.clone());
        }
        if cursor.beats == Some(state.beats) {
            return Step::Wait;
        }
        cursor.beats = Some(state.beats);
        match self.beat(&mut state) {
            Ok((place, text)) => {
                self.tally.heartbeats.one();
                Step::Heartbeat(place, text)
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "could not sign a heartbeat of the revocation feed");
                Step::Over
            }
        }
    }

    pub(crate) fn readings(&self) -> FeedReadings {
        let state = self.lock();
        let end = state.log.end();
        let waiting = state.subscribers.values().map(|subscriber| end.saturating_sub(subscriber.next));
        let tally = &self.tally;
        FeedReadings {
            subscribers: (state.subscribers.len(), self.most),
            backlog: waiting.max().unwrap_or(0),
            events: [
                ("revoked", &tally.revoked),
                ("snapshot", &tally.snapshots),
                ("heartbeat", &tally.heartbeats),
                ("reset", &tally.resets),
            ]
            .map(|(kind, counter)| (kind, counter.count())),
            cut_off: tally.cut_off.count(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Feed {
    /// Says that the log has grown, and no more: only reading it shows in which order.
    fn committed(&self, committed: &Committed) {
        if !committed.revocations.is_empty() && self.has_subscribers() {
            self.hurry.notify_one();
        }
    }
}
