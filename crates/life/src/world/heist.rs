//! What thieves do.

use std::collections::BTreeSet;

use super::flight::From;
use super::{Event, World};
use crate::fault::Weather;
use crate::http::{Answer, generation};
use crate::thief::Thief;

impl World {
    /// Somebody copies the browser's state, once.
    pub(super) fn steal(&mut self, browser: usize, epoch: u32) {
        let now = self.now();
        let owner = &mut self.browsers[browser];
        if owner.epoch != epoch || owner.session.is_none() {
            return;
        }
        let dice = owner.dice.split(u64::from(epoch));
        let Some(mut thief) = Thief::copy(owner, dice, now) else { return };
        let ids: BTreeSet<String> = thief.copied_ids().cloned().collect();
        let session = owner.session.clone().unwrap_or_default();
        let (holds, patience) = (owner.holds(), thief.patience(now));
        self.note(browser, format!("IS COPIED at {holds}: {:?}, ids {:?}", thief.strategy, thief.ids));
        self.oracle.copied(&session, ids);
        self.thieves.insert(browser, thief);
        if let Some(wait) = patience {
            self.queue.plan(now + wait, Event::Prowl { browser, epoch });
        }
    }

    /// The thief uses what he has.
    pub(super) fn prowl(&mut self, browser: usize, epoch: u32) {
        let now = self.now();
        let Some(thief) = self.thieves.get_mut(&browser).filter(|thief| thief.epoch == epoch && !thief.is_done) else {
            return;
        };
        let carried = thief.refresh();
        if let Some(wait) = thief.patience(now) {
            self.queue.plan(now + wait, Event::Prowl { browser, epoch });
        }
        self.send_as_thief(browser, carried);
    }

    fn send_as_thief(&mut self, browser: usize, carried: crate::browser::Carried) {
        let Some(thief) = self.thieves.get(&browser) else { return };
        let (epoch, session) = (thief.epoch, thief.session.clone());
        let number = self.send(browser, From::Thief, carried, Weather::Clear);
        // The owner may have signed in anew since: this is about the session that was copied.
        if let Some(flight) = self.flights.get_mut(&number) {
            (flight.epoch, flight.session) = (epoch, Some(session));
        }
    }

    /// The owner was answered: who follows him acts soon.
    pub(super) fn lead_on(&mut self, browser: usize) {
        let now = self.now();
        let Some(thief) = self.thieves.get_mut(&browser).filter(|thief| !thief.is_done) else { return };
        if let Some(wait) = thief.follows_after() {
            let epoch = thief.epoch;
            self.queue.plan(now + wait, Event::Prowl { browser, epoch });
        }
    }

    pub(super) fn thief_takes(&mut self, browser: usize, epoch: u32, attempt: Option<&str>, answer: &Answer) {
        let Some(thief) = self.thieves.get_mut(&browser).filter(|thief| thief.epoch == epoch) else { return };
        thief.take(attempt, answer);
        if let Some(token) = answer.refresh_token() {
            let line = format!("the thief has {}", generation(token));
            self.note(browser, line);
        }
    }
}
