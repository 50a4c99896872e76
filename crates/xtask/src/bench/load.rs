//! Load from many connections at once, and what it cost the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::client::{Answer, Connection, Request};
use crate::host::Host;

/// What a load came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) requests: u64,
    /// CPU of the server for each request, in µs.
    pub(super) cpu_us: f64,
    pub(super) per_second: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

impl Cost {
    pub(super) fn print(&self, what: &str) {
        let Self { requests, cpu_us, per_second, p50, p99 } = self;
        println!("{what}: {cpu_us:.1} µs, {per_second:.0}/s, p50 {p50:.1?}, p99 {p99:.1?} ({requests} requests)");
    }
}

/// A client on one connection: what it asks next, and what it makes of the answer.
pub(super) trait Visitor: Send {
    /// The next request, or none if it has no more.
    fn next(&mut self) -> Option<&Request>;
    /// Takes the answer, whatever it was.
    ///
    /// # Errors
    /// If it is not what the scene is about: that ends the scene.
    fn take(&mut self, answer: Answer) -> Result<()>;
}

/// How fast visitors ask.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Each as soon as it has its answer.
    Full,
    /// Together this many requests a second, evenly spread. An answer's time counts from when its request was sent.
    PerSecond(f64),
}

/// Lets each visitor ask over a connection of its own until the time is up or it has no more to ask.
pub(super) fn run<V: Visitor>(host: &Host, visitors: &mut [V], time: Duration, pace: Pace) -> Result<Cost> {
    let stop = AtomicBool::new(false);
    let every = match pace {
        Pace::Full => Duration::ZERO,
        Pace::PerSecond(rate) => Duration::from_secs_f64(f64::from(u32::try_from(visitors.len())?) / rate),
    };
    let count = u32::try_from(visitors.len())?;
    // What a connection costs is another question.
    let connections = visitors.iter().map(|_| host.connect()).collect::<Result<Vec<_>>>()?;
    let (before, begun) = (host.cpu()?, Instant::now());
    let latencies = thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .zip(visitors.iter_mut().zip(connections))
            .map(|(turn, (visitor, connection))| {
                let schedule = Schedule { next: begun + every * turn / count, every, until: begun + time };
                let stop = &stop;
                scope.spawn(move || visit(connection, visitor, stop, schedule))
            })
            .collect();
        let mut all = Vec::new();
        for thread in running {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a visitor panicked"))??);
        }
        anyhow::Ok(all)
    })?;
    let (took, cpu) = (begun.elapsed(), host.cpu()?.saturating_sub(before));
    cost(latencies, took, cpu)
}

/// When one visitor asks.
struct Schedule {
    next: Instant,
    every: Duration,
    until: Instant,
}

impl Schedule {
    /// Waits for the next turn; false when there is none.
    fn wait(&mut self) -> bool {
        let now = Instant::now();
        if self.next > now {
            thread::sleep(self.next - now);
        }
        self.next += self.every;
        self.next.max(now) < self.until
    }
}

fn visit<V: Visitor>(
    mut connection: Connection,
    visitor: &mut V,
    stop: &AtomicBool,
    mut schedule: Schedule,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    while !stop.load(Ordering::Relaxed) && schedule.wait() {
        let Some(request) = visitor.next() else { break };
        let asked = Instant::now();
        let answered = connection.send(request);
        latencies.push(asked.elapsed());
        // One refusal spoils the figures: everybody stops.
        if let Err(error) = answered.and_then(|answer| visitor.take(answer)) {
            stop.store(true, Ordering::Relaxed);
            return Err(error);
        }
    }
    Ok(latencies)
}

fn cost(mut latencies: Vec<Duration>, took: Duration, cpu: Duration) -> Result<Cost> {
    ensure!(!latencies.is_empty(), "no request was made");
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get((latencies.len() - 1) * percent / 100).copied();
    let requests = u32::try_from(latencies.len())?;
    Ok(Cost {
        requests: u64::from(requests),
        cpu_us: cpu.as_secs_f64() * 1e6 / f64::from(requests),
        per_second: f64::from(requests) / took.as_secs_f64(),
        p50: at(50).context("p50")?,
        p99: at(99).context("p99")?,
    })
}
