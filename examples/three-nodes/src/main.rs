//! Three nodes on one machine with all that belongs to them, and how soon a token that was taken back is refused everywhere.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it prints is what it is for")]

mod api;
mod client;
mod measure;
mod part;
mod people;
mod programs;
mod server;
mod site;
mod start;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use programs::Programs;
use site::Site;

// As the server's own binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts PostgreSQL, Valkey, three nodes, nginx and a guarded API, and measures how soon a revoked token is refused everywhere.
#[derive(Parser)]
struct Options {
    /// End after the measurement instead of running on until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// How many tokens are taken back.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
}

fn main() -> ExitCode {
    // A node, and each command beside it, is this very program under the server's name: one build makes everything.
    if std::env::args_os().next().is_some_and(|name| name == server::NAME) {
        return countersign_server::command::main();
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<()> {
    let programs = Programs::find()?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Whatever ends it, the site is dropped, and everything that it started ends with it.
    let _site = tokio::select! {
        site = measured_site(&programs, options.rounds) => site?,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    };
    if !options.once {
        println!("\nIt runs on. Ctrl-C ends it and leaves nothing behind.");
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    }
    Ok(())
}

/// Starts everything, measures, and tells of both.
async fn measured_site(programs: &Programs, rounds: u16) -> Result<Site> {
    let site = Site::start(programs).await?;
    println!("{site}\n");
    println!("{}", measure::measure(&site, rounds).await?);
    Ok(site)
}
