//! The live set of revocations: what every check of an access token asks, from memory (DESIGN section 2).
//!
//! Promises: a check takes at most four hash look-ups, two as a rule, under read locks that only a revocation for the same
//! sixty-fourth of the ids ever holds against it; a revocation of this process counts from its commit on, because the store
//! tells the set before the verb goes on; whatever is merged, nothing that is live is forgotten; a record goes when its
//! `until` has passed, for then every token that it means has expired. About 60 bytes a revoked session, 120 a person.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Committed, Effect, NewRevocation, Observer, RevocationHead, Target};

/// The names in a token that a revocation can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// `jti`.
    pub token: TokenId,
    /// `sid`.
    pub session: SessionId,
    /// `sub`.
    pub user: UserId,
    /// `ver`.
    pub ver: u64,
    /// The key behind `kid`.
    pub key: KeyId,
}

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
        let person = self.person(names, now);
        let named = [
            (Kind::Session, names.session.to_bytes()),
            (Kind::Token, names.token.to_bytes()),
            (Kind::Key, names.key.to_bytes()),
        ];
        named.into_iter().map(|(kind, id)| self.named(kind, id, now)).fold(person, graver)
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

    fn person(&self, names: &Names, now: Second) -> Option<Effect> {
        if self.count(Kind::Person).load(Ordering::Acquire) == 0 {
            return None;
        }
        let id = names.user.to_bytes();
        let shard = read(self.shard(id));
        let rules = shard.people.get(&id)?;
        rules.iter().map(|rule| rule.effect(names, now)).fold(None, graver)
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

/// A revocation in the set: what would have to be written for the log to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Live {
    /// Which tokens.
    pub target: Target,
    /// What became of their session.
    pub effect: Effect,
    /// Until when it counts.
    pub until: Timestamp,
}

struct Shard {
    named: HashMap<(Kind, [u8; 16]), Times, ById>,
    people: HashMap<[u8; 16], Vec<Rule>, ById>,
    /// No entry is over before this.
    next_expiry: Second,
}

impl Default for Shard {
    fn default() -> Self {
        Self { named: HashMap::default(), people: HashMap::default(), next_expiry: Second::FAR }
    }
}

impl Shard {
    fn add_named(&mut self, kind: Kind, id: [u8; 16], times: Times) -> bool {
        let before = self.named.len();
        self.named.entry((kind, id)).or_default().join(times);
        self.named.len() > before
    }

    /// Keeps no rule that another one makes needless, so that a person whose rights change often costs no more than one
    /// whose rights changed once.
    fn add_person(&mut self, user: UserId, rule: Rule) -> bool {
        let before = self.people.len();
        let rules = self.people.entry(user.to_bytes()).or_default();
        if let Some(known) = rules.iter_mut().find(|known| known.below == rule.below && known.except == rule.except) {
            known.times.join(rule.times);
        } else if !rules.iter().any(|known| known.covers(&rule)) {
            rules.retain(|known| !rule.covers(known));
            rules.push(rule);
        }
        self.people.len() > before
    }

    fn expire(&mut self, now: Second) -> Vec<(Kind, usize)> {
        let mut dropped = vec![(Kind::Token, 0), (Kind::Session, 0), (Kind::Key, 0)];
        self.named.retain(|(kind, _), times| {
            let stays = times.last().is_after(now);
            if let Some((_, count)) = dropped.iter_mut().find(|(k, _)| !stays && k == kind) {
                *count += 1;
            }
            stays
        });
        let people = self.people.len();
        self.people.retain(|_, rules| {
            rules.retain(|rule| rule.times.last().is_after(now));
            !rules.is_empty()
        });
        dropped.push((Kind::Person, people - self.people.len()));
        let named = self.named.values().map(|times| times.last());
        let rules = self.people.values().flatten().map(|rule| rule.times.last());
        self.next_expiry = named.chain(rules).min().unwrap_or(Second::FAR);
        // A storm of sign-outs must not cost memory for ever.
        if self.named.capacity() > 4 * self.named.len() + 64 {
            self.named.shrink_to(2 * self.named.len());
        }
        if self.people.capacity() > 4 * self.people.len() + 64 {
            self.people.shrink_to(2 * self.people.len());
        }
        dropped
    }

    fn live(&self, now: Second) -> Vec<Live> {
        let named = self.named.iter().map(|((kind, id), times)| (target(*kind, *id), *times));
        let people = self.people.iter().flat_map(|(id, rules)| {
            let user = UserId::from_bytes(*id);
            rules.iter().map(move |r| (Target::Person { user, below: r.below, except: r.except }, r.times))
        });
        let live = |(target, times): (Target, Times)| {
            let [superseded, ended] = [(Effect::Superseded, times.superseded), (Effect::Ended, times.ended)]
                .map(|(effect, until)| until.is_after(now).then(|| Live { target, effect, until: until.moment() }));
            // An ending that lasts as long says it all.
            [superseded.filter(|s| ended.is_none_or(|e| e.until < s.until)), ended].into_iter().flatten()
        };
        named.chain(people).flat_map(live).collect()
    }
}

/// Until when each effect lasts; the epoch where it was never said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Times {
    superseded: Second,
    ended: Second,
}

impl Times {
    fn of(revocation: &NewRevocation) -> Self {
        let until = Second::after(revocation.until);
        match revocation.effect {
            Effect::Superseded => Self { superseded: until, ended: Second::NEVER },
            Effect::Ended => Self { superseded: Second::NEVER, ended: until },
        }
    }

    fn join(&mut self, other: Self) {
        self.superseded = self.superseded.max(other.superseded);
        self.ended = self.ended.max(other.ended);
    }

    fn last(self) -> Second {
        self.superseded.max(self.ended)
    }

    fn effect(self, now: Second) -> Option<Effect> {
        if self.ended.is_after(now) {
            Some(Effect::Ended)
        } else {
            self.superseded.is_after(now).then_some(Effect::Superseded)
        }
    }
}

/// One revocation of a person's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    below: u64,
    except: Option<SessionId>,
    times: Times,
}

impl Rule {
    fn effect(&self, names: &Names, now: Second) -> Option<Effect> {
        if names.ver >= self.below {
            return None;
        }
        let effect = self.times.effect(now)?;
        Some(if self.except == Some(names.session) { Effect::Superseded } else { effect })
    }

    /// Whether `other` adds nothing to this rule: at no time, for no version and no session.
    fn covers(&self, other: &Self) -> bool {
        // For the session that this rule spares, the other must not say more.
        let spares_alike = self.except.is_none() || self.except == other.except || other.times.ended == Second::NEVER;
        self.below >= other.below
            && self.times.ended >= other.times.ended
            && self.times.last() >= other.times.last()
            && spares_alike
    }
}

/// Whole seconds since the epoch: four bytes are enough until 2106, and a later moment stays there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Second(u32);

impl Second {
    const NEVER: Self = Self(0);
    const FAR: Self = Self(u32::MAX);

    /// The last second that began by `moment`.
    fn reached(moment: Timestamp) -> Self {
        Self(u32::try_from(moment.as_seconds().max(0)).unwrap_or(u32::MAX))
    }

    /// The first second that begins at or after `moment`.
    fn after(moment: Timestamp) -> Self {
        let Self(reached) = Self::reached(moment);
        let whole = Timestamp::from_seconds(i64::from(reached)) >= moment;
        Self(if whole { reached } else { reached.saturating_add(1) })
    }

    /// Whether this is yet to come. The last second that can be named always is: a clock far in the future must not make
    /// everything lawful again.
    fn is_after(self, now: Self) -> bool {
        self > now || self == Self::FAR
    }

    fn moment(self) -> Timestamp {
        Timestamp::from_seconds(i64::from(self.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
enum Kind {
    Token,
    Session,
    Person,
    Key,
}

fn place(target: &Target) -> (Kind, [u8; 16]) {
    match target {
        Target::Token(id) => (Kind::Token, id.to_bytes()),
        Target::Session(id) => (Kind::Session, id.to_bytes()),
        Target::Person { user, .. } => (Kind::Person, user.to_bytes()),
        Target::Key(id) => (Kind::Key, id.to_bytes()),
    }
}

/// The target of a named entry; people are kept elsewhere.
fn target(kind: Kind, id: [u8; 16]) -> Target {
    match kind {
        Kind::Token => Target::Token(TokenId::from_bytes(id)),
        Kind::Session => Target::Session(SessionId::from_bytes(id)),
        Kind::Key => Target::Key(KeyId::from_bytes(id)),
        Kind::Person => Target::Person { user: UserId::from_bytes(id), below: 0, except: None },
    }
}

fn graver(a: Option<Effect>, b: Option<Effect>) -> Option<Effect> {
    match (a, b) {
        (Some(Effect::Ended), _) | (_, Some(Effect::Ended)) => Some(Effect::Ended),
        (a, b) => a.or(b),
    }
}

/// Hashes an id by its own last eight bytes. They are random and chosen by us, so nobody can aim at one place of the table.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*last);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte) << 8;
    }

    fn write_usize(&mut self, _length: usize) {}

    /// Folds the product, so that bits that one shard has in common spoil neither end of the hash.
    fn finish(&self) -> u64 {
        let product = u128::from(self.0) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        let (high, low) = (product >> 64, product & u128::from(u64::MAX));
        u64::try_from(high ^ low).unwrap_or(0)
    }
}

type ById = BuildHasherDefault<IdHasher>;

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
