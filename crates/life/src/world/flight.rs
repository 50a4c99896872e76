//! Exchanges under way: sent, hurt by the network, landed at the server, delivered or not.

use std::io;

use super::{Event, World};
use crate::browser::{Carried, GIVES_UP};
use crate::fault::{Back, HELD, There, Weather, draw};
use crate::http::{Answer, generation};
use crate::oracle::{Fact, Party};
use crate::proxy::{Parcel, pause};
use crate::report::Kind;
use crate::time::SECOND;

/// Who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A browser signs in.
    Entry,
    /// This sender refreshes.
    Sender(usize),
    /// The browser's thief.
    Thief,
}

/// An exchange.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) browser: usize,
    pub(super) from: From,
    pub(super) epoch: u32,
    pub(super) session: Option<String>,
    pub(super) carried: Carried,
    /// The client still waits.
    pub(super) is_awaited: bool,
}

/// A copy of a request that reaches the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landing {
    flight: u64,
    there: There,
}

impl Landing {
    pub(super) const fn is_of(&self, flight: u64) -> bool {
        self.flight == flight
    }
}

impl World {
    /// Sends a request into this weather.
    pub(super) fn send(&mut self, browser: usize, from: From, carried: Carried, weather: Weather) -> u64 {
        let now = self.now();
        let number = self.next_flight;
        self.next_flight += 1;
        let sender = &mut self.browsers[browser];
        let (copies, faults) = draw(&mut sender.dice, weather);
        let (epoch, session) = (sender.epoch, sender.session.clone());
        if from != From::Entry {
            let who = match from {
                From::Sender(sender) => format!("sender {sender}"),
                _ => "THIEF".to_owned(),
            };
            let (n, attempt, last) = (generation(&carried.token), short(&carried.attempt), short(&carried.last));
            self.note(
                browser,
                format!("{who} sends #{number}: generation {n}, attempt {attempt}, last {last} {faults:?}"),
            );
        }
        for fault in faults {
            *self.outcome.faults.entry(fault).or_default() += 1;
        }
        for there in copies {
            let landing = Landing { flight: number, there };
            match there {
                There::Arrives(after, _) | There::Cut(_, after) | There::HangUp(after) => {
                    self.queue.plan(now + after, Event::Arrive(landing));
                }
                There::Refused(after) => {
                    self.queue.plan(now + after, Event::Deliver { flight: number, bytes: Vec::new() });
                }
                There::Lost => {}
            }
        }
        self.queue.plan(now + GIVES_UP, Event::GiveUp(number));
        self.queue.plan(now + HELD + SECOND, Event::Forget(number));
        let flight = Flight { browser, from, epoch, session, carried, is_awaited: true };
        self.flights.insert(number, flight);
        number
    }

    /// Lets requests arrive, all at once.
    pub(super) fn land(&mut self, landings: Vec<Landing>) -> io::Result<()> {
        if landings.is_empty() {
            return Ok(());
        }
        let parcels: Vec<_> = landings.iter().map(|landing| self.parcel(landing)).collect();
        for landing in &landings {
            let flight = &self.flights[&landing.flight];
            if let (From::Thief, Some(session)) = (flight.from, &flight.session) {
                self.oracle.is_used(session);
            }
        }
        let is_killed = std::mem::take(&mut self.kill_soon);
        let delay = if is_killed { self.dice.below(6_000) } else { 0 };
        let (address, server) = (self.server.address(), &mut self.server);
        let answers = self.proxy.send(address, &parcels, || {
            if is_killed {
                pause(delay);
                server.kill();
            }
        });
        for (landing, bytes) in landings.into_iter().zip(answers) {
            self.answered(landing, bytes)?;
        }
        if is_killed { self.after_kill() } else { Ok(()) }
    }

    fn parcel(&self, landing: &Landing) -> Parcel {
        let whole = &self.flights[&landing.flight].carried.bytes;
        match landing.there {
            There::Cut(share, _) => {
                let length = (whole.len() - 1) * usize::try_from(share).unwrap_or(0) / 1_000;
                Parcel { bytes: whole[..length].to_vec(), waits: false }
            }
            There::HangUp(_) => Parcel { bytes: whole.clone(), waits: false },
            _ => Parcel { bytes: whole.clone(), waits: true },
        }
    }

    fn answered(&mut self, landing: Landing, bytes: Option<Vec<u8>>) -> io::Result<()> {
        let (now, number) = (self.now(), landing.flight);
        let flight = &self.flights[&number];
        let browser = flight.browser;
        let There::Arrives(_, back) = landing.there else {
            self.note(browser, format!("#{number} lands, and nobody waits for an answer"));
            self.queue.plan(now + 100, Event::Deliver { flight: number, bytes: Vec::new() });
            return Ok(());
        };
        let Some(bytes) = bytes else {
            self.note(browser, format!("#{number} gets no answer: the server is down"));
            self.queue.plan(now + 100, Event::Deliver { flight: number, bytes: Vec::new() });
            return Ok(());
        };
        let answer = Answer::read(&bytes).ok_or_else(|| io::Error::other("an answer without a head"))?;
        if flight.from == From::Entry {
            self.queue.plan(now + 100, Event::Deliver { flight: number, bytes });
            return Ok(());
        }
        self.judge(number, &answer);
        let deliver = |bytes| Event::Deliver { flight: number, bytes };
        match back {
            Back::Comes(after) => self.queue.plan(now + after, deliver(bytes)),
            Back::Reset(after) => self.queue.plan(now + after, deliver(Vec::new())),
            Back::Cut(share, after) => {
                let length = (bytes.len() - 1) * usize::try_from(share).unwrap_or(0) / 1_000;
                self.queue.plan(now + after, deliver(bytes[..length].to_vec()));
            }
            Back::Lost => {}
        }
        Ok(())
    }

    /// Lets the oracle judge what the server has answered.
    fn judge(&mut self, number: u64, answer: &Answer) {
        let now = self.now();
        let flight = &self.flights[&number];
        let (browser, party) = (flight.browser, if flight.from == From::Thief { Party::Thief } else { Party::Owner });
        let session = flight.session.clone().unwrap_or_default();
        let was_over = self.oracle.is_over(&session);
        let fact = Fact {
            session: &session,
            party,
            presented: generation(&flight.carried.token),
            attempt: flight.carried.attempt.as_deref(),
            last: flight.carried.last.as_deref(),
            at: now,
            server: self.server.time_at(now),
            age: self.server.age_at(now),
            answer,
        };
        let wrong = self.oracle.hear(&fact);
        let case = answer.header("x-refresh-case");
        let said = answer.text("/code").unwrap_or(if answer.is_rotated() { "full" } else { "thin" });
        let made = answer.refresh_token().map_or_else(String::new, |token| format!(" {}", generation(token)));
        let line = format!("#{number} server: {} {case}: {said}{made}", answer.status);
        *self
            .outcome
            .cases
            .entry(if case.is_empty() { answer.status.to_string() } else { case.to_owned() })
            .or_default() += 1;
        self.outcome.refreshes += 1;
        self.note(browser, line);
        if let Some((kind, text)) = wrong {
            self.find(browser, kind, text);
        }
        if answer.status == 200 && party == Party::Owner {
            self.lead_on(browser);
        }
        // An expired session's access tokens live their minute out.
        if !was_over && self.oracle.is_over(&session) && matches!(said, "TOKEN_REUSED" | "TOKEN_REVOKED") {
            self.probe(browser, &session);
        }
    }

    /// Whether the session that has just ended is dead on every way in.
    fn probe(&mut self, browser: usize, session: &str) {
        let owner = &self.browsers[browser];
        if owner.session.as_deref() != Some(session) {
            return;
        }
        let mut parcels = Vec::new();
        if let Some(access) = &owner.access {
            let bytes = crate::http::get("/api/auth/verify", &owner.address, access);
            parcels.push(Parcel { bytes, waits: true });
        }
        if let Some(token) = owner.refresh_token() {
            let carried = Carried { token: token.to_owned(), ..Carried::default() };
            let bytes = crate::browser::request(&owner.address, owner.is_native, &owner.jar, &carried);
            parcels.push(Parcel { bytes, waits: true });
        }
        let answers = self.proxy.send(self.server.address(), &parcels, || {});
        for answer in answers.into_iter().flatten().filter_map(|bytes| Answer::read(&bytes)) {
            if answer.status != 401 {
                self.find(browser, Kind::Undead, format!("{session} has ended and is answered {}", answer.status));
            }
        }
    }

    /// The client gets what came, if it still waits.
    pub(super) fn deliver(&mut self, number: u64, bytes: &[u8]) {
        let Some(flight) = self.flights.get_mut(&number).filter(|flight| flight.is_awaited) else { return };
        flight.is_awaited = false;
        let browser = flight.browser;
        match Answer::read(bytes) {
            Some(answer) => self.take(number, &answer),
            None => {
                self.note(browser, format!("#{number} breaks off"));
                self.fail(number);
            }
        }
    }

    /// The client waits no longer. A copy of the request may still be on its way.
    pub(super) fn give_up(&mut self, number: u64) {
        let Some(flight) = self.flights.get_mut(&number).filter(|flight| flight.is_awaited) else { return };
        flight.is_awaited = false;
        let browser = flight.browser;
        self.note(browser, format!("#{number} is given up"));
        self.fail(number);
    }
}

/// Enough of an id to tell it from others.
fn short(id: &Option<String>) -> String {
    id.as_deref().map_or_else(|| "-".to_owned(), |id| id.chars().take(4).collect())
}
