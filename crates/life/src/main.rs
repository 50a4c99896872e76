//! `countersign-life SERVER [--seed S] [--runs N] [--browsers B] [--hours H]`: as many lives as are asked for.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a development tool talks to its terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use countersign_life::{Plan, chosen_seed, live, random_seed};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((binary, options)) = arguments.split_first() else {
        eprintln!("usage: countersign-life SERVER [--seed S] [--runs N] [--browsers B] [--hours H]");
        return ExitCode::from(2);
    };
    let mut plan = Plan { seed: chosen_seed().unwrap_or_else(random_seed), ..Plan::SHORT };
    let mut runs = 1;
    for pair in options.chunks(2) {
        let [name, value] = pair else { return ExitCode::from(2) };
        let Ok(number) = value.parse::<u64>() else { return ExitCode::from(2) };
        let small = u32::try_from(number).unwrap_or(u32::MAX);
        match name.as_str() {
            "--seed" => plan.seed = number,
            "--runs" => runs = small,
            "--browsers" => plan.browsers = small as usize,
            "--hours" => plan.hours = small,
            _ => return ExitCode::from(2),
        }
    }
    let mut is_clean = true;
    for _ in 0..runs {
        println!("seed {}: {} browsers, {} hours", plan.seed, plan.browsers, plan.hours);
        match live(&PathBuf::from(binary), &plan) {
            Ok(outcome) => {
                println!("{outcome}");
                is_clean &= outcome.findings.is_empty();
            }
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        plan.seed += 1;
    }
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
