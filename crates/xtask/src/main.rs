//! Everything the repository does to itself.
//!
//! `cargo xtask test` is the one command that runs every test of the workspace. The others check or measure the house. Each
//! exits with the code of the first thing that failed.
#![expect(clippy::disallowed_methods, reason = "a development tool reads the environment and the clock")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a development tool talks to its terminal")]

mod attack;
mod bench;
mod client;
mod floors;
mod fuzz;
mod generate;
mod host;
mod life;
mod model;
mod mutants;
mod postgres;
mod process;
mod proxies;
mod soak;
mod test;
mod valkey;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  test [FILTER]        run every test; brings its own PostgreSQL, Valkey, nginx and Caddy
  floors               check the walls: crate arrows, import circles, file lengths, words that must not stay
  gen [--check]        write docs/reference from what it describes, or fail where it differs
  bench [--quick] [--load] [--as-built] [--soak] [--overload]
                       benchmarks, instruction counts, and the load comparison with its ratios
  attack [tokens|guesses|schema] [--url URL]
                       the tools of attackers against a server: one that is started here, or one of your own
  life [--seed S] [--runs N] [--browsers B] [--hours H]
                       the fault-injection test: honest browsers and thieves against the real server, in virtual hours
  soak [--minutes M] [--nodes N] [--subscribers S] [--seed S] [--program PATH]
                       how soon a revocation holds everywhere: several nodes and readers of the feed under load, on PostgreSQL
  model [--states N]   the model checker on the refresh rule: every exploration, up to N states each (default 5000000)
  fuzz [--minutes N]   run each fuzz target for N minutes (default 10); installs cargo-fuzz
  mutants [CRATE…]     change the code line by line and see whether a test notices; installs cargo-mutants
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let done = match arguments.first().map(String::as_str) {
        Some("test") => test::run_tests(rest),
        Some("floors") => floors::run(),
        Some("gen") => generate::run(rest),
        Some("bench") => bench::run_all(rest),
        Some("attack") => attack::run_tools(rest),
        Some("life") => life::live(rest),
        Some("soak") => soak::run(rest),
        Some("model") => model::explore(rest),
        Some("fuzz") => fuzz::run_targets(rest),
        Some("mutants") => mutants::run_crates(rest),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprint!("no such command: {other}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(error.downcast_ref::<process::Failed>().map_or(1, |failed| failed.code))
        }
    }
}
