//! `countersign calibrate`.

use std::sync::Arc;

use clap::Args;
use countersign::passwords::{Calibration, Error, HashError, Hasher, Measurement, Password};
use countersign::{HasherConfig, Params};
use countersign_kernel::{Env, Lifetime};
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::output::{Output, complain};
use crate::config::{Config, Sources, Use};
use crate::wire;

/// How often each set of parameters is measured; the median counts.
const ROUNDS: usize = 3;

/// What `calibrate` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  countersign calibrate
  countersign calibrate --target-ms 100 --json
  countersign calibrate --set passwords.memory_budget_mib=1024

Measure on the machine that will serve, while it does nothing else. Hashes are made as the server
makes them: as many at once as PASSWORDS__WORKERS, within PASSWORDS__MEMORY_BUDGET_MIB. Nothing is
changed; paste what it prints into countersign.toml.")]
pub struct CalibrateArgs {
    /// How long one hash may take while every worker computes one.
    #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u32).range(10..=5000))]
    pub target_ms: u32,
}

/// Runs the command.
///
/// # Errors
/// The configuration is refused, or hashing failed.
pub async fn run(args: &CalibrateArgs, sources: &Sources, output: Output) -> Result<(), Failure> {
    let config = Config::load(sources, Use::Command)?;
    let hashing = wire::hashing(&config.passwords);
    let workers = workers(&hashing, Params::FLOOR);
    let target = Lifetime::from_millis(i64::from(args.target_ms));
    let mut calibration = Calibration::new(target, workers, hashing.memory_budget_kib);
    if !output.is_json() {
        complain(&format!("measuring, {workers} hashes at once; this takes some seconds"));
    }
    while let Some(params) = calibration.wanted() {
        let each = measured(&hashing, params).await?;
        calibration.tell(Measurement { params, each });
    }
    let best = calibration.recommended().ok_or_else(|| Failure::new(Exit::Failed, "nothing was measured"))?;
    tell(args, &hashing, &calibration, best, output)
}

/// As many as the server would run at once.
fn workers(hashing: &HasherConfig, params: Params) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let fitting = usize::try_from(hashing.memory_budget_kib / params.memory_kib.max(1)).unwrap_or(usize::MAX);
    hashing.workers.min(cores).min(fitting).max(1)
}

/// How long one hash takes while every worker computes one.
async fn measured(hashing: &HasherConfig, params: Params) -> Result<Lifetime, Failure> {
    let env = Env::system();
    let config = HasherConfig { params, queue_deadline: Lifetime::from_minutes(60), ..hashing.clone() };
    let failed = |error: Error| Failure::of(Exit::Failed, &error);
    let hasher = Arc::new(Hasher::new(&config, env.clone()).map_err(failed)?);
    let workers = workers(hashing, params);
    // The first round takes the memory, which later ones find there.
    round(&hasher, workers).await?;
    let mut spans = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = env.now();
        round(&hasher, workers).await?;
        spans.push(env.now().since(started));
    }
    spans.sort_unstable();
    Ok(spans.get(ROUNDS / 2).copied().unwrap_or(Lifetime::ZERO))
}

/// One hash on every worker.
async fn round(hasher: &Arc<Hasher>, workers: usize) -> Result<(), Failure> {
    let calls: Vec<_> = (0..workers)
        .map(|_| {
            let hasher = Arc::clone(hasher);
            tokio::spawn(async move {
                let Ok(password) = Password::received("nobody's password") else { return Ok(()) };
                hasher.verify_nobody(&password).await
            })
        })
        .collect();
    for call in calls {
        match call.await.map_err(|error| Failure::new(Exit::Failed, error.to_string()))? {
            Ok(()) => {}
            Err(HashError::Busy(busy)) => return Err(Failure::of(Exit::Unavailable, &busy)),
            Err(HashError::Fault(error)) => return Err(Failure::of(Exit::Failed, &error)),
        }
    }
    Ok(())
}

fn tell(
    args: &CalibrateArgs,
    hashing: &HasherConfig,
    calibration: &Calibration,
    best: Measurement,
    output: Output,
) -> Result<(), Failure> {
    let rate = |measurement: &Measurement| {
        let at_once = i64::try_from(workers(hashing, measurement.params)).unwrap_or(1);
        at_once * 1_000_000 / measurement.each.as_micros().max(1)
    };
    let view = |measurement: &Measurement| {
        json!({
            "memoryKib": measurement.params.memory_kib,
            "iterations": measurement.params.iterations,
            "parallelism": measurement.params.parallelism,
            "milliseconds": measurement.each.as_millis(),
            "hashesPerSecond": rate(measurement),
        })
    };
    let row = |measurement: &Measurement| {
        let chosen = if *measurement == best { "recommended" } else { "" };
        let Params { memory_kib, iterations, parallelism } = measurement.params;
        [memory_kib.to_string(), iterations.to_string(), parallelism.to_string()]
            .into_iter()
            .chain([measurement.each.as_millis().to_string(), rate(measurement).to_string(), chosen.to_owned()])
            .collect()
    };
    let at_once = workers(hashing, best.params);
    let is_within_target = best.each.as_millis() <= i64::from(args.target_ms);
    let value: Value = json!({
        "targetMs": args.target_ms,
        "workers": at_once,
        "memoryBudgetKib": hashing.memory_budget_kib,
        "isWithinTarget": is_within_target,
        "recommended": view(&best),
        "measured": calibration.measured().iter().map(view).collect::<Vec<_>>(),
    });
    let heads = ["memory KiB", "iterations", "parallelism", "ms", "hashes/s", ""];
    output.table(&heads, calibration.measured().iter().map(row).collect(), &value)?;
    if output.is_json() {
        return Ok(());
    }
    let Params { memory_kib, iterations, parallelism } = best.params;
    let told = if is_within_target {
        format!("the most that stays within {} ms, {at_once} at once", args.target_ms)
    } else {
        format!("the least that is allowed: this machine needs more than {} ms for it", args.target_ms)
    };
    output.text(&format!(
        "\n# {told}\n[passwords]\nmemory_kib = {memory_kib}\niterations = {iterations}\nparallelism = {parallelism}\n"
    ))
}
