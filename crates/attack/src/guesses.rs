//! Guesses passwords in every way that could slip past a limit, and counts how many guesses were judged.
//!
//! The server itself says what it promises: each answer names its limits and how many tries they allow (`RateLimit-Policy`). A guess
//! is judged where the answer is `AUTH_FAILED`; 429, 428 and 503 are not an answer to it. Each plan goes against a person of its own
//! and comes from addresses of its own within 127.0.0.0/8, all of which are this machine on Linux. Where the limits were kept, the
//! right password as the last guess is not judged either, and the person still gets in from elsewhere.

mod plan;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use futures_util::future::join_all;
use serde_json::json;

use crate::client::{Answer, Ask, Target, random_letters};
use crate::report::Report;
use plan::{Limits, Owner, Person, Plan, Scene};

/// What is known of the server, and may be used.
#[derive(Debug, Clone, Default)]
pub struct Extent {
    /// Whether it believes the forwarding headers of 127.0.0.1: guesses can then come from any address.
    pub is_trusted: bool,
    /// Its administrators' listener, where hashes are counted.
    pub admin: Option<Target>,
}

/// The first network of the plans; the second byte is the run's, so that a second run meets no limits of the first.
const LOOPBACK: u8 = 127;

/// What came of one plan.
#[derive(Debug, Default)]
struct Outcome {
    tried: usize,
    judged: usize,
    let_in: usize,
    /// How many hashes the server computed, where it counts them.
    hashed: Option<usize>,
    odd: Vec<String>,
}

/// Attacks `target`.
///
/// # Errors
/// It could not be tried: the server is not there, lets nobody register, or says nothing of its limits.
pub async fn run(target: &Target, extent: &Extent) -> Result<Report> {
    let run = random_letters(8)?;
    let network = run.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)).clamp(2, 250);
    let limits = learn(target, network, &run).await?;
    let mut report = Report::of("guesses");
    report.line(format!("promised: {limits}"));
    for (number, plan) in (1_u8..).zip(plan::all(&limits, extent.is_trusted)) {
        let scene = enroll(target, &run, [LOOPBACK, network, number]).await.with_context(|| plan.what)?;
        let before = hashes(extent).await?;
        let mut outcome = carry_out(target, &plan, &scene).await?;
        outcome.hashed = hashes(extent).await?.zip(before).map(|(after, before)| after.saturating_sub(before));
        judge(&plan, &outcome, &mut report);
        if plan.owner == Owner::GetsIn {
            let owner = target.send(&sign_in(&scene.victim).from(scene.address(254))).await?;
            if owner.status != 200 {
                report.finding(format!("{}: the owner was locked out: {} {}", plan.what, owner.status, owner.code()));
            }
        }
    }
    Ok(report)
}

/// Tries the plan's guesses.
async fn carry_out(target: &Target, plan: &Plan, scene: &Scene) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let asks: Vec<Ask> = (0..plan.guesses).map(|number| plan.guess(number, scene)).collect();
    if plan.is_burst {
        for answer in join_all(asks.iter().map(|ask| target.send(ask))).await {
            outcome.take(&answer?);
        }
    } else {
        for ask in &asks {
            outcome.take(&target.send(ask).await?);
        }
    }
    Ok(outcome)
}

impl Outcome {
    fn take(&mut self, answer: &Answer) {
        self.tried += 1;
        match (answer.status, answer.code().as_str()) {
            (401, "AUTH_FAILED") => self.judged += 1,
            (429, "RATE_LIMITED") if answer.field("retry-after").is_empty() => {
                self.odd.push("a 429 without Retry-After".to_owned());
            }
            (429 | 428 | 503, _) => {}
            (400 | 404 | 405 | 403, _) => {}
            (200, _) => self.let_in += 1,
            (status, code) => self.odd.push(format!("{status} {code}")),
        }
    }
}

fn judge(plan: &Plan, outcome: &Outcome, report: &mut Report) {
    let Outcome { tried, judged, let_in, hashed, odd } = outcome;
    let (what, promised) = (plan.what, plan.promised);
    report.tried += tried;
    let shown = hashed.map_or_else(String::new, |hashed| format!(", {hashed} hashed"));
    report.line(format!("{what}: {tried} guesses, {judged} judged{shown}, {promised} promised"));
    if *judged > promised {
        report.finding(format!("{what}: {judged} guesses were judged, {promised} promised"));
    }
    if *judged == 0 && promised > 0 {
        report.finding(format!("{what}: no guess was judged: this shows nothing"));
    }
    if *let_in > plan.good {
        report.finding(format!("{what}: the right password was taken after the limit"));
    }
    if hashed.is_some_and(|hashed| hashed > judged + let_in) {
        report.finding(format!("{what}: more hashes were computed than guesses judged"));
    }
    for odd in odd {
        report.finding(format!("{what}: {odd}"));
    }
}

fn sign_in(person: &Person) -> Ask {
    Ask::post("/api/auth/login", &json!({"email": person.email, "password": person.password}))
}

/// Registers who takes part.
async fn enroll(target: &Target, run: &str, network: [u8; 3]) -> Result<Scene> {
    let [.., number] = network;
    let person = |role: &str| -> Result<Person> {
        let email = format!("{run}-{role}{number}@example.com");
        Ok(Person { email, password: format!("{}-otter-41", random_letters(12)?) })
    };
    let scene = Scene { victim: person("victim")?, own: person("own")?, network };
    for Person { email, password } in [&scene.victim, &scene.own] {
        let body = json!({"email": email, "password": password, "name": "A"});
        let register = Ask::post("/api/auth/register", &body).from(scene.address(253));
        let _ = target.send(&register).await?.expect(201)?;
    }
    Ok(scene)
}

/// Asks what is promised.
async fn learn(target: &Target, network: u8, run: &str) -> Result<Limits> {
    let nobody = Person { email: format!("{run}-nobody@example.com"), password: "not the password".to_owned() };
    let from = Ipv4Addr::new(LOOPBACK, network, 0, 253);
    let answer = target.send(&sign_in(&nobody).from(from)).await?.expect(401)?;
    Limits::read(answer.field("ratelimit-policy")).context("the server names no limits: are they switched off?")
}

/// How many hashes were computed so far, where somebody counts them.
async fn hashes(extent: &Extent) -> Result<Option<usize>> {
    let Some(admin) = &extent.admin else { return Ok(None) };
    let metrics = admin.send(&Ask::get("/metrics")).await?.expect(200)?;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let count = text.lines().find_map(|line| line.strip_prefix("countersign_password_hashes_total ")?.parse().ok());
    Ok(Some(count.context("the metrics do not count hashes")?))
}
