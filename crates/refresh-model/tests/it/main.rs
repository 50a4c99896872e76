//! The explorations in short: as far as 150,000 steps each. `cargo xtask model` goes further.

use countersign_refresh_model::{Scenario, explore, scenarios};

fn holds(scenario: &Scenario) {
    let explored = explore(scenario, STATES);
    assert!(explored.broken.is_empty(), "{explored}");
}

/// The scenarios are shared out, so that the test runner can run them side by side.
fn share(scenarios: &[Scenario], part: usize) {
    let mine: Vec<&Scenario> = scenarios.iter().skip(part).step_by(PARTS).collect();
    assert!(!mine.is_empty());
    mine.into_iter().for_each(holds);
}

#[test]
fn without_theft_nobody_is_signed_out_1() {
    share(&scenarios::honest(), 0);
}

#[test]
fn without_theft_nobody_is_signed_out_2() {
    share(&scenarios::honest(), 1);
}

#[test]
fn a_thief_falls_behind_and_is_found_1() {
    share(&scenarios::stolen(), 0);
}

#[test]
fn a_thief_falls_behind_and_is_found_2() {
    share(&scenarios::stolen(), 1);
}

#[test]
fn rules_of_other_systems_break_a_promise_each() {
    for (scenario, property) in scenarios::rivals() {
        let explored = explore(&scenario, STATES * 10);
        println!("{explored}");
        assert!(explored.broken.iter().any(|broken| broken.property == property), "{explored}");
    }
}

const STATES: usize = 150_000;
const PARTS: usize = 2;
