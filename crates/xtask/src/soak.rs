//! `cargo xtask soak`: how soon a revocation holds everywhere, for as long as is asked for.
//!
//! Several nodes on one PostgreSQL, services that read the feed of one node each, and people who verify and refresh all the while.
//! Somebody signs in at one node and is shown to all; he is signed out at another. From the moment at which that was answered it is
//! measured how long every other node goes on accepting his token, and how long it takes until every service has been told. Whoever
//! has not heard after ten seconds has missed it, and the soak fails.

mod feed;
mod fleet;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::client::Connection;
use crate::postgres::Cluster;
use feed::Readers;
use fleet::{Fleet, bearer, post, sign_in};

/// Sign-outs at the same time.
const REVOKERS: usize = 2;
/// Clients that verify and refresh at each node.
const LOAD: usize = 2;
/// Between two requests of one of them.
const PACE: Duration = Duration::from_millis(20);
/// Whoever has not heard by then has missed it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The promise: at the 99th percentile.
const PROMISE: Duration = Duration::from_secs(1);

/// What the command is told.
struct Plan {
    minutes: f64,
    nodes: usize,
    subscribers: usize,
    seed: u64,
    program: Option<String>,
}

/// Repeatable chance (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn below(&mut self, bound: usize) -> Result<usize> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(usize::try_from((word ^ (word >> 31)) % u64::try_from(bound)?)?)
    }
}

/// How long each took to hear of it.
#[derive(Default)]
struct Heard {
    nodes: Vec<Duration>,
    subscribers: Vec<Duration>,
}

/// Runs it and prints the table.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = read(arguments)?;
    println!("seed {}: {} nodes, {} subscribers, {} minutes", plan.seed, plan.nodes, plan.subscribers, plan.minutes);
    let cluster = Cluster::start()?;
    let fleet = Fleet::start(plan.program.as_deref(), cluster.url(), plan.nodes)?;
    let key = fleet.machine_key()?;
    let readers = Readers::new(plan.subscribers);
    let (stop, load, left) = (AtomicBool::new(false), AtomicU64::new(0), AtomicUsize::new(REVOKERS));
    let heard = Mutex::new(Heard::default());
    let until = Instant::now() + Duration::from_secs_f64(plan.minutes * 60.0);
    fleet.register(REVOKERS + 1)?;

    let ports = fleet.ports();
    thread::scope(|scope| -> Result<()> {
        for n in 0..plan.subscribers {
            let port = *ports.get(n % ports.len()).context("a node")?;
            let (readers, key, stop) = (&readers, &key, &stop);
            scope.spawn(move || readers.read(n, port, key, stop));
        }
        let mut working = Vec::new();
        for port in ports.iter().flat_map(|port| [*port; LOAD]) {
            let (stop, load) = (&stop, &load);
            working.push(scope.spawn(move || use_it(port, stop, load)));
        }
        for n in 0..REVOKERS {
            let (readers, heard, ports, stop, left) = (&readers, &heard, &ports, &stop, &left);
            let dice = Dice(plan.seed.wrapping_mul(31).wrapping_add(u64::try_from(n)?));
            working.push(scope.spawn(move || {
                let done = revoke(n, dice, ports, readers, heard, until);
                // Who is not done yet still waits for the readers.
                if left.fetch_sub(1, Ordering::Relaxed) == 1 || done.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                done
            }));
        }
        let mut first = Ok(());
        for thread in working {
            let done = thread.join().map_err(|_| anyhow::anyhow!("somebody panicked"))?;
            first = first.and(done);
        }
        stop.store(true, Ordering::Relaxed);
        first
    })?;

    let heard = heard.into_inner().map_err(|_| anyhow::anyhow!("somebody panicked"))?;
    println!("{} requests beside it; from the answered sign-out to refusal, in ms:", load.load(Ordering::Relaxed));
    println!("{:<22}{:>8}{:>10}{:>10}{:>10}", "", "count", "p50", "p99", "max");
    let mut worst = Duration::ZERO;
    for (who, mut took) in [("every other node", heard.nodes), ("every subscriber", heard.subscribers)] {
        ensure!(!took.is_empty(), "nothing was revoked");
        took.sort_unstable();
        let at = |percent: usize| took.get((took.len() - 1) * percent / 100).copied().context("a percentile");
        let shown = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
        let (p50, p99, max) = (at(50)?, at(99)?, at(100)?);
        println!("{who:<22}{:>8}{:>10}{:>10}{:>10}", took.len(), shown(p50), shown(p99), shown(max));
        worst = worst.max(p99);
    }
    ensure!(worst < PROMISE, "p99 is not under a second");
    Ok(())
}

/// Signs people in and out until the time is up, and waits each time until everybody has heard.
fn revoke(
    me: usize,
    mut dice: Dice,
    ports: &[u16],
    readers: &Readers,
    heard: &Mutex<Heard>,
    until: Instant,
) -> Result<()> {
    let mut connections = ports.iter().map(|port| Connection::open(*port)).collect::<Result<Vec<_>>>()?;
    while Instant::now() < until {
        let (from, to) = (dice.below(ports.len())?, dice.below(ports.len())?);
        let here = connections.get_mut(from).context("a node")?;
        let session = sign_in(here, me)?;
        for connection in &mut connections {
            connection.send(&bearer("/api/auth/verify", &session.access))?.ok().context("before")?;
        }
        // One session, or all of the person's.
        let (act, id) = match dice.below(3)? {
            0 => ("/api/auth/logout-all", &session.user),
            _ => ("/api/auth/logout", &session.id),
        };
        readers.forget(id);
        connections.get_mut(to).context("a node")?.send(&post(act, &session.access))?.ok()?;
        let answered = Instant::now();
        let others = connections.iter_mut().enumerate().filter(|(node, _)| *node != to);
        let nodes = thread::scope(|scope| {
            let asking: Vec<_> =
                others.map(|(_, node)| scope.spawn(|| refused(node, &session.access, answered))).collect();
            let joined = asking.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a panic"))?);
            joined.collect::<Result<Vec<Duration>>>()
        })?;
        let subscribers = readers.all_heard(id, answered)?;
        let mut heard = heard.lock().map_err(|_| anyhow::anyhow!("somebody panicked"))?;
        heard.nodes.extend(nodes);
        heard.subscribers.extend(subscribers);
    }
    Ok(())
}

/// How long after `answered` this node refuses the token.
fn refused(node: &mut Connection, token: &str, answered: Instant) -> Result<Duration> {
    let request = bearer("/api/auth/verify", token);
    while answered.elapsed() < PATIENCE {
        let asked = answered.elapsed();
        let answer = node.send(&request)?;
        match answer.status {
            401 => {
                ensure!(answer.text("code")? == "TOKEN_REVOKED", "refused as {}", answer.text("code")?);
                return Ok(asked);
            }
            200 => thread::sleep(Duration::from_millis(1)),
            other => bail!("verify answered {other}"),
        }
    }
    bail!("a node missed a revocation")
}

/// Verifies and refreshes until it is time to stop.
fn use_it(port: u16, stop: &AtomicBool, count: &AtomicU64) -> Result<()> {
    let mut connection = Connection::open(port)?;
    let mut session = sign_in(&mut connection, REVOKERS)?;
    let mut turn = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        if turn.is_multiple_of(10) {
            session.refresh(&mut connection)?;
        } else {
            connection.send(&bearer("/api/auth/verify", &session.access))?.ok()?;
        }
        count.fetch_add(1, Ordering::Relaxed);
        thread::sleep(PACE);
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<Plan> {
    let seed = u64::from(std::process::id());
    let mut plan = Plan { minutes: 1.0, nodes: 3, subscribers: 4, seed, program: None };
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--minutes" => plan.minutes = value.parse()?,
            "--nodes" => plan.nodes = value.parse()?,
            "--subscribers" => plan.subscribers = value.parse()?,
            "--seed" => plan.seed = value.parse()?,
            "--program" => plan.program = Some(value.clone()),
            other => bail!("no such option: {other}"),
        }
    }
    ensure!(plan.nodes > 1 && plan.subscribers > 0, "two nodes and one subscriber at least");
    Ok(plan)
}
