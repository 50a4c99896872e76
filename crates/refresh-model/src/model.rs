//! The model as the checker sees it: where it begins, what can happen, what must never be.

use countersign_kernel::Lifetime;
use stateright::{Model, Property};

use crate::action::Action;
use crate::scenario::{Scenario, Sender};
use crate::server::{DAY, HOUR, Server};
use crate::state::{Faults, Left, State, Storage, Watch};

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let with_ids = self.senders.iter().filter(|sender| **sender == Sender::WithIds);
        vec![State {
            server: Server::new(self),
            saved: None,
            jar: 0,
            storages: (1u8..).zip(with_ids).map(|(pending, _)| Storage { pending, last: None }).collect(),
            requests: Vec::new(),
            replies: Vec::new(),
            thief: None,
            left: Left {
                sends: self.sends,
                uses: self.uses,
                duplicates: self.duplicates,
                clears: self.clears,
                rollbacks: self.rollbacks,
                hours: self.hours,
                days: self.days,
            },
            watch: Watch::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // One fault is enough: what follows it is of no interest.
        if state.watch.faults != Faults::default() {
            return;
        }
        if state.left.sends > 0 && state.requests.len() + state.replies.len() < self.in_flight {
            actions.extend((0..self.senders.len()).map(Action::Send));
        }
        for at in 0..state.requests.len() {
            actions.push(Action::Judge(at));
            if state.left.duplicates > 0 {
                actions.push(Action::JudgeAndRepeat(at));
            }
            if self.losses {
                actions.push(Action::LoseRequest(at));
            }
        }
        let arriving = if self.overtaking { state.replies.len() } else { state.replies.len().min(1) };
        actions.extend((0..arriving).map(Action::Receive));
        if self.losses {
            actions.extend((0..state.replies.len()).map(Action::LoseReply));
        }
        if state.left.clears > 0 {
            actions.push(Action::ClearStorage);
        }
        if state.left.rollbacks > 0 {
            actions.push(Action::Save);
            if state.saved.is_some() {
                actions.push(Action::RollBack);
            }
        }
        if state.changes_with_time(self) && (self.losses || !state.would_lose(self, self.unit)) {
            actions.push(Action::Wait);
        }
        if self.losses || !state.would_lose(self, HOUR) {
            actions.extend((state.left.hours > 0).then_some(Action::WaitAnHour));
            actions.extend((state.left.days > 0).then_some(Action::WaitADay));
        }
        actions.push(Action::Copy);
        actions.extend(
            state.thiefs_choices().into_iter().map(|(token, attempt, last)| Action::Steal(token, attempt, last)),
        );
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Send(sender) => state.send(self, sender)?,
            Action::Judge(at) => state.judge_request(self, at, false)?,
            Action::JudgeAndRepeat(at) => state.judge_request(self, at, true)?,
            Action::LoseRequest(at) => drop(state.requests.remove(at)),
            Action::Receive(at) => state.receive(self, at)?,
            Action::LoseReply(at) => drop(state.replies.remove(at)),
            Action::ClearStorage => state.clear_storage()?,
            Action::Save => state.saved = Some(state.server.clone()),
            Action::RollBack => state.roll_back()?,
            Action::Wait => state.wait(self, self.unit),
            Action::WaitAnHour => {
                state.left.hours = state.left.hours.checked_sub(1)?;
                state.wait(self, HOUR);
            }
            Action::WaitADay => {
                state.left.days = state.left.days.checked_sub(1)?;
                state.wait(self, DAY);
            }
            Action::Copy => state.copy(self)?,
            Action::Steal(token, attempt, last) => state.steal(self, token, attempt, last)?,
        }
        state.forget_useless();
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody is signed out by accident", |_, s: &State| !s.watch.faults.signed_out),
            Property::always("the thief does not keep up", |_, s: &State| !s.watch.faults.kept_up),
            Property::always("the thief is found", |_, s: &State| !s.watch.faults.missed),
            Property::always("there is one line", |_, s: &State| !s.watch.faults.two_lines),
            Property::always("an ended session stays ended", |_, s: &State| !s.watch.faults.revived),
            Property::always("a bound session is of no use to the thief", |scenario: &Self, s: &State| {
                !(scenario.bound && s.watch.thief_answered)
            }),
        ]
    }
}

impl State {
    fn wait(&mut self, scenario: &Scenario, span: Lifetime) {
        let units = scenario.units(span);
        self.server.grow_older(scenario, span);
        if let Some(saved) = &mut self.saved {
            saved.grow_older(scenario, span);
        }
        self.requests.iter_mut().for_each(|r| r.age = r.age.saturating_add(units));
        self.requests.retain(|r| r.age <= scenario.judged_within());
        self.replies.iter_mut().for_each(|r| r.age = r.age.saturating_add(units));
        self.replies.retain(|r| r.age <= scenario.patience());
        self.watch.grow_older(scenario, span);
    }

    /// Whether a little time changes anything at all.
    fn changes_with_time(&self, scenario: &Scenario) -> bool {
        let mut later = self.clone();
        later.wait(scenario, scenario.unit);
        later != *self
    }

    /// Whether a message under way would be too old after `span`.
    fn would_lose(&self, scenario: &Scenario, span: Lifetime) -> bool {
        let units = scenario.units(span);
        self.requests.iter().any(|r| r.age.saturating_add(units) > scenario.judged_within())
            || self.replies.iter().any(|r| r.age.saturating_add(units) > scenario.patience())
    }

    fn roll_back(&mut self) -> Option<()> {
        self.left.rollbacks = self.left.rollbacks.checked_sub(1)?;
        let ended = self.server.row.ended;
        self.server = self.saved.take()?.restarted(ended);
        // The row has forgotten what it knew about the two: what is promised begins anew.
        self.watch.refreshes = 0;
        Some(())
    }
}
