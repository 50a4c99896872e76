//! Replays the audit trail against limits: whom would they have stopped?
//!
//! Promises: the buckets are those of the acts themselves, kept by the same limiter, with the records' own times for a clock;
//! nothing but records is read and nothing is written; memory is bounded, whatever the trail holds.
//!
//! What the trail cannot tell: of the tries that a limit refused at the time it holds the first in each window, so under a wider
//! limit more would have got through than is seen here; and refreshes are not audited. A try that would be asked for a proof of
//! work is taken to bring it. Records from before a device's key was noted count as those of unknown devices.

use std::collections::BTreeMap;

use countersign_audit::{Event, Record};
use countersign_kernel::{Country, Env, Location, Timestamp, UserId};
use countersign_limit::{AddressTiers, MemoryLimiter, Policies, Quota};

use crate::admission::facts;
use crate::buckets::{Buckets, Judged, Source};
use crate::charge::Charge;
use act::{Act, Ending, judge};

mod act;

/// A replay under way. Records come in the order of the trail.
#[derive(Debug)]
pub struct Replay {
    limiter: MemoryLimiter,
    policies: Policies,
    since: Timestamp,
    acts: u64,
    unseen: u64,
    stops: BTreeMap<Whom, BTreeMap<&'static str, Stop>>,
    more: u64,
}

/// Whom a limit stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whom {
    /// The account.
    pub subject: Option<UserId>,
    /// The keyed hash of the address that was typed, where there is no such account.
    pub unknown: Option<String>,
    /// The network, as it is counted: an IPv4 address or the /64 of an IPv6 one.
    pub network: Option<String>,
}

/// How often and when a limit stops somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// How many of his acts.
    pub times: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// Whether he proved himself from the same network, in one of these acts or later: then he is likely honest.
    pub got_in: bool,
}

/// What a replay has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many acts of the trail a limit counts.
    pub acts: u64,
    /// How many records say that a limit was reached: others that it refused then are not in the trail.
    pub unseen: u64,
    /// Each limit, and whom it stops.
    pub limits: Vec<LimitReplayed>,
    /// How many acts were stopped of people whom there was no room to name.
    pub more: u64,
}

/// What a replay has found of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReplayed {
    /// The limit.
    pub quota: Quota,
    /// What it does to those whom it stops.
    pub effect: Effect,
    /// Whom it stops, who got in later first, then the most often stopped.
    pub stops: Vec<(Whom, Stop)>,
}

/// What a limit does when it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It refuses: 429.
    Refuses,
    /// It asks for a proof of work: 428.
    Challenges,
    /// It makes proofs of work harder.
    Hardens,
    /// It refuses, and the trail does not hold what it counts.
    NotInTheTrail,
}

impl Effect {
    /// What the limit named `name` does.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "sign_in_account" => Self::Challenges,
            "challenge_account" => Self::Hardens,
            "refresh_session" | "admin_account" => Self::NotInTheTrail,
            _ => Self::Refuses,
        }
    }

    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Challenges => "challenges",
            Self::Hardens => "hardens",
            Self::NotInTheTrail => "refuses_unrecorded",
        }
    }
}

impl Replay {
    /// A replay under these limits that reports what happened at `since` or later. Earlier records fill the windows.
    #[must_use]
    pub fn new(policies: Policies, since: Timestamp, env: &Env) -> Self {
        Self {
            limiter: MemoryLimiter::new(MOST_BUCKETS, env),
            policies,
            since,
            acts: 0,
            unseen: 0,
            stops: BTreeMap::new(),
            more: 0,
        }
    }

    /// Reads the next record.
    pub async fn read(&mut self, record: &Record) {
        let is_reported = record.at >= self.since;
        if record.event == Event::LimitReached && is_reported {
            self.unseen += 1;
        }
        let Some((act, ending)) = judge(record) else { return };
        let whom = Whom::of(record);
        let stopped = self.charge(act, ending, record, &whom).await;
        if !is_reported {
            return;
        }
        self.acts += 1;
        if let Some(name) = stopped {
            self.stop(name, &whom, record.at);
        }
        // A registration proves nobody: robots succeed in it too.
        if ending == Ending::Good {
            for stop in self.stops.get_mut(&whom).into_iter().flat_map(BTreeMap::values_mut) {
                stop.got_in = true;
            }
        }
    }

    /// The result.
    #[must_use]
    pub fn finish(self) -> Replayed {
        let mut limits: Vec<LimitReplayed> = self
            .policies
            .all()
            .into_iter()
            .map(|quota| LimitReplayed { quota, effect: Effect::of(quota.name), stops: Vec::new() })
            .collect();
        for (whom, stops) in self.stops {
            for (name, stop) in stops {
                if let Some(limit) = limits.iter_mut().find(|limit| limit.quota.name == name) {
                    limit.stops.push((whom.clone(), stop));
                }
            }
        }
        for limit in &mut limits {
            limit.stops.sort_by_key(|(_, stop)| (!stop.got_in, std::cmp::Reverse(stop.times)));
        }
        Replayed { acts: self.acts, unseen: self.unseen, limits, more: self.more }
    }

    /// Charges what the act would have been charged; the limit that would have stopped it.
    async fn charge(&self, act: Act, ending: Ending, record: &Record, whom: &Whom) -> Option<&'static str> {
        let (limiter, now) = (&self.limiter, record.at);
        let buckets = Buckets { limiter, policies: &self.policies };
        let (account, source) = (whom.account(), source(record));
        let charged = match act {
            Act::SignUp => Charge::take_at(limiter, buckets.sign_up(&source), now).await,
            Act::Recheck => Charge::take_at(limiter, buckets.recheck(&account), now).await,
            Act::ClaimAdmin => Charge::take_at(limiter, buckets.claim_admin(&account), now).await,
            Act::SignIn => {
                let device = record.detail.get(facts::DEVICE_KEY).map(String::as_bytes);
                match buckets.judge_sign_in(&account, device, &source, now).await {
                    Judged::Free(charge) => Ok(charge),
                    Judged::Refused { refused, .. } => Err(refused),
                    Judged::Challenged(full) => {
                        // What was asked for it at the time has, if it was brought, a record of its own.
                        if ending != Ending::Refused
                            && let Ok(charge) = buckets.take_proven_sign_in(&account, &source, now).await
                        {
                            settle(charge, ending, limiter, now).await;
                        }
                        return Some(full.name);
                    }
                }
            }
        };
        match charged {
            Ok(charge) => {
                settle(charge, ending, limiter, now).await;
                None
            }
            Err(refused) => Some(refused.name),
        }
    }

    fn stop(&mut self, name: &'static str, whom: &Whom, at: Timestamp) {
        if !self.stops.contains_key(whom) && self.stops.len() >= MOST_NAMED {
            self.more += 1;
            return;
        }
        let stops = self.stops.entry(whom.clone()).or_default();
        let stop = stops.entry(name).or_insert(Stop { times: 0, first: at, last: at, got_in: false });
        stop.times += 1;
        stop.last = at;
    }
}

impl LimitReplayed {
    /// How many acts it stops.
    #[must_use]
    pub fn times(&self) -> u64 {
        self.stops.iter().map(|(_, stop)| stop.times).sum()
    }

    /// How many of those it stops are likely honest.
    #[must_use]
    pub fn likely_honest(&self) -> usize {
        self.stops.iter().filter(|(_, stop)| stop.got_in).count()
    }
}

impl Whom {
    fn of(record: &Record) -> Self {
        let address = record.address.as_deref().and_then(|text| text.parse().ok());
        let narrowest = AddressTiers::of(address).tiers().first().map(|tier| tier.network.clone());
        Self { subject: record.subject, unknown: record.account.clone(), network: address.and(narrowest) }
    }

    /// What tells this account from others.
    fn account(&self) -> Vec<u8> {
        match (self.subject, &self.unknown) {
            (Some(subject), _) => subject.to_bytes().to_vec(),
            (None, Some(unknown)) => unknown.as_bytes().to_vec(),
            (None, None) => Vec::new(),
        }
    }
}

/// Where the act came from, as it was known at the time.
fn source(record: &Record) -> Source {
    let fact = |name: &str| record.detail.get(name);
    let location = Location {
        country: fact("country").and_then(|country| Country::parse(country)),
        asn: fact("asn").and_then(|asn| asn.parse().ok()),
    };
    Source::of(record.address.as_deref().and_then(|text| text.parse().ok()), location)
}

/// A good act costs nothing.
async fn settle(charge: Charge, ending: Ending, limiter: &MemoryLimiter, now: Timestamp) {
    match ending {
        Ending::Good => drop(charge.give_back_at(limiter, now).await),
        Ending::Counted | Ending::Refused => drop(charge.keep()),
    }
}

/// Some 250 MB at most, in a command that ends.
const MOST_BUCKETS: usize = 1_000_000;

/// How many are named.
const MOST_NAMED: usize = 10_000;

#[cfg(test)]
mod tests;
