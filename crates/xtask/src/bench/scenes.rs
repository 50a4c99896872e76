//! The scenes of the load comparison and the table of their ratios.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::{self, Cost, Same, Visitor};
use crate::client::{Answer, Connection, Request};
use crate::host::{Host, free_port};
use crate::process::root;

const CONNECTIONS: usize = 64;
const PASSWORD: &str = "a long enough phrase for a load test";

/// Runs the scenes on both release programs and prints the table.
pub(super) fn compare(is_quick: bool) -> Result<()> {
    let time = Duration::from_secs(if is_quick { 2 } else { 10 });
    let programs = root()?.join("target/release");
    let data = std::env::temp_dir().join(format!("countersign-bench-{}", std::process::id()));
    let measured = measure(&programs, &data, time);
    fs::remove_dir_all(&data).context("could not remove the data directory of the benchmark")?;
    measured
}

fn measure(programs: &Path, data: &Path, time: Duration) -> Result<()> {
    let bare = start_bare(&programs.join("bare"))?;
    let program = programs.join("countersign");
    // Once to make the data directory, and once more, which is the start that counts.
    drop(start(&program, data)?);
    let server = start(&program, data)?;
    let size = fs::metadata(&program)?.len();
    let mut table = Table::default();
    table.fact("cold start on an existing data directory, ms", server.cold_start.as_secs_f64() * 1e3, 60.0);
    let idle = server.memory_kib("VmRSS")?;
    table.fact("idle memory, MiB", mebibytes(idle), 25.0);

    println!("\n== load, {CONNECTIONS} connections, {} s a scene (CPU of the server per request)", time.as_secs());
    let request = |path, headers| Request { method: "GET", path, headers, body: String::new() };
    let floor = table.scene("bare axum, fixed JSON", load::run(&bare, &mut same(request("/", Vec::new())), time)?);

    let mut people = sign_in(&server)?;
    table.fact(
        "64 sign-ins at once: memory above idle, MiB",
        mebibytes(server.memory_kib("VmHWM")?.saturating_sub(idle)),
        60.0,
    );
    let bearer = |token: &str| vec![("Authorization", format!("Bearer {token}"))];
    let token = people.first().map(|person| person.access.clone()).context("nobody signed in")?;

    let cost = load::run(&server, &mut same(request("/api/auth/verify", bearer(&token))), time)?;
    table.against(floor, 2.0, "GET /api/auth/verify, token seen before", cost);
    let cost = load::run(&server, &mut same(request("/api/user/profile", bearer(&token))), time)?;
    table.against(floor, 3.0, "GET /api/user/profile", cost);
    let cost = load::run(&server, &mut people, time)?;
    table.against(floor, 12.0, "POST /api/auth/refresh, SQLite", cost);

    // Each refresh brought a token that nobody has checked yet.
    let mut fresh: Vec<Fresh> = people.into_iter().map(|person| Fresh::new(person.collected)).collect();
    let cost = load::run(&server, &mut fresh, time)?;
    table.scene("GET /api/auth/verify, new token each time", cost);
    table.fact("memory after all this, MiB", mebibytes(server.memory_kib("VmRSS")?), 80.0);
    #[expect(clippy::cast_precision_loss, reason = "a file of that size does not fit a disk")]
    table.fact("release binary, MiB", size as f64 / 1_048_576.0, 35.0);
    println!("\n{}", table.text);
    Ok(())
}

fn same(request: Request) -> Vec<Same> {
    (0..CONNECTIONS).map(|_| Same(request.clone())).collect()
}

fn start_bare(program: &PathBuf) -> Result<Host> {
    let port = free_port()?;
    Host::start(program, port, "/", Command::new(program).arg(port.to_string()))
}

fn start(program: &PathBuf, data: &Path) -> Result<Host> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .arg("serve")
        .env("COUNTERSIGN_LISTEN", format!("127.0.0.1:{port}"))
        .env("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420")
        .env("COUNTERSIGN_DATA_DIR", data)
        .env("COUNTERSIGN_LIMITS__ENABLED", "false")
        // A session rotates a few times within the window at most: a load test has none.
        .env("COUNTERSIGN_REFRESH__WINDOW_SECONDS", "0");
    Host::start(program, port, "/readyz", &mut command)
}

/// Somebody who refreshes again and again.
struct Person {
    access: String,
    request: Request,
    collected: Vec<String>,
}

impl Visitor for Person {
    fn next(&mut self) -> Option<&Request> {
        Some(&self.request)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        self.collected.push(answer.text("accessToken")?);
        self.request.headers = refresh_headers(&answer)?;
        Ok(())
    }
}

fn refresh_headers(answer: &Answer) -> Result<Vec<(&'static str, String)>> {
    let token = answer.cookie("refreshToken").context("no refresh cookie came with the answer")?;
    Ok(vec![("Origin", "http://localhost:8420".to_owned()), ("Cookie", format!("refreshToken={token}"))])
}

/// One account, and as many sessions of it as there are connections, opened at the same time.
fn sign_in(server: &Host) -> Result<Vec<Person>> {
    let post = |path, body| Request { method: "POST", path, headers: Vec::new(), body };
    let account = format!(r#"{{"email":"load@example.test","password":"{PASSWORD}","name":"Load"}}"#);
    Connection::open(server.port)?.send(&post("/api/auth/register", account))?.ok()?;

    let login = post("/api/auth/login", format!(r#"{{"email":"load@example.test","password":"{PASSWORD}"}}"#));
    let answers = std::thread::scope(|scope| {
        let open = || patiently(server, &login);
        let running: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(open)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("panicked"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    let person = |answer: Answer| -> Result<Person> {
        let headers = refresh_headers(&answer)?;
        let request = Request { method: "POST", path: "/api/auth/refresh", headers, body: "{}".to_owned() };
        Ok(Person { access: answer.text("accessToken")?, request, collected: Vec::new() })
    };
    answers.into_iter().map(person).collect()
}

/// Asks again while the server says that it is busy: its queue of hashes is short on purpose.
fn patiently(server: &Host, request: &Request) -> Result<Answer> {
    let mut connection = Connection::open(server.port)?;
    for _ in 0..100 {
        let answer = connection.send(request)?;
        if answer.status != 503 {
            return answer.ok();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("the server stayed busy")
}

/// Somebody who shows each of his tokens once.
struct Fresh {
    tokens: Vec<String>,
    request: Request,
}

impl Fresh {
    fn new(tokens: Vec<String>) -> Self {
        Self {
            tokens,
            request: Request { method: "GET", path: "/api/auth/verify", headers: Vec::new(), body: String::new() },
        }
    }
}

impl Visitor for Fresh {
    fn next(&mut self) -> Option<&Request> {
        self.request.headers = vec![("Authorization", format!("Bearer {}", self.tokens.pop()?))];
        Some(&self.request)
    }

    fn take(&mut self, _: Answer) -> Result<()> {
        Ok(())
    }
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

/// The table that is printed at the end.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn fact(&mut self, what: &str, value: f64, target: f64) {
        self.line(what, &format!("{value:.1}"), value, target);
    }

    fn against(&mut self, floor: f64, target: f64, what: &str, cost: Cost) {
        let ratio = self.scene(what, cost) / floor;
        self.line(&format!("{what}: times bare axum"), &format!("{ratio:.2}"), ratio, target);
    }

    fn scene(&self, what: &str, cost: Cost) -> f64 {
        let Cost { requests, cpu_us, per_second, p50, p99 } = cost;
        println!("{what}: {cpu_us:.1} µs, {per_second:.0}/s, p50 {p50:.1?}, p99 {p99:.1?} ({requests} requests)");
        cpu_us
    }

    fn line(&mut self, what: &str, shown: &str, value: f64, target: f64) {
        let verdict = if value <= target { "within" } else { "ABOVE" };
        self.text.push_str(&format!("{shown:>8}  {verdict} {target:<5}  {what}\n"));
    }
}
