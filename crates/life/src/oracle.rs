//! Says of each answer whether it may be.
//!
//! It sees every answer that the server gave, also those that reached nobody, and knows who asked: the owner or a thief.
//!
//! **No false sign-out.** A session whose copy nobody has used is never refused, save
//!
//! - by `TOKEN_EXPIRED` at or after the latest time that an answer has named (`idleExpiresIn`, `expiresIn`), by the server's clock;
//! - by `TOKEN_INVALID` where it was opened after the backup that was put back since: the database does not know it;
//! - in the case that DESIGN section 1 names as not promised, *fallen behind*: a backup was put back, and the generation presented is
//!   below the one last delivered when it was taken. These are counted, and told with the result.
//!
//! Two assumptions about the world are kept by those who play it, so the oracle need not excuse what follows from breaking them: a
//! client takes no answer that comes later than ten seconds after it asked, and no network holds a request for W ([`crate::fault`]).
//!
//! **No missed theft.** Counted from the copy, and anew where a backup is put back. From the owner's third new generation on the
//! thief is given none of them. Once the owner has presented a generation beyond the thief's reach, more than W after that reach was
//! spent, and W has passed again, the thief is not answered any more; likewise the owner, where the thief has: there is one live
//! lineage. Within reach of somebody is each generation that he was given, and each that was answered to an attempt id which he
//! knows. With an access token's life between refreshes that is the owner's next refresh but one after the last answer in full. The one exception is DESIGN's own: a session that never used ids answers whoever comes within W of the
//! token's spending. W is counted by the row's clock, which never goes back, and not in the first W after a start.
//!
//! **An ended session stays ended.** No request that arrives after the answer that ended it is answered 200, also after a backup was put
//! back: the journal of sign-outs ends it again.
//!
//! **The audit log** holds `refresh_reused` once for each session that was found, and for no other. What was found in a time that is lost is
//! in the log of that time.

mod life;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::http::{Answer, generation};
use crate::report::Kind;
use crate::time::{At, SECOND, show};

use life::{Counts, Life};

/// W.
pub(crate) const WINDOW: At = 30 * SECOND;

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Owner,
    Thief,
}

/// A refresh that the server has answered.
#[derive(Debug)]
pub(crate) struct Fact<'a> {
    pub(crate) session: &'a str,
    pub(crate) party: Party,
    pub(crate) presented: u64,
    pub(crate) attempt: Option<&'a str>,
    pub(crate) last: Option<&'a str>,
    /// When it arrived, by the harness's clock.
    pub(crate) at: At,
    /// The server's clock at that moment, in milliseconds, and how long the server has run.
    pub(crate) server: At,
    pub(crate) age: At,
    pub(crate) answer: &'a Answer,
}

/// Everything that is known of every session.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    lives: HashMap<String, Life>,
    backup: HashMap<String, Life>,
    pub(crate) excused: BTreeMap<&'static str, u64>,
    pub(crate) found_after: Vec<At>,
}

impl Oracle {
    /// A session was opened.
    pub(crate) fn opened(&mut self, session: &str, browser: usize, server: At, answer: &Answer) {
        let newest = answer.refresh_token().map_or(0, generation);
        let mut life = Life::new(browser, newest, server);
        life.promise(server, answer);
        self.lives.insert(session.to_owned(), life);
    }

    /// The browser's state was copied, with these ids.
    pub(crate) fn copied(&mut self, session: &str, ids: BTreeSet<String>) {
        if let Some(life) = self.lives.get_mut(session) {
            life.counts = Counts::from(life.reach());
            life.know_ids(ids);
        }
    }

    /// A thief's request is about to arrive: from now on the session may be ended.
    pub(crate) fn is_used(&mut self, session: &str) {
        if let Some(life) = self.lives.get_mut(session) {
            (life.is_stolen, life.was_stolen) = (true, true);
        }
    }

    /// The stopped server's files were copied.
    pub(crate) fn backed_up(&mut self) {
        self.backup = self.lives.clone();
    }

    /// The copy was put back.
    pub(crate) fn put_back(&mut self) {
        for (session, life) in &mut self.lives {
            match self.backup.get(session) {
                Some(then) => life.fall_back_to(then),
                None => life.is_gone = true,
            }
        }
    }

    /// Judges an answer; what is wrong with it.
    pub(crate) fn hear(&mut self, fact: &Fact<'_>) -> Option<(Kind, String)> {
        let life = self.lives.get_mut(fact.session)?;
        life.row_time = life.row_time.max(fact.server);
        match fact.answer.status {
            200 => life.hear_success(fact),
            401 => {
                let code = fact.answer.text("/code").unwrap_or("no code").to_owned();
                let was_ended = life.ended.is_some();
                if matches!(code.as_str(), "TOKEN_REUSED" | "TOKEN_REVOKED") && !was_ended {
                    life.ended = Some(fact.at);
                    life.is_found = life.is_stolen;
                    self.found_after.extend(life.counts.both_since().map(|since| fact.at - since));
                }
                // Each session is told of once.
                if life.is_stolen || was_ended || std::mem::replace(&mut life.is_refused, true) {
                    return None;
                }
                match life.excuse(fact, &code) {
                    Some(excuse) => {
                        *self.excused.entry(excuse).or_default() += 1;
                        None
                    }
                    None => Some((Kind::FalseSignOut, format!("{} {}, {code}", show(fact.at), fact.session))),
                }
            }
            429 | 503 => None,
            status => Some((Kind::Other, format!("{} {} was answered {status}", show(fact.at), fact.session))),
        }
    }

    /// Whether the session lives, as far as anyone has been told.
    pub(crate) fn is_over(&self, session: &str) -> bool {
        self.lives.get(session).is_none_or(|life| life.ended.is_some() || life.is_gone || life.is_refused)
    }

    /// How many copies were used, and how many of those were found.
    pub(crate) fn thefts(&self) -> (u64, u64) {
        let used = self.lives.values().filter(|life| life.was_stolen);
        used.fold((0, 0), |(used, found), life| (used + 1, found + u64::from(life.is_found || life.was_found)))
    }

    /// Compares with what the audit log says: how often each session was found.
    pub(crate) fn audit(&self, logged: &BTreeMap<String, u32>) -> Vec<(usize, Kind, String)> {
        let mut findings = Vec::new();
        // What was told as a false sign-out is not told again.
        for (session, life) in self.lives.iter().filter(|(_, life)| !life.is_gone && !life.is_refused) {
            let times = logged.get(session).copied().unwrap_or(0);
            let wrong = match (life.is_found, life.is_stolen) {
                (true, _) => times != 1,
                // Found by a request that nobody saw answered, and not asked for since.
                (false, true) => times > 1,
                (false, false) => times != 0,
            };
            if wrong {
                let text = format!("{session} is {times} times in the audit log; found: {}", life.is_found);
                findings.push((life.browser, Kind::Audit, text));
            }
        }
        findings
    }

    /// Sessions in which thief and owner both went on and on.
    pub(crate) fn shared_for_long(&self) -> Vec<(usize, Kind, String)> {
        let shared = self.lives.iter().filter(|(_, life)| life.is_shared_for_long());
        shared.map(|(session, life)| (life.browser, Kind::MissedTheft, format!("{session} is still shared"))).collect()
    }
}

#[cfg(test)]
mod tests;
