//! The scenes of the load comparison.
//!
//! Each scene runs several times, in turn with the others, and the cheapest run of each counts. A ratio has both its terms from
//! the same rounds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::{self, Pace};
use super::overload;
use super::servers::{self, Programs, Raw};
use super::spread::HalfLoad;
use super::table::{Best, Bound, Table};
use super::visitors::{self, Fresh, Mixed, Person, Turns, get, get_with, same};
use crate::client::{Connection, Request};
use crate::host::Host;

const CONNECTIONS: usize = 64;
const IDLE_CONNECTIONS: u32 = 1_000;
/// Tokens of each connection in the yardstick's signature check.
const TURNS: usize = 64;

/// How long it all takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// Of one run of a scene.
    pub(super) scene: Duration,
    /// How often each runs.
    pub(super) rounds: u32,
    /// Of a scene with a steady pace.
    pub(super) paced: Duration,
    /// Of the mixed load at the end.
    pub(super) mixed: Duration,
}

/// Runs the scenes on the release programs and adds their lines to the table.
pub(super) fn compare(length: Length, table: &mut Table) -> Result<()> {
    let data = std::env::temp_dir().join(format!("countersign-bench-{}", std::process::id()));
    let measured = measure(&data, length, table);
    fs::remove_dir_all(&data).context("could not remove the data directory of the benchmark")?;
    measured
}

/// Runs the scene of the flood alone.
pub(super) fn overload_alone(length: Length, table: &mut Table) -> Result<()> {
    let data = std::env::temp_dir().join(format!("countersign-bench-{}", std::process::id()));
    let measured = overload_in(&data, length, table);
    fs::remove_dir_all(&data).context("could not remove the data directory of the benchmark")?;
    measured
}

/// On a server of its own, whose memory nothing else has used.
fn overload_in(data: &Path, length: Length, table: &mut Table) -> Result<()> {
    overload::measure(&Programs::built()?.serve(&data.join("overload"))?, length.paced, table)
}

fn measure(data: &Path, length: Length, table: &mut Table) -> Result<()> {
    let programs = Programs::built()?;
    // The first start makes the data directory; the second is the one that counts.
    table.line("idle connection, KiB", idle_connection(&programs.serve(data)?)?, Bound::AtMost(20.0));
    let server = programs.serve(data)?;
    let cold_start = server.cold_start.as_secs_f64() * 1e3;
    table.line("cold start on an existing data directory, ms", cold_start, Bound::AtMost(60.0));
    let idle = server.memory_kib("VmRSS")?;
    table.line("idle memory, MiB", mebibytes(idle), Bound::AtMost(25.0));

    println!(
        "\n== load, {CONNECTIONS} connections, {} s a scene (CPU of the server per request)",
        length.scene.as_secs()
    );
    visitors::register(&server)?;
    let people = visitors::sign_in(&server, CONNECTIONS)?;
    let above = server.memory_kib("VmHWM")?.saturating_sub(idle);
    table.line("64 sign-ins at once: memory above idle, MiB", mebibytes(above), Bound::AtMost(60.0));

    let people = rounds(&programs, &server, people, data, length, table)?;
    mixed(&server, people, length.mixed, table)?;
    drop(server);
    overload_in(data, length, table)?;
    #[expect(clippy::cast_precision_loss, reason = "a file of that size does not fit a disk")]
    let size = fs::metadata(programs.countersign())?.len() as f64 / 1_048_576.0;
    table.line("release binary, MiB", size, Bound::AtMost(35.0));
    Ok(())
}

/// The scenes whose ratios have targets, in turn; the people as they are afterwards.
fn rounds(
    programs: &Programs,
    server: &Host,
    mut people: Vec<Person>,
    data: &Path,
    length: Length,
    table: &mut Table,
) -> Result<Vec<Person>> {
    let (bare, express) = (programs.bare()?, servers::express(data)?);
    let token = people.first().map(|person| person.access.clone()).context("nobody signed in")?;
    let mut signed = (0..CONNECTIONS).map(|_| Turns::collect(&bare, TURNS)).collect::<Result<Vec<_>>>()?;
    let mut floor = Best::of("bare axum, fixed JSON");
    let mut checked = Best::of("bare axum, signature check");
    let mut seen = Best::of("GET /api/auth/verify, token seen before");
    let mut profile = Best::of("GET /api/user/profile");
    let mut refresh = Best::of("POST /api/auth/refresh, SQLite");
    let mut fresh = Best::of("GET /api/auth/verify, new token each time");
    let mut login = Best::of("POST /api/auth/login");
    let mut rival = Best::of("Express, secret as a key object: verify");
    let mut raw = Raw { signature: f64::INFINITY, hash: f64::INFINITY };
    for _ in 0..length.rounds {
        let at =
            |host: &Host, request: Request| load::run(host, &mut same(&request, CONNECTIONS), length.scene, Pace::Full);
        floor.take(at(&bare, get("/"))?);
        seen.take(at(server, get_with("/api/auth/verify", &token))?);
        profile.take(at(server, get_with("/api/user/profile", &token))?);
        refresh.take(load::run(server, &mut people, length.scene, Pace::Full)?);
        // Each refresh brought a token that nobody has checked yet.
        let mut newcomers: Vec<Fresh> = people.iter_mut().map(Fresh::with).collect();
        // A short scene is dearer than a long one: both ask as often.
        signed.iter_mut().zip(&newcomers).for_each(|(turns, newcomer)| turns.more(newcomer.left()));
        checked.take(load::run(&bare, &mut signed, length.scene, Pace::Full)?);
        fresh.take(load::run(server, &mut newcomers, length.scene, Pace::Full)?);
        raw = raw.least(programs.raw(length.scene)?);
        login.take(load::run(server, &mut visitors::guests(servers::cores()), length.scene, Pace::Full)?);
        if let Some(express) = &express {
            let answer = Connection::open(express.port)?.send(&get("/token"))?.ok()?;
            rival.take(at(express, get_with("/api/auth/verify", &answer.text("accessToken")?))?);
        }
    }
    println!("raw: signature check {:.1} µs, password hash with kept memory {:.0} µs", raw.signature, raw.hash);

    let floor = floor.cpu_us();
    table.line("verify, token seen before: times bare axum", seen.cpu_us() / floor, Bound::AtMost(2.0));
    let new = fresh.cpu_us() / checked.cpu_us();
    table.line("verify, new token: times bare axum with the signature check", new, Bound::AtMost(1.3));
    if express.is_some() {
        table.line("verify: Express costs so many times ours", rival.cpu_us() / seen.cpu_us(), Bound::AtLeast(15.0));
    }
    table.line("profile: times bare axum", profile.cpu_us() / floor, Bound::AtMost(3.0));
    table.line("refresh, SQLite: times bare axum", refresh.cpu_us() / floor, Bound::AtMost(12.0));
    table.line("sign-in: raw password hash / sign-in", raw.hash / login.cpu_us(), Bound::AtLeast(0.9));

    spread(&bare, server, get_with("/api/auth/verify", &token), length, table)?;
    Ok(people)
}

/// p99 / p50 at half load, in turn with bare axum.
fn spread(bare: &Host, server: &Host, request: Request, length: Length, table: &mut Table) -> Result<()> {
    let mut floor = HalfLoad::of("bare axum at half load", bare, get("/"));
    let mut verify = HalfLoad::of("verify at half load", server, request);
    for _ in 0..length.rounds {
        floor.round(length.scene)?;
        verify.round(length.scene)?;
    }
    println!("bare axum at half load: p99 / p50 {:.1}", floor.spread());
    table.line("verify at half load: p99 / p50", verify.spread(), Bound::AtMost(4.0));
    Ok(())
}

/// What is resident after everything at once, and after what came before.
fn mixed(server: &Host, people: Vec<Person>, time: Duration, table: &mut Table) -> Result<()> {
    let mut everybody: Vec<Mixed> = (0..).zip(people).map(|(number, person)| Mixed::new(person, number)).collect();
    Best::of("mixed load").take(load::run(server, &mut everybody, time, Pace::Full)?);
    let minutes = time.as_secs_f64() / 60.0;
    let resident = mebibytes(server.memory_kib("VmRSS")?);
    table.line(&format!("memory after {minutes:.1} min of mixed load, MiB"), resident, Bound::AtMost(80.0));
    Ok(())
}

/// KiB that a connection holds which has asked once and waits.
fn idle_connection(server: &Host) -> Result<f64> {
    let health = get("/healthz");
    let open = |count: u32| -> Result<Vec<Connection>> {
        let opened = (0..count).map(|_| {
            let mut connection = Connection::open(server.port)?;
            connection.send(&health)?.ok()?;
            Ok(connection)
        });
        opened.collect()
    };
    // What the first ones bring up is not theirs.
    let first = open(16)?;
    let before = server.memory_kib("VmRSS")?;
    let crowd = open(IDLE_CONNECTIONS)?;
    let after = server.memory_kib("VmRSS")?;
    drop((first, crowd));
    Ok(mebibytes(after.saturating_sub(before)) * 1_024.0 / f64::from(IDLE_CONNECTIONS))
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}
