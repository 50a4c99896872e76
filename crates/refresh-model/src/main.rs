//! `cargo xtask model [--states N]`: every exploration, as far as N states each.

use std::process::ExitCode;

use countersign_refresh_model::{Explored, explore, scenarios};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let states = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Some(DEFAULT_STATES),
        (Some("--states"), Some(number)) => number.parse().ok(),
        _ => None,
    };
    let Some(states) = states else {
        say("usage: countersign-refresh-model [--states N]");
        return ExitCode::from(2);
    };
    let mut fine = true;
    let mut total = 0;
    let mut check = |explored: &Explored, expected: Option<&str>| {
        total += explored.states;
        let holds = match expected {
            None => explored.broken.is_empty(),
            Some(property) => explored.broken.iter().any(|broken| broken.property == property),
        };
        fine &= holds;
        say(&explored.to_string());
    };
    say("== without theft ==");
    scenarios::honest().iter().for_each(|scenario| check(&explore(scenario, states), None));
    say("== with a thief ==");
    scenarios::stolen().iter().for_each(|scenario| check(&explore(scenario, states), None));
    say("== other rules: each must break a promise ==");
    scenarios::rivals().iter().for_each(|(scenario, broken)| check(&explore(scenario, states), Some(broken)));
    say(&format!(
        "{total} states: {}",
        if fine { "every promise holds, and every other rule breaks one" } else { "NOT as promised" }
    ));
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "this is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}

const DEFAULT_STATES: usize = 5_000_000;
