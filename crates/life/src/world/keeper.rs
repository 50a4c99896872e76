//! What is done to the server.

use std::io;

use super::{Event, World};
use crate::time::{At, HOUR, MINUTE, SECOND};

/// An act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is asked to end, and started again.
    Restart,
    /// kill -9 while requests are under way.
    Kill,
    /// The machine's wall is set ahead or back by a minute, and the server is started again, or not yet.
    Step,
    /// It is stopped, its files are copied, and it is started again.
    BackUp,
    /// It is stopped or killed, and the older files are put in place.
    PutBack,
    /// It starts.
    Start,
}

impl World {
    pub(super) fn plan_acts(&mut self) {
        self.queue.plan(20 * MINUTE, Event::Keeper(Act::BackUp));
        self.plan_next(40 * MINUTE);
    }

    fn plan_next(&mut self, from: At) {
        let wait = self.dice.around(self.until / self.acts_a_run()).max(5 * MINUTE);
        let act = match self.dice.below(100) {
            0..30 => Act::Kill,
            30..45 => Act::Restart,
            45..70 => Act::Step,
            70..85 => Act::BackUp,
            _ => Act::PutBack,
        };
        self.queue.plan(self.now().max(from) + wait, Event::Keeper(act));
    }

    /// Not now: something else, later.
    fn put_off(&mut self) -> io::Result<()> {
        self.plan_next(0);
        Ok(())
    }

    fn acts_a_run(&self) -> At {
        (self.until / HOUR).max(10)
    }

    pub(super) fn act(&mut self, act: Act) -> io::Result<()> {
        let name = match act {
            Act::Start => return self.start(),
            Act::Restart => "restart",
            Act::Kill => "kill -9",
            Act::Step => "clock step",
            Act::BackUp => "backup taken",
            Act::PutBack if self.has_backup => "backup put back",
            Act::PutBack => return self.put_off(),
        };
        // Something else is being done to it.
        if self.server.address().is_none() || self.kill_soon {
            return self.put_off();
        }
        *self.outcome.acts.entry(name).or_default() += 1;
        match act {
            Act::Kill => {
                // Happens with the next requests that arrive; some are sent for it.
                self.kill_soon = true;
                self.crowd();
                return Ok(());
            }
            Act::Step => {
                let by = if self.dice.permille(500) { MINUTE } else { -MINUTE };
                self.clock.step(by)?;
                let text = format!("== the wall is set by {} s", by / SECOND);
                self.diary.note_all(self.clock.now(), &text);
                if self.dice.permille(300) {
                    return self.put_off();
                }
                self.stop()?;
            }
            Act::BackUp => {
                self.stop()?;
                self.server.back_up()?;
                self.oracle.backed_up();
                self.has_backup = true;
            }
            Act::PutBack => {
                if self.dice.permille(500) {
                    self.stop()?;
                } else {
                    self.server.kill();
                    self.proxy.forget();
                }
                self.server.put_back()?;
                self.oracle.put_back();
            }
            Act::Restart | Act::Start => self.stop()?,
        }
        self.diary.note_all(self.clock.now(), &format!("== {name}"));
        self.start_later();
        Ok(())
    }

    /// A few browsers send at this moment, so that the kill meets them.
    fn crowd(&mut self) {
        let now = self.now();
        for _ in 0..6 {
            let browser = self.dice.index(self.browsers.len());
            let person = &self.browsers[browser];
            for sender in 0..person.senders.len() {
                self.queue.plan(now, Event::Fire { browser, sender, epoch: person.epoch });
            }
        }
    }

    pub(super) fn after_kill(&mut self) -> io::Result<()> {
        self.proxy.forget();
        self.diary.note_all(self.clock.now(), "== kill -9");
        self.start_later();
        Ok(())
    }

    fn stop(&mut self) -> io::Result<()> {
        self.proxy.forget();
        self.server.stop()
    }

    fn start_later(&mut self) {
        let down = if self.dice.permille(800) {
            self.dice.between(100, 5 * SECOND)
        } else {
            self.dice.between(5 * SECOND, 10 * MINUTE)
        };
        self.queue.plan(self.now() + down, Event::Keeper(Act::Start));
    }

    fn start(&mut self) -> io::Result<()> {
        self.server.start(&self.clock)?;
        self.diary.note_all(self.clock.now(), "== the server is up");
        self.plan_next(0);
        Ok(())
    }
}
