//! Ten times the sign-ins that the machine can hash, and what everybody else notices.
//!
//! Verifications and refreshes come at a steady pace, first alone and then beside the flood; their latencies are compared, of five rounds
//! the best alone with the best beside it. The flood comes from as many clients as are needed for its rate although some of them wait
//! in the queue; when it ends, they hang up. The load generator runs on the same cores, and what it needs is part of what is measured.
//! The flood's clients, which would be other machines, give way to the server and to those who are watched, but not to the hashing threads.

use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::load::{self, Cost, Pace};
use super::table::{Bound, Table};
use super::visitors::{self, Person, Same, get_with, same};
use crate::client::{Connection, Request};
use crate::host::Host;

/// How many times what can be hashed is offered.
const TIMES: f64 = 10.0;
/// One in ten is taken into the queue and waits a few seconds there: so many clients more are needed to keep the rate.
const CLIENTS: f64 = TIMES * 1.25;
const MOST_CLIENTS: usize = 2_500;
/// Each client asks once in this time.
const EVERY: Duration = Duration::from_secs(1);
/// How long the queue takes to fill.
const FILL: Duration = Duration::from_secs(4);
/// How often those who are watched are watched, alone and beside the flood.
const ROUNDS: u32 = 5;
/// Connections of those who are watched.
const WATCHED: usize = 8;
const VERIFICATIONS_PER_SECOND: f64 = 200.0;
const REFRESHES_PER_SECOND: f64 = 80.0;
const STACK: usize = 128 * 1024;
/// A weight of a third. Hashing threads have a tenth.
const NICENESS: i32 = 5;

/// Measures on a server of its own whose limits are off, and adds the lines to the table.
pub(super) fn measure(server: &Host, time: Duration, table: &mut Table) -> Result<()> {
    println!("\n== overload, {} s a scene", time.as_secs());
    let idle = server.memory_kib("VmRSS")?;
    visitors::register(server)?;
    let mut people = visitors::sign_in(server, WATCHED)?;
    let token = people.first().map(|person| person.access.clone()).context("nobody signed in")?;
    let mut seen = same(&get_with("/api/auth/verify", &token), WATCHED);

    let cores = thread::available_parallelism()?.get();
    let alone = load::run(server, &mut visitors::guests(1), time, Pace::Full)?;
    let capacity = load::run(server, &mut visitors::guests(cores), time, Pace::Full)?.per_second;
    println!("one sign-in alone: p50 {:.1?}; {capacity:.0} a second by {cores} clients", alone.p50);

    let (verify, refresh) = watch(server, &mut seen, &mut people, time)?;
    let flood = Flood::default();
    let (beside, first) = thread::scope(|scope| -> Result<_> {
        let begun = flood.begin(scope, server.port, capacity);
        thread::sleep(FILL);
        flood.forget();
        let counted = Instant::now();
        let beside = begun.and_then(|()| watch(server, &mut seen, &mut people, time));
        // Whatever went wrong: the scope waits for them.
        flood.end(counted.elapsed());
        // Until somebody is let in again, however often he has to ask: those who have hung up leave the queue first.
        let asked = Instant::now();
        let first = visitors::patiently(server, &visitors::login(0)).map(|_| asked.elapsed());
        Ok((beside?, first?))
    })?;

    let tally = flood.tally.into_inner().map_err(|_| anyhow::anyhow!("a client panicked"))?;
    let Tally { refused, served, took, failed } = tally;
    ensure!(!refused.is_empty(), "nobody was refused: {served} were served");
    ensure!(failed.is_none(), "{}", failed.unwrap_or_default());
    let offered = f64::from(u32::try_from(refused.len())? + served) / took.as_secs_f64();
    let (p50, p99) = (percentile(&refused, 50)?, percentile(&refused, 99)?);
    println!("flood: {offered:.0} sign-ins a second, {served} served, refused in p50 {p50:.1?}, p99 {p99:.1?}");
    let times = |beside: Duration, alone: Duration| beside.as_secs_f64() / alone.as_secs_f64();
    table.line("overload: sign-ins offered, times what can be hashed", offered / capacity, Bound::AtLeast(8.0));
    for (what, beside, alone) in [("verify", &beside.0, &verify), ("refresh", &beside.1, &refresh)] {
        println!(
            "{what}: alone p50 {:.2?}, p99 {:.2?}; beside the flood p50 {:.2?}, p99 {:.2?}",
            alone.p50, alone.p99, beside.p50, beside.p99
        );
        table.line(
            &format!("overload: {what} p50, times without it"),
            times(beside.p50, alone.p50),
            Bound::AtMost(2.0),
        );
        table.line(
            &format!("overload: {what} p99, times without it"),
            times(beside.p99, alone.p99),
            Bound::AtMost(2.0),
        );
    }
    table.line("overload: refused sign-in p99, ms", p99.as_secs_f64() * 1e3, Bound::AtMost(50.0));
    let above = server.memory_kib("VmHWM")?.saturating_sub(idle);
    let above = f64::from(u32::try_from(above).unwrap_or(u32::MAX)) / 1_024.0;
    table.line("overload: memory above idle, MiB", above, Bound::AtMost(80.0));
    table.line("overload: first sign-in afterwards, times one alone", times(first, alone.p50), Bound::AtMost(5.0));
    Ok(())
}

/// How late the answers were at the median, and for the slowest hundredth.
#[derive(Debug, Clone, Copy)]
struct Latency {
    p50: Duration,
    p99: Duration,
}

impl Latency {
    /// Of some rounds the least of each, because other work only ever adds.
    fn least(rounds: &[Cost]) -> Result<Self> {
        let p50 = rounds.iter().map(|round| round.p50).min().context("no round was run")?;
        let p99 = rounds.iter().map(|round| round.p99).min().context("no round was run")?;
        Ok(Self { p50, p99 })
    }
}

/// Verifications and refreshes at a steady pace, at the same time, in rounds.
fn watch(server: &Host, seen: &mut [Same], people: &mut [Person], time: Duration) -> Result<(Latency, Latency)> {
    let (mut verified, mut refreshed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (verify, refresh) = thread::scope(|scope| -> Result<_> {
            let verify = scope.spawn(|| load::run(server, seen, time, Pace::PerSecond(VERIFICATIONS_PER_SECOND)));
            let refresh = load::run(server, people, time, Pace::PerSecond(REFRESHES_PER_SECOND))?;
            Ok((verify.join().map_err(|_| anyhow::anyhow!("a visitor panicked"))??, refresh))
        })?;
        verified.push(verify);
        refreshed.push(refresh);
    }
    Ok((Latency::least(&verified)?, Latency::least(&refreshed)?))
}

/// What came of the flood.
#[derive(Debug, Default)]
struct Tally {
    refused: Vec<Duration>,
    served: u32,
    took: Duration,
    /// Something else than 200 and 503.
    failed: Option<String>,
}

/// Those who sign in.
#[derive(Debug, Default)]
struct Flood {
    stop: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
    tally: Mutex<Tally>,
}

impl Flood {
    fn begin<'scope>(&'scope self, scope: &'scope thread::Scope<'scope, '_>, port: u16, capacity: f64) -> Result<()> {
        let clients =
            (0..MOST_CLIENTS).take_while(|n| f64::from(u32::try_from(*n).unwrap_or(u32::MAX)) < capacity * CLIENTS);
        let clients = u32::try_from(clients.count())?;
        for turn in 0..clients {
            let connection = Connection::open(port)?;
            if let Ok(mut streams) = self.streams.lock() {
                streams.push(connection.stream()?);
            }
            let (login, start) = (visitors::login(usize::try_from(turn)?), EVERY * turn / clients);
            let client = thread::Builder::new().stack_size(STACK);
            client.spawn_scoped(scope, move || self.sign_in(connection, &login, start))?;
        }
        Ok(())
    }

    fn sign_in(&self, mut connection: Connection, login: &Request, start: Duration) {
        // Where it may not be, it is as before: the clients then count as part of the flood.
        let _ = rustix::process::nice(NICENESS);
        thread::sleep(start);
        while !self.stop.load(Ordering::Relaxed) {
            let asked = Instant::now();
            let answer = connection.send(login);
            let took = asked.elapsed();
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let Ok(mut tally) = self.tally.lock() else { return };
            match answer.map(|answer| answer.status) {
                Ok(503) => tally.refused.push(took),
                Ok(200) => tally.served += 1,
                Ok(status) => tally.failed = Some(format!("a sign-in was answered {status}")),
                Err(error) => tally.failed = Some(format!("{error:#}")),
            }
            drop(tally);
            thread::sleep(EVERY.saturating_sub(took));
        }
    }

    /// Forgets what came of it so far: the queue was still filling.
    fn forget(&self) {
        if let Ok(mut tally) = self.tally.lock() {
            *tally = Tally::default();
        }
    }

    /// Everybody hangs up.
    fn end(&self, took: Duration) {
        self.stop.store(true, Ordering::Relaxed);
        if let Ok(mut tally) = self.tally.lock() {
            tally.took = took;
        }
        if let Ok(streams) = self.streams.lock() {
            // Who has gone already is gone.
            streams.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        }
    }
}

fn percentile(latencies: &[Duration], percent: usize) -> Result<Duration> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len().saturating_sub(1)) * percent / 100).copied().context("nothing was measured")
}
