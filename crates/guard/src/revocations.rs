//! What is known of revocations, and whether that is young enough to be relied on.
//!
//! Promises: what is known to be bad is told apart from what is not known to be good; staleness is counted from what the issuer has
//! signed, never from when something arrived; nothing is forgotten for being stale.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use countersign_kernel::{Env, Lifetime, Timestamp};
use tokio::sync::watch;

use crate::live::{Effect, LiveSet, Names};

/// What becomes of good tokens while revocations have not been heard of for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenStale {
    /// They are answered 503 `OVERLOADED`: safe, and nobody is signed out.
    #[default]
    Refuse,
    /// They are accepted, and [`Identity::is_stale`](crate::Identity::is_stale) says so.
    AcceptAndFlag,
}

/// What the feed of revocations is like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStatus {
    /// Whether what was last signed is young enough.
    pub is_current: bool,
    /// How old it is; none before the first.
    pub staleness: Option<Lifetime>,
    /// How many tokens, sessions, persons and keys are held.
    pub held: usize,
    /// The place in the log up to which everything was heard.
    pub last_event_id: Option<String>,
}

/// The live set, and how old it is.
pub(crate) struct Revocations {
    pub(crate) live: LiveSet,
    /// None where nobody signs: a file counts for as long as it lies there.
    bound: Option<Bound>,
    /// Microseconds of the greatest signed time.
    heard: AtomicI64,
    was_stale: AtomicBool,
    place: watch::Sender<Option<String>>,
}

/// How old what was heard may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) max_staleness: Lifetime,
    pub(crate) when_stale: WhenStale,
}

/// What is to be said of a token that is good otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Live,
    Ended,
    Superseded,
    Flagged,
    Stale,
}

impl Revocations {
    /// An empty set of which nothing was heard yet.
    pub(crate) fn new(bound: Option<Bound>) -> Self {
        let (live, heard) = (LiveSet::default(), AtomicI64::new(NEVER));
        Self { live, bound, heard, was_stale: AtomicBool::new(false), place: watch::Sender::new(None) }
    }

    /// Judges a token by its names.
    pub(crate) fn judge(&self, names: &Names<'_>, now: Timestamp) -> Verdict {
        match (self.live.check(names), self.bound) {
            (Some(Effect::Ended), _) => Verdict::Ended,
            (Some(Effect::Superseded), _) => Verdict::Superseded,
            (None, Some(bound)) if !self.is_current(now) => match bound.when_stale {
                WhenStale::Refuse => Verdict::Stale,
                WhenStale::AcceptAndFlag => Verdict::Flagged,
            },
            (None, _) => Verdict::Live,
        }
    }

    /// Notes that everything up to `place` was heard, and that the issuer signed so at `time`.
    pub(crate) fn heard(&self, place: &str, time: Timestamp) {
        self.heard.fetch_max(time.as_micros(), Ordering::AcqRel);
        self.live.sweep(self.last_heard().unwrap_or(time));
        self.place.send_replace(Some(place.to_owned()));
    }

    /// Says in the log when what is held becomes too old, and when it is young again.
    pub(crate) fn note_age(&self, env: &Env) {
        let is_stale = !self.is_current(env.now());
        if is_stale == self.was_stale.swap(is_stale, Ordering::AcqRel) {
            return;
        }
        match self.bound.map(|bound| bound.when_stale) {
            _ if !is_stale => tracing::info!("revocations are heard of again"),
            Some(WhenStale::AcceptAndFlag) => {
                tracing::error!("revocations have not been heard of for too long: tokens are accepted, and flagged");
            }
            _ => tracing::error!("revocations have not been heard of for too long: tokens are refused with 503"),
        }
    }

    /// Changes with each heartbeat.
    pub(crate) fn progress(&self) -> watch::Receiver<Option<String>> {
        self.place.subscribe()
    }

    /// How things stand.
    pub(crate) fn status(&self, now: Timestamp) -> FeedStatus {
        FeedStatus {
            is_current: self.is_current(now),
            staleness: self.last_heard().map(|heard| now.since(heard)),
            held: self.live.len(),
            last_event_id: self.place.borrow().clone(),
        }
    }

    /// The greatest time that the issuer has signed.
    pub(crate) fn last_heard(&self) -> Option<Timestamp> {
        let heard = self.heard.load(Ordering::Acquire);
        (heard != NEVER).then_some(Timestamp::from_micros(heard))
    }

    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let Some(bound) = self.bound else { return true };
        self.last_heard().is_some_and(|heard| now.since(heard) <= bound.max_staleness)
    }
}

const NEVER: i64 = i64::MIN;
