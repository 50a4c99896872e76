//! What a list of revocations says of a token, worked out plainly: the yardstick for nodes and subscribers.

use std::collections::HashMap;

use countersign_kernel::{Env, KeyId, SessionId, TokenId, UserId};
use countersign_session::Names;
use countersign_store::{Effect, NewRevocation, Target};
use countersign_testkit::Value;

/// Revocations, found by the names that they mean.
#[derive(Default)]
pub(crate) struct Known {
    named: HashMap<String, Effect>,
    people: HashMap<String, Vec<(u64, Option<String>, Effect)>>,
}

fn graver(a: Option<Effect>, b: Option<Effect>) -> Option<Effect> {
    if a == Some(Effect::Ended) { a } else { b.or(a) }
}

impl Known {
    fn name(&mut self, id: String, effect: Effect) {
        let known = self.named.get(&id).copied();
        self.named.extend(graver(known, Some(effect)).map(|effect| (id, effect)));
    }

    /// Takes up a record of the log.
    pub(crate) fn add(&mut self, record: &NewRevocation) {
        match record.target {
            Target::Token(id) => self.name(id.to_string(), record.effect),
            Target::Session(id) => self.name(id.to_string(), record.effect),
            Target::Key(id) => self.name(id.to_string(), record.effect),
            Target::Person { user, below, except } => {
                let rule = (below, except.map(|id| id.to_string()), record.effect);
                self.people.entry(user.to_string()).or_default().push(rule);
            }
        }
    }

    /// What a subscriber holds.
    pub(crate) fn of<'a>(held: impl Iterator<Item = &'a String>) -> Self {
        let mut known = Self::default();
        for text in held {
            let one: Value = serde_json::from_str(text).unwrap();
            let effect = if one["effect"] == "superseded" { Effect::Superseded } else { Effect::Ended };
            let text = |member: &str| one[member].as_str().map(str::to_owned);
            match (text("sub"), text("jti").or(text("sid")).or(text("kid"))) {
                (Some(user), None) => {
                    let rule = (one["below"].as_u64().unwrap(), text("except"), effect);
                    known.people.entry(user).or_default().push(rule);
                }
                (None, Some(id)) => known.name(id, effect),
                other => panic!("{other:?} in {one}"),
            }
        }
        known
    }

    /// What becomes of a token with these names.
    pub(crate) fn check(&self, names: &Names) -> Option<Effect> {
        let ids = [names.token.to_string(), names.session.to_string(), names.key.to_string()];
        let named = ids.iter().map(|id| self.named.get(id).copied()).fold(None, graver);
        let rules = self.people.get(&names.user.to_string()).into_iter().flatten();
        rules.filter(|(below, ..)| names.ver < *below).fold(named, |found, (_, except, effect)| {
            let is_excepted = except.as_deref() == Some(ids[1].as_str());
            graver(found, Some(if is_excepted { Effect::Superseded } else { *effect }))
        })
    }
}

/// Tokens that a record means, and one that it only just does not.
pub(crate) fn probes(record: &NewRevocation, env: &Env) -> Vec<Names> {
    let other = Names {
        token: TokenId::new(env),
        session: SessionId::new(env),
        user: UserId::new(env),
        ver: u64::from(env.entropy().bytes::<1>()[0]),
        key: KeyId::new(env),
    };
    match record.target {
        Target::Token(token) => vec![Names { token, ..other }, other],
        Target::Session(session) => vec![Names { session, ..other }],
        Target::Key(key) => vec![Names { key, ..other }],
        Target::Person { user, below, except } => vec![
            Names { user, ver: below - 1, ..other },
            Names { user, ver: below, ..other },
            Names { user, ver: below - 1, session: except.unwrap_or(other.session), ..other },
        ],
    }
}
