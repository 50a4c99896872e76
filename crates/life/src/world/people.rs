//! What honest people and their programs do.

use std::io;

use super::flight::From;
use super::{Event, World};
use crate::browser::Carried;
use crate::fault::Weather;
use crate::http::Answer;
use crate::report::Kind;
use crate::time::{At, HOUR, MINUTE, SECOND};

impl World {
    /// Somebody registers or signs in. The network is kind to that: it is not what is tested.
    pub(super) fn enter(&mut self, browser: usize) {
        let person = &mut self.browsers[browser];
        if person.session.is_none() {
            let carried = Carried { bytes: person.enter(), ..Carried::default() };
            self.send(browser, From::Entry, carried, Weather::Clear);
        }
    }

    fn entered(&mut self, browser: usize, answer: &Answer) {
        let now = self.now();
        let person = &mut self.browsers[browser];
        if !person.take_entry(answer) {
            let wait = person.dice.between(SECOND, 5 * SECOND);
            self.queue.plan(now + wait, Event::Enter(browser));
            return;
        }
        person.open_tabs();
        let (epoch, is_stolen, never) = (person.epoch, person.dice.permille(500), person.never_uses_ids());
        let theft = person.dice.around(5 * HOUR);
        let session = person.session.clone().unwrap_or_default();
        let is_native = person.is_native;
        self.oracle.opened(&session, browser, self.server.time_at(now), answer);
        self.signed_in_since.insert(browser, now);
        self.thieves.remove(&browser);
        let kind = if is_native { "native" } else { "browser" };
        let senders: Vec<_> = self.browsers[browser].senders.iter().map(|sender| sender.storage).collect();
        self.note(browser, format!("signs in: {session}, {kind}, senders by storage {senders:?}, never ids: {never}"));
        if is_stolen {
            self.queue.plan(now + theft, Event::Steal { browser, epoch });
        }
        self.wake_senders(browser, 50 * SECOND);
    }

    /// Lets the open tabs refresh within this time.
    fn wake_senders(&mut self, browser: usize, within: At) {
        let now = self.now();
        let person = &mut self.browsers[browser];
        let epoch = person.epoch;
        for sender in 0..person.senders.len() {
            if person.senders[sender].is_open {
                // Two windows that wake together send together.
                let after = if person.dice.permille(500) { within / 2 } else { person.dice.between(0, within) };
                self.queue.plan(now + after, Event::Fire { browser, sender, epoch });
            }
        }
    }

    pub(super) fn fire(&mut self, browser: usize, sender: usize, epoch: u32) {
        let now = self.now();
        let person = &mut self.browsers[browser];
        let state = &person.senders[sender];
        if person.epoch != epoch || !person.is_awake || !state.is_open || state.under_way.is_some() {
            return;
        }
        let weather = person.weather(now);
        let Some(carried) = person.refresh(sender) else { return };
        let flight = self.send(browser, From::Sender(sender), carried, weather);
        self.browsers[browser].senders[sender].under_way = Some(flight);
    }

    /// The client has an answer, whole or in part.
    pub(super) fn take(&mut self, number: u64, answer: &Answer) {
        let flight = &self.flights[&number];
        let (browser, epoch, from) = (flight.browser, flight.epoch, flight.from);
        let attempt = flight.carried.attempt.clone();
        match from {
            From::Entry => return self.entered(browser, answer),
            From::Thief => return self.thief_takes(browser, epoch, attempt.as_deref(), answer),
            From::Sender(_) if self.browsers[browser].epoch != epoch => return,
            From::Sender(_) => {}
        }
        let From::Sender(sender) = from else { return };
        let before = self.browsers[browser].holds();
        if answer.status == 401 && answer.is_whole() {
            return self.sign_out(browser, answer.text("/code").unwrap_or_default());
        }
        let is_whole = self.browsers[browser].take(sender, attempt.as_deref(), answer);
        let holds = self.browsers[browser].holds();
        if holds != before {
            self.note(
                browser,
                format!("#{number} is kept: {before} becomes {holds}{}", if is_whole { "" } else { ", cut" }),
            );
        }
        if !is_whole || answer.status != 200 {
            return self.fail(number);
        }
        let now = self.now();
        let state = &mut self.browsers[browser];
        (state.senders[sender].under_way, state.senders[sender].failures) = (None, 0);
        let wait = if state.senders[sender].is_eager {
            // Before the access token expires. By our own dice: the server's are not ours to load.
            state.dice.between(47 * SECOND, 58 * SECOND)
        } else if state.senders[sender].storage.is_none() && state.dice.permille(300) {
            // Somebody clicks on and on.
            state.dice.between(SECOND, 8 * SECOND)
        } else {
            state.dice.around(4 * MINUTE)
        };
        self.queue.plan(now + wait, Event::Fire { browser, sender, epoch });
    }

    /// The exchange came to nothing: another will be tried, a little later each time.
    pub(super) fn fail(&mut self, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let (browser, from, epoch, now) = (flight.browser, flight.from, flight.epoch, self.now());
        let person = &mut self.browsers[browser];
        match from {
            From::Entry => {
                let wait = person.dice.between(SECOND, 5 * SECOND);
                self.queue.plan(now + wait, Event::Enter(browser));
            }
            From::Sender(sender) if person.epoch == epoch => {
                let state = &mut person.senders[sender];
                state.under_way = None;
                state.failures += 1;
                let longest = (SECOND << state.failures.min(5)).min(30 * SECOND);
                let wait = person.dice.between(longest / 4, longest);
                self.queue.plan(now + wait, Event::Fire { browser, sender, epoch });
            }
            From::Sender(_) | From::Thief => {}
        }
    }

    fn sign_out(&mut self, browser: usize, code: &str) {
        let now = self.now();
        self.note(browser, format!("is told {code} and signs in again"));
        if let Some(since) = self.signed_in_since.remove(&browser) {
            self.outcome.signed_in += now - since;
        }
        let person = &mut self.browsers[browser];
        person.sign_out();
        let wait = person.dice.between(SECOND, MINUTE);
        self.queue.plan(now + wait, Event::Enter(browser));
    }

    /// The lid closes: what is under way is lost. It opens: whatever is open wants a token at once.
    pub(super) fn turn_lid(&mut self, browser: usize) {
        let now = self.now();
        let person = &mut self.browsers[browser];
        person.is_awake = !person.is_awake;
        let spell = person.spell();
        self.queue.plan(now + spell, Event::Lid(browser));
        let is_awake = self.browsers[browser].is_awake;
        self.note(browser, if is_awake { "wakes".to_owned() } else { "sleeps".to_owned() });
        if is_awake {
            self.browsers[browser].open_tabs();
            self.wake_senders(browser, SECOND);
            return;
        }
        for sender in &mut self.browsers[browser].senders {
            if let Some(flight) = sender.under_way.take().and_then(|number| self.flights.get_mut(&number)) {
                flight.is_awaited = false;
            }
        }
    }

    pub(super) fn plan_clearing(&mut self, browser: usize) {
        let wait = self.browsers[browser].dice.around(30 * HOUR);
        self.queue.plan(self.now() + wait, Event::Clear(browser));
    }

    /// An id storage is cleared, as browsers do when they run short of room.
    pub(super) fn clear(&mut self, browser: usize) {
        let person = &mut self.browsers[browser];
        let number = person.dice.index(person.storages.len());
        person.storages[number] = crate::browser::Storage::default();
        self.note(browser, format!("storage {number} is cleared"));
        self.plan_clearing(browser);
    }

    /// At the end everyone who is signed in refreshes once more, and nothing goes wrong.
    pub(super) fn ask_everyone(&mut self) -> io::Result<()> {
        let later = self.now() + MINUTE;
        self.clock.go_to(later)?;
        for browser in 0..self.browsers.len() {
            let Some(carried) = self.browsers[browser].refresh(0) else { continue };
            let answered = self.outcome.refreshes;
            let number = self.send(browser, From::Sender(0), carried, Weather::Clear);
            let mut due = Vec::new();
            while let Some(event) = self.queue.take(At::MAX) {
                if let Event::Arrive(landing) = event
                    && landing.is_of(number)
                {
                    due.push(landing);
                }
            }
            self.land(due)?;
            if self.outcome.refreshes == answered {
                self.find(browser, Kind::Other, "the last refresh was not answered".to_owned());
            }
        }
        Ok(())
    }
}
