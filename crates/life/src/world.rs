//! The run: one loop over virtual time.
//!
//! Everything is an event. What arrives at the server at one moment is sent at once and answered before time goes on; so the
//! server's work takes no virtual time, and a seed gives the same plan again.

mod flight;
mod heist;
mod keeper;
mod people;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::Plan;
use crate::browser::Browser;
use crate::dice::Dice;
use crate::oracle::Oracle;
use crate::proxy::Proxy;
use crate::queue::Queue;
use crate::report::{Diary, Finding, Kind, Outcome};
use crate::server::Server;
use crate::thief::Thief;
use crate::time::{At, Clock, HOUR, SECOND};

use flight::{Flight, Landing};
use keeper::Act;

/// What will happen.
#[derive(Debug)]
enum Event {
    /// A browser signs in.
    Enter(usize),
    /// A sender wants an access token, unless the browser has signed in anew since.
    Fire { browser: usize, sender: usize, epoch: u32 },
    /// A copy of a request reaches the server.
    Arrive(Landing),
    /// Bytes of an answer reach the client: none for a broken connection.
    Deliver { flight: u64, bytes: Vec<u8> },
    /// The client waits no longer.
    GiveUp(u64),
    /// No copy of a request is under way any more.
    Forget(u64),
    /// A lid is opened or closed.
    Lid(usize),
    /// An id storage is cleared.
    Clear(usize),
    /// A browser's state is copied, unless it has signed in anew since.
    Steal { browser: usize, epoch: u32 },
    /// A thief acts.
    Prowl { browser: usize, epoch: u32 },
    /// Something is done to the server.
    Keeper(Act),
}

/// Everything.
pub(crate) struct World {
    folder: TempDir,
    clock: Clock,
    server: Server,
    proxy: Proxy,
    queue: Queue<Event>,
    browsers: Vec<Browser>,
    thieves: HashMap<usize, Thief>,
    flights: HashMap<u64, Flight>,
    next_flight: u64,
    dice: Dice,
    has_backup: bool,
    oracle: Oracle,
    diary: Diary,
    outcome: Outcome,
    until: At,
    /// A kill waits for the next landing.
    kill_soon: bool,
    signed_in_since: HashMap<usize, At>,
}

impl World {
    pub(crate) fn new(binary: &Path, plan: &Plan) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Clock::start(folder.path())?;
        let server = Server::new(binary, folder.path(), &clock);
        let dice = Dice::new(plan.seed);
        let browsers = (0..plan.browsers).map(|number| Browser::new(number, dice.split(number as u64 + 1)));
        Ok(Self {
            clock,
            server,
            proxy: Proxy::default(),
            queue: Queue::new(),
            browsers: browsers.collect(),
            thieves: HashMap::new(),
            flights: HashMap::new(),
            next_flight: 0,
            dice: dice.split(0),
            has_backup: false,
            oracle: Oracle::default(),
            diary: Diary::new(plan.browsers),
            outcome: Outcome { seed: plan.seed, browsers: plan.browsers, ..Outcome::default() },
            until: At::from(plan.hours) * HOUR,
            kill_soon: false,
            signed_in_since: HashMap::new(),
            folder,
        })
    }

    /// Lives to the end.
    pub(crate) fn live(mut self) -> io::Result<Outcome> {
        self.server.start(&self.clock)?;
        for browser in 0..self.browsers.len() {
            let at = self.browsers[browser].dice.between(0, 10 * SECOND);
            self.queue.plan(at, Event::Enter(browser));
            let at = self.browsers[browser].spell();
            self.queue.plan(at, Event::Lid(browser));
            self.plan_clearing(browser);
        }
        self.plan_acts();
        while let Some(at) = self.queue.next_at().filter(|at| *at <= self.until) {
            self.clock.go_to(at)?;
            let mut landings = Vec::new();
            while let Some(event) = self.queue.take(at) {
                match event {
                    Event::Arrive(landing) => landings.push(landing),
                    event => self.happen(event)?,
                }
            }
            self.land(landings)?;
        }
        self.close()
    }

    fn happen(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Enter(browser) => self.enter(browser),
            Event::Fire { browser, sender, epoch } => self.fire(browser, sender, epoch),
            Event::Deliver { flight, bytes } => self.deliver(flight, &bytes),
            Event::GiveUp(flight) => self.give_up(flight),
            Event::Forget(flight) => drop(self.flights.remove(&flight)),
            Event::Lid(browser) => self.turn_lid(browser),
            Event::Clear(browser) => self.clear(browser),
            Event::Steal { browser, epoch } => self.steal(browser, epoch),
            Event::Prowl { browser, epoch } => self.prowl(browser, epoch),
            Event::Keeper(act) => self.act(act)?,
            Event::Arrive(_) => {}
        }
        Ok(())
    }

    fn now(&self) -> At {
        self.clock.now()
    }

    fn note(&mut self, browser: usize, text: String) {
        self.diary.note(browser, self.clock.now(), text);
    }

    fn find(&mut self, browser: usize, kind: Kind, text: String) {
        let text = format!("browser {browser}, {text}{}", self.diary.tell(browser));
        self.outcome.findings.push(Finding { kind, text });
    }

    /// Asks everyone once more without faults, then looks at the audit log.
    fn close(mut self) -> io::Result<Outcome> {
        self.kill_soon = false;
        if self.server.address().is_none() {
            self.server.start(&self.clock)?;
        }
        self.ask_everyone()?;
        let _ = self.server.run(&["audit", "verify"])?;
        let logged = self.reused_in_the_log()?;
        self.server.stop()?;
        for (browser, kind, text) in self.oracle.audit(&logged).into_iter().chain(self.oracle.shared_for_long()) {
            self.find(browser, kind, text);
        }
        let now = self.clock.now();
        self.outcome.signed_in += self.signed_in_since.values().map(|since| now - since).sum::<At>();
        self.outcome.thefts = self.oracle.thefts();
        self.outcome.excused = std::mem::take(&mut self.oracle.excused);
        self.outcome.found_after = std::mem::take(&mut self.oracle.found_after);
        drop(self.folder);
        Ok(self.outcome)
    }

    /// How often the audit log says `refresh_reused` of each session.
    fn reused_in_the_log(&self) -> io::Result<BTreeMap<String, u32>> {
        let mut found = BTreeMap::new();
        for line in self.server.run(&["audit", "export"])?.lines() {
            let line: serde_json::Value = serde_json::from_str(line)?;
            let text = |pointer: &str| line.pointer(pointer).and_then(serde_json::Value::as_str);
            if text("/record/event") == Some("refresh_reused") {
                *found.entry(text("/record/session").unwrap_or("none").to_owned()).or_default() += 1;
            }
        }
        Ok(found)
    }
}
