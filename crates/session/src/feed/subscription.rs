//! One subscriber's stream: where it is, and what comes next.

use std::sync::Arc;

use countersign_kernel::Timestamp;
use countersign_store::{Effect, RevocationHead, Target};
use tokio::sync::watch;

use super::{Cursor, Step};
use crate::revocations::Live;
use crate::sessions::Sessions;

/// A revocation as subscribers are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which tokens.
    pub target: Target,
    /// Of a key, the `kid` that its tokens carry.
    pub kid: Option<Arc<str>>,
    /// What becomes of their session.
    pub effect: Effect,
    /// When the last of them has expired.
    pub until: Timestamp,
    /// Why, as a stable word; none in a snapshot.
    pub reason: Option<Arc<str>>,
}

/// What a subscriber is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEvent {
    /// The log does not go on from where the subscriber was: a snapshot follows, to be merged.
    Reset,
    /// Some of what is live.
    Snapshot(Vec<Told>),
    /// The next record of the log.
    Revoked(RevocationHead, Told),
    /// Signed: all of the log up to this place has been told.
    Heartbeat(RevocationHead, Arc<str>),
}

/// A subscription. Dropped, it gives up its place.
pub struct Subscription {
    sessions: Sessions,
    changed: watch::Receiver<()>,
    cursor: Cursor,
    stage: Stage,
}

enum Stage {
    Reset,
    Snapshot { shard: usize, found: Vec<Live> },
    Follow,
}

impl Subscription {
    /// `cursor` has joined already: whatever is committed from then on comes after the snapshot.
    pub(super) fn new(sessions: Sessions, cursor: Cursor, needs_snapshot: bool, is_reset: bool) -> Self {
        let changed = sessions.0.feed.changed.subscribe();
        let stage = match (needs_snapshot, is_reset) {
            (true, true) => Stage::Reset,
            (true, false) => Stage::snapshot(),
            (false, _) => Stage::Follow,
        };
        Self { sessions, changed, cursor, stage }
    }

    /// What comes next; waits for it. None where the subscription has ended: the feed was closed, the machine's key was revoked,
    /// or the subscriber was too slow. Dropped while it waits, nothing is lost.
    pub async fn next(&mut self) -> Option<FeedEvent> {
        let sessions = self.sessions.clone();
        let feed = &sessions.0.feed;
        loop {
            match &mut self.stage {
                Stage::Reset => {
                    self.stage = Stage::snapshot();
                    feed.tally.resets.one();
                    return Some(FeedEvent::Reset);
                }
                Stage::Snapshot { shard, found } => {
                    if feed.is_over(&self.cursor) {
                        return None;
                    }
                    gather(&sessions, shard, found);
                    if found.is_empty() {
                        self.stage = Stage::Follow;
                        continue;
                    }
                    let some = found.split_off(found.len().saturating_sub(PIECE));
                    feed.tally.snapshots.one();
                    return Some(FeedEvent::Snapshot(some.iter().map(|live| sessions.told_live(live)).collect()));
                }
                Stage::Follow => {}
            }
            // Marked first: what changes after the look wakes us.
            self.changed.mark_unchanged();
            match feed.step(&mut self.cursor) {
                Step::Revoked(entry) => return Some(FeedEvent::Revoked(entry.place, entry.told)),
                Step::Heartbeat(place, text) => return Some(FeedEvent::Heartbeat(place, text)),
                Step::Lost => self.stage = Stage::Reset,
                Step::Over => return None,
                Step::Wait => self.changed.changed().await.ok()?,
            }
        }
    }
}

impl Stage {
    const fn snapshot() -> Self {
        Self::Snapshot { shard: 0, found: Vec::new() }
    }
}

/// Fills up one piece of the snapshot, shard by shard.
fn gather(sessions: &Sessions, shard: &mut usize, found: &mut Vec<Live>) {
    while found.len() < PIECE {
        let Some(more) = sessions.0.live.live_in(*shard, sessions.now()) else { return };
        *shard += 1;
        found.extend(more);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.sessions.0.feed.leave(&self.cursor);
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// How many revocations one event of a snapshot holds.
const PIECE: usize = 500;
