//! Runs the checker and says what it found.

use std::fmt;

use stateright::{Checker, HasDiscoveries, Model};

use crate::Scenario;

/// What an exploration came to.
#[derive(Debug, Clone)]
pub struct Explored {
    /// Which one it was.
    pub name: &'static str,
    /// How many different states there are.
    pub states: usize,
    /// How many events the longest way to one of them has.
    pub depth: usize,
    /// Whether the limit ended it before all states were seen.
    pub cut_short: bool,
    /// The properties that do not hold, each with a way there.
    pub broken: Vec<Broken>,
}

/// A property that does not hold.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What was promised.
    pub property: &'static str,
    /// How it came about: event after event, and what state each led to.
    pub trace: String,
}

/// Explores every order of events of `scenario`, up to `limit` states.
#[must_use]
pub fn explore(scenario: &Scenario, limit: usize) -> Explored {
    let checker = scenario.clone().checker().target_state_count(limit).finish_when(HasDiscoveries::AnyFailures);
    // One thread: the same run each time.
    let checker = checker.threads(1).spawn_bfs().join();
    let states = checker.unique_state_count();
    let mut broken = Vec::new();
    for (property, path) in checker.discoveries() {
        let mut trace = String::new();
        for (state, action) in path.into_vec() {
            let row = &state.server.row;
            trace.push_str(&format!(
                "    g={} delivered={:?} jar={} answered={:?} recent={:?} thief={:?}\n",
                row.generation,
                row.delivered,
                state.jar,
                row.answered.iter().map(|a| a.id.0[0]).collect::<Vec<_>>(),
                row.recent.iter().map(|s| (s.first, s.last, s.passed_at.is_some())).collect::<Vec<_>>(),
                state.thief.as_ref().map(|t| (&t.tokens, &t.ids)),
            ));
            if let Some(action) = action {
                trace.push_str(&format!("  {action:?}\n"));
            }
        }
        broken.push(Broken { property, trace });
    }
    let cut_short = broken.is_empty() && checker.state_count() >= limit;
    Explored { name: scenario.name, states, depth: checker.max_depth(), cut_short, broken }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, depth, .. } = self;
        let how = if self.cut_short { "cut short at" } else { "all of" };
        write!(f, "{name}: {how} {states} states, up to {depth} events")?;
        for broken in &self.broken {
            write!(f, "\n  BROKEN: {}\n{}", broken.property, broken.trace)?;
        }
        Ok(())
    }
}
