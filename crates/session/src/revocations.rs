//! The live set of revocations: what every check of an access token asks, from memory (DESIGN section 2).
//!
//! Promises: a check takes at most four hash look-ups, two as a rule, under read locks that only a revocation for the same
//! sixty-fourth of the ids ever holds against it; a revocation of this process counts from its commit on, because the store
//! tells the set before the verb goes on; whatever is merged, nothing that is live is forgotten; a record goes when its
//! `until` has passed, for then every token that it means has expired. About 70 bytes a revoked session, 150 a person.

mod rule;
mod shard;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use countersign_kernel::{SessionId, Timestamp, UserId};
use countersign_store::{Committed, Effect, NewRevocation, Observer, RevocationHead, Target};

use self::rule::{Rule, Second, Times, graver};
use self::shard::{Kind, Shard, place};
pub use self::{rule::Names, shard::Live};

/// The live set. Shared by everyone who checks.
pub struct LiveSet {
    shards: [RwLock<Shard>; SHARDS],
    /// How many entries there are of each kind, so that a kind that nobody uses costs nothing.
    counts: [AtomicUsize; KINDS],
    /// How far the log has been read.
    head: Mutex<RevocationHead>,
}

impl LiveSet {
    /// An empty set, at the beginning of the log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            counts: std::array::from_fn(|_| AtomicUsize::new(0)),
            head: Mutex::default(),
        }
    }

    /// Whether a token with these names is still accepted at `now`, and if not, what has become of its session. What ended
    /// weighs more than what is superseded.
    #[must_use]
    pub fn check(&self, names: &Names, now: Timestamp) -> Option<Effect> {
        let now = Second::reached(now);
        let person = self.person(names.user, names.session, names.ver, now);
        let named = [
            (Kind::Session, names.session.to_bytes()),
            (Kind::Token, names.token.to_bytes()),
            (Kind::Key, names.key.to_bytes()),
        ];
        named.into_iter().map(|(kind, id)| self.named(kind, id, now)).fold(person, graver)
    }

    /// Whether a session has ended, of a person whose rights are of this `ver`: a token that is signed for it now would be
    /// refused already.
    #[must_use]
    pub fn has_ended(&self, user: UserId, session: SessionId, ver: u64, now: Timestamp) -> bool {
        let now = Second::reached(now);
        let by_session = self.named(Kind::Session, session.to_bytes(), now);
        [by_session, self.person(user, session, ver, now)].contains(&Some(Effect::Ended))
    }

    /// Adds a revocation. Adding it again changes nothing.
    pub fn add(&self, revocation: &NewRevocation) {
        let times = Times::of(revocation);
        let (kind, id) = place(&revocation.target);
        let mut shard = write(self.shard(id));
        let is_new = match revocation.target {
            Target::Person { user, below, except } => shard.add_person(user, Rule { below, except, times }),
            Target::Token(_) | Target::Session(_) | Target::Key(_) => shard.add_named(kind, id, times),
        };
        shard.next_expiry = shard.next_expiry.min(times.last());
        if is_new {
            self.count(kind).fetch_add(1, Ordering::Release);
        }
    }

    /// Drops what has had its time. Cheap where nothing has.
    pub fn expire(&self, now: Timestamp) {
        let now = Second::reached(now);
        for lock in &self.shards {
            if now < read(lock).next_expiry {
                continue;
            }
            let mut shard = write(lock);
            for (kind, dropped) in shard.expire(now) {
                self.count(kind).fetch_sub(dropped, Ordering::Release);
            }
        }
    }

    /// How many entries are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.iter().map(|count| count.load(Ordering::Acquire)).sum()
    }

    /// How many entries of each kind are held.
    #[must_use]
    pub fn len_by_kind(&self) -> [(&'static str, usize); KINDS] {
        [("token", Kind::Token), ("session", Kind::Session), ("person", Kind::Person), ("key", Kind::Key)]
            .map(|(name, kind)| (name, self.count(kind).load(Ordering::Acquire)))
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is live at `now`, as revocations that could be written again.
    #[must_use]
    pub fn live(&self, now: Timestamp) -> Vec<Live> {
        let second = Second::reached(now);
        self.shards.iter().flat_map(|lock| read(lock).live(second)).collect()
    }

    /// The same of one shard, for whoever takes it piece by piece; none behind the last one.
    #[must_use]
    pub(crate) fn live_in(&self, shard: usize, now: Timestamp) -> Option<Vec<Live>> {
        self.shards.get(shard).map(|lock| read(lock).live(Second::reached(now)))
    }

    /// How far the log has been read.
    #[must_use]
    pub fn head(&self) -> RevocationHead {
        *self.lock_head()
    }

    /// Notes how far the log has been read.
    pub fn read_up_to(&self, head: RevocationHead) {
        *self.lock_head() = head;
    }

    fn lock_head(&self) -> MutexGuard<'_, RevocationHead> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self, kind: Kind, id: [u8; 16], now: Second) -> Option<Effect> {
        if self.count(kind).load(Ordering::Acquire) == 0 {
            return None;
        }
        read(self.shard(id)).named.get(&(kind, id)).and_then(|times| times.effect(now))
    }

    fn person(&self, user: UserId, session: SessionId, ver: u64, now: Second) -> Option<Effect> {
        if self.count(Kind::Person).load(Ordering::Acquire) == 0 {
            return None;
        }
        let id = user.to_bytes();
        let shard = read(self.shard(id));
        let rules = shard.people.get(&id)?;
        rules.iter().map(|rule| rule.effect(session, ver, now)).fold(None, graver)
    }

    /// The last bytes of an id are random (RFC 9562 section 5.7).
    fn shard(&self, id: [u8; 16]) -> &RwLock<Shard> {
        let ([first, ..], [.., last]) = (&self.shards, id);
        self.shards.get(usize::from(last) % SHARDS).unwrap_or(first)
    }

    fn count(&self, kind: Kind) -> &AtomicUsize {
        let [token, session, person, key] = &self.counts;
        match kind {
            Kind::Token => token,
            Kind::Session => session,
            Kind::Person => person,
            Kind::Key => key,
        }
    }
}

impl Default for LiveSet {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LiveSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSet").field("len", &self.len()).field("head", &self.head()).finish()
    }
}

impl Observer for LiveSet {
    /// Leaves the head alone: only reading the log shows that a number continues the log that we know.
    fn committed(&self, committed: &Committed) {
        for revocation in &committed.revocations {
            self.add(&revocation.record);
        }
    }
}

fn read(lock: &RwLock<Shard>) -> std::sync::RwLockReadGuard<'_, Shard> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(lock: &RwLock<Shard>) -> std::sync::RwLockWriteGuard<'_, Shard> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

const SHARDS: usize = 64;
const KINDS: usize = 4;

#[cfg(test)]
mod tests;
