//! One sixty-fourth of the live set.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Effect, Target};

use super::rule::{Rule, Second, Times};

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

/// A part of the set, chosen by the last byte of the id.
pub(super) struct Shard {
    pub(super) named: HashMap<(Kind, [u8; 16]), Times, ById>,
    pub(super) people: HashMap<[u8; 16], Vec<Rule>, ById>,
    /// No entry is over before this.
    pub(super) next_expiry: Second,
}

impl Default for Shard {
    fn default() -> Self {
        Self { named: HashMap::default(), people: HashMap::default(), next_expiry: Second::FAR }
    }
}

impl Shard {
    /// Adds a revocation of a token, a session or a key; whether it is a new entry.
    pub(super) fn add_named(&mut self, kind: Kind, id: [u8; 16], times: Times) -> bool {
        let before = self.named.len();
        self.named.entry((kind, id)).or_default().join(times);
        self.named.len() > before
    }

    /// Adds a revocation of a person's tokens; whether it is a new entry. Keeps no rule that another one makes needless, so that a person whose rights change often costs no more than one
    /// whose rights changed once.
    pub(super) fn add_person(&mut self, user: UserId, rule: Rule) -> bool {
        let before = self.people.len();
        let rules = self.people.entry(user.to_bytes()).or_default();
        if let Some(known) = rules.iter_mut().find(|known| known.below == rule.below && known.except == rule.except) {
            known.times.join(rule.times);
        } else if !rules.iter().any(|known| known.covers(&rule)) {
            rules.retain(|known| !rule.covers(known));
            // Almost everyone has one rule: a list that grows by itself would begin with room for four.
            rules.reserve_exact(1);
            rules.push(rule);
        }
        self.people.len() > before
    }

    /// Drops what is over; how many entries of each kind.
    pub(super) fn expire(&mut self, now: Second) -> Vec<(Kind, usize)> {
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

    /// What is not over.
    pub(super) fn live(&self, now: Second) -> Vec<Live> {
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

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    Token,
    Session,
    Person,
    Key,
}

/// Under what a revocation is kept.
pub(super) fn place(target: &Target) -> (Kind, [u8; 16]) {
    match target {
        Target::Token(id) => (Kind::Token, id.to_bytes()),
        Target::Session(id) => (Kind::Session, id.to_bytes()),
        Target::Person { user, .. } => (Kind::Person, user.to_bytes()),
        Target::Key(id) => (Kind::Key, id.to_bytes()),
    }
}

/// The target of a named entry; people are kept elsewhere.
pub(super) fn target(kind: Kind, id: [u8; 16]) -> Target {
    match kind {
        Kind::Token => Target::Token(TokenId::from_bytes(id)),
        Kind::Session => Target::Session(SessionId::from_bytes(id)),
        Kind::Key => Target::Key(KeyId::from_bytes(id)),
        Kind::Person => Target::Person { user: UserId::from_bytes(id), below: 0, except: None },
    }
}

/// Hashes an id by its own last eight bytes. They are random and chosen by us, so nobody can aim at one place of the table.
#[derive(Default)]
pub(super) struct IdHasher(u64);

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

pub(super) type ById = BuildHasherDefault<IdHasher>;
