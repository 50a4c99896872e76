//! The revocations that are live, as they were heard: what every check of a token asks, from memory.
//!
//! Promises: a check takes one read lock and at most four hash look-ups; adding a revocation again changes nothing; what is held
//! goes only when the issuer's own signed time says that the last token has expired that it means.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use countersign_kernel::{SessionId, Timestamp, TokenId, UserId};
use serde_json::{Map, Value};

/// The names in a token that a revocation can mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) token: TokenId,
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) ver: u64,
    pub(crate) kid: &'a str,
}

/// What became of the session of a token that is refused. The graver is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It lives: refresh.
    Superseded,
    /// It has ended.
    Ended,
}

/// Which tokens a revocation means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Token(TokenId),
    Session(SessionId),
    Person { user: UserId, below: u64, except: Option<SessionId> },
    Key(Box<str>),
}

/// A revocation as the feed tells it (docs/design/revocation-feed.md, "A revocation").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) target: Target,
    pub(crate) effect: Effect,
    pub(crate) until: Timestamp,
}

/// The set. Shared by everyone who checks.
#[derive(Debug, Default)]
pub(crate) struct LiveSet(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    tokens: HashMap<TokenId, Times>,
    sessions: HashMap<SessionId, Times>,
    people: HashMap<UserId, Vec<Rule>>,
    keys: HashMap<Box<str>, Times>,
    swept_at: Timestamp,
}

/// Until when each effect lasts; the epoch where it was never said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Times {
    superseded: Timestamp,
    ended: Timestamp,
}

/// One revocation of a person's tokens.
#[derive(Debug, Clone, Copy)]
struct Rule {
    below: u64,
    except: Option<SessionId>,
    times: Times,
}

impl Revocation {
    /// Reads one. What cannot be read of it means more rather than less; one that names nothing known, or a name that no token of
    /// ours has, is none.
    pub(crate) fn read(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let target = if let Some(id) = text("jti") {
            Target::Token(id.parse().ok()?)
        } else if let Some(id) = text("sid") {
            Target::Session(id.parse().ok()?)
        } else if let Some(id) = text("sub") {
            let below = members.get("below").and_then(Value::as_u64).unwrap_or(u64::MAX);
            Target::Person { user: id.parse().ok()?, below, except: text("except").and_then(|id| id.parse().ok()) }
        } else {
            Target::Key(text("kid")?.into())
        };
        let effect = if text("effect") == Some("superseded") { Effect::Superseded } else { Effect::Ended };
        let until = text("until").and_then(Timestamp::parse_rfc3339).unwrap_or(NEVER_OVER);
        Some(Self { target, effect, until })
    }
}

impl LiveSet {
    /// What is to be said of a token that is good otherwise; nothing where no revocation means it.
    pub(crate) fn check(&self, names: &Names<'_>) -> Option<Effect> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let named = [held.sessions.get(&names.session), held.tokens.get(&names.token), held.keys.get(names.kid)];
        let named = named.into_iter().flatten().filter_map(|times| times.effect());
        let rules = held.people.get(&names.user).into_iter().flatten();
        named.chain(rules.filter_map(|rule| rule.effect(names))).max()
    }

    /// Takes revocations up.
    pub(crate) fn add(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for Revocation { target, effect, until } in revocations {
            let times = Times::of(effect, until);
            match target {
                Target::Token(id) => held.tokens.entry(id).or_default().join(times),
                Target::Session(id) => held.sessions.entry(id).or_default().join(times),
                Target::Key(kid) => held.keys.entry(kid).or_default().join(times),
                Target::Person { user, below, except } => {
                    Rule { below, except, times }.join(held.people.entry(user).or_default());
                }
            }
        }
    }

    /// Drops what is over at `time`, which the issuer has signed; looks once in a minute of that time.
    pub(crate) fn sweep(&self, time: Timestamp) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if time.since(held.swept_at).as_seconds() < SWEEP_SECONDS {
            return;
        }
        held.swept_at = time;
        held.tokens.retain(|_, times| times.sweep(time));
        held.sessions.retain(|_, times| times.sweep(time));
        held.keys.retain(|_, times| times.sweep(time));
        held.people.retain(|_, rules| {
            rules.retain_mut(|rule| rule.times.sweep(time));
            !rules.is_empty()
        });
        // A storm of sign-outs must not cost memory for ever.
        if held.sessions.capacity() > 4 * held.sessions.len() + 64 {
            let room = 2 * held.sessions.len();
            held.sessions.shrink_to(room);
        }
    }

    /// How many tokens, sessions, persons and keys are held.
    pub(crate) fn len(&self) -> usize {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.tokens.len() + held.sessions.len() + held.people.len() + held.keys.len()
    }
}

impl Times {
    fn of(effect: Effect, until: Timestamp) -> Self {
        match effect {
            Effect::Superseded => Self { superseded: until, ..Self::default() },
            Effect::Ended => Self { ended: until, ..Self::default() },
        }
    }

    fn join(&mut self, other: Self) {
        self.superseded = self.superseded.max(other.superseded);
        self.ended = self.ended.max(other.ended);
    }

    fn effect(self) -> Option<Effect> {
        if self.ended > Timestamp::EPOCH {
            Some(Effect::Ended)
        } else {
            (self.superseded > Timestamp::EPOCH).then_some(Effect::Superseded)
        }
    }

    /// Forgets what is over; whether anything is left.
    fn sweep(&mut self, time: Timestamp) -> bool {
        for until in [&mut self.superseded, &mut self.ended] {
            if *until <= time {
                *until = Timestamp::EPOCH;
            }
        }
        self.effect().is_some()
    }
}

impl Rule {
    fn effect(&self, names: &Names<'_>) -> Option<Effect> {
        if names.ver >= self.below {
            return None;
        }
        let effect = self.times.effect()?;
        Some(if self.except == Some(names.session) { Effect::Superseded } else { effect })
    }

    /// Joins the others, so that whoever's rights change all day costs no more than whoever's changed once.
    fn join(self, others: &mut Vec<Self>) {
        if let Some(known) = others.iter_mut().find(|known| known.below == self.below && known.except == self.except) {
            known.times.join(self.times);
        } else if !others.iter().any(|known| known.covers(&self)) {
            others.retain(|known| !self.covers(known));
            others.push(self);
        }
    }

    /// Whether `other` adds nothing: at no time, for no version and no session.
    fn covers(&self, other: &Self) -> bool {
        let last = |times: Times| times.superseded.max(times.ended);
        // For the session that this one spares, the other must not say more.
        let spares_alike =
            self.except.is_none() || self.except == other.except || other.times.ended == Timestamp::EPOCH;
        self.below >= other.below
            && self.times.ended >= other.times.ended
            && last(self.times) >= last(other.times)
            && spares_alike
    }
}

const SWEEP_SECONDS: i64 = 60;
const NEVER_OVER: Timestamp = Timestamp::from_micros(i64::MAX);

#[cfg(test)]
mod tests;
