//! Hundreds of browser-hours in half a minute.

use std::path::PathBuf;

use countersign_life::{Plan, chosen_seed, live};

/// The suite's own plan: chance must not decide whether a change is good. `cargo xtask life` draws another each time.
const SEED: u64 = 1;

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where the server is")]
fn hundreds_of_browser_hours_sign_nobody_out_and_miss_no_thief() {
    let Some(server) = std::env::var_os("COUNTERSIGN_TEST_SERVER").map(PathBuf::from) else {
        println!("skipped: `cargo xtask test` builds the server that this needs");
        return;
    };
    let plan = Plan { seed: chosen_seed().unwrap_or(SEED), ..Plan::SHORT };
    println!("COUNTERSIGN_TEST_SEED={}", plan.seed);

    let outcome = live(&server, &plan).unwrap();

    println!("{outcome}");
    assert!(outcome.findings.is_empty(), "{outcome}");
    assert!(
        outcome.refreshes > 3_000 && outcome.faults.len() > 8 && outcome.thefts.1 > 0,
        "this proves little: {outcome}"
    );
}
