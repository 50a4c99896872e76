//! Forges access tokens, as the well-known tools do, and shows them to the server.
//!
//! It registers an account, takes its live token, bends it in one thing at a time and sends each as Bearer. Good is a 401 that says
//! `TOKEN_INVALID`; for what no parser of heads takes, any 4xx. The live token is accepted before and after each group: a server
//! that refuses everything would prove nothing.

mod authentic;
mod catalogue;
mod elsewhere;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::client::{Answer, Ask, Target, random_letters};
use crate::forger::{Key, Live};
use crate::report::Report;

/// Where tokens are shown: from memory, and with a look at the database.
const DOORS: [&str; 2] = ["/api/auth/verify", "/api/user/profile"];

/// The longest token that is read as one.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A forged token, and what it tries.
pub(crate) struct Forgery {
    pub(crate) what: String,
    pub(crate) token: String,
    /// The codes that are a right answer to it.
    pub(crate) codes: &'static [&'static str],
}

impl Forgery {
    pub(crate) fn new(what: impl Into<String>, token: String) -> Self {
        Self { what: what.into(), token, codes: &["TOKEN_INVALID"] }
    }
}

/// What a forger can have without any right.
pub(crate) struct Loot {
    pub(crate) live: Live,
    /// A second token of the same person.
    pub(crate) other: Live,
    /// A token of another person.
    pub(crate) stranger: Live,
    /// The published keys.
    pub(crate) keys: Vec<Value>,
    /// The body that published them.
    pub(crate) published: Vec<u8>,
    /// A key of his own.
    pub(crate) own: Key,
}

/// A new Ed25519 key as a PEM file, for `countersign keys import`.
///
/// # Errors
/// None could be made.
pub fn new_key() -> Result<String> {
    Key::generate()?.to_pem()
}

/// Attacks `target`; `key` is the server's own, where it is known, for tokens that are authentic and wrong.
///
/// # Errors
/// It could not be tried: the server is not there, or lets nobody register.
pub async fn run(target: &Target, key: Option<&str>) -> Result<Report> {
    let mut report = Report::of("tokens");
    let loot = steal(target).await?;
    if let Some(secret) = catalogue::guessed(&loot.live) {
        report.finding(format!("a guessed HMAC secret: the live token is signed under {secret:?}"));
    }
    for (group, forgeries) in catalogue::all(&loot)? {
        show(target, &loot, group, forgeries, &mut report).await?;
    }
    if let Some(pem) = key {
        let key = Key::read(pem)?;
        for (group, forgeries) in authentic::all(&loot, &key)? {
            show(target, &loot, group, forgeries, &mut report).await?;
        }
    }
    elsewhere::try_places(target, &loot, &mut report).await?;
    elsewhere::try_keys_from_elsewhere(target, &loot, &mut report).await?;
    Ok(report)
}

async fn steal(target: &Target) -> Result<Loot> {
    let name = random_letters(12)?;
    let (password, email) = (format!("{name}-lantern-41-otter"), format!("{name}@example.com"));
    let register = |email: &str| {
        let body = json!({"email": email, "password": password, "name": "A", "tokenDelivery": "body"});
        Ask::post("/api/auth/register", &body)
    };
    let access = |answer: Answer| Live::read(&answer.text("/accessToken"));
    let first = target.send(&register(&email)).await?.expect(201).context("registering")?;
    let refresh = first.text("/refreshToken");
    let stranger = target.send(&register(&format!("other-{email}"))).await?.expect(201).context("registering")?;
    let again = Ask::post("/api/auth/refresh", &json!({"refreshToken": refresh}));
    let second = target.send(&again).await?.expect(200).context("refreshing")?;
    let published = target.send(&Ask::get("/.well-known/jwks.json")).await?.expect(200).context("the key set")?;
    let keys = published.json().get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Loot {
        live: access(first)?,
        other: access(second)?,
        stranger: access(stranger)?,
        keys,
        published: published.body,
        own: Key::generate()?,
    })
}

fn bearer(path: &str, token: &str) -> Ask {
    Ask::get(path).field("Authorization", format!("Bearer {token}"))
}

/// Shows each forgery at each door; what is not refused as it must be is a finding.
async fn show(target: &Target, loot: &Loot, group: &str, forgeries: Vec<Forgery>, report: &mut Report) -> Result<()> {
    is_accepted(target, &loot.live, group, report).await?;
    // What comes out as the live token again, such as a signature that needs no padding, is none.
    let forgeries: Vec<_> = forgeries.into_iter().filter(|forgery| forgery.token != loot.live.text).collect();
    let count = forgeries.len();
    for Forgery { what, token, codes } in forgeries {
        for door in DOORS {
            report.tried += 1;
            let answer = target.send(&bearer(door, &token)).await.with_context(|| format!("{group}: {what}"))?;
            if let Some(fault) = fault_of(&answer, &token, codes) {
                report.finding(format!("{group}: {what}: {door} answered {fault}"));
            }
        }
    }
    is_accepted(target, &loot.live, group, report).await?;
    report.line(format!("{group}: {count}"));
    Ok(())
}

/// What is wrong with this answer to a forged token.
fn fault_of(answer: &Answer, token: &str, codes: &[&str]) -> Option<String> {
    // What is no field of HTTP, or too long for a token, may be refused before anybody takes it for one.
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic()) && token.len() <= MAX_TOKEN_BYTES;
    let code = answer.code();
    let is_refused = match answer.status {
        401 => codes.contains(&code.as_str()) || !is_plain && code == "TOKEN_INVALID",
        400 | 431 => !is_plain,
        _ => false,
    };
    (!is_refused).then(|| format!("{} {code}", answer.status))
}

async fn is_accepted(target: &Target, live: &Live, group: &str, report: &mut Report) -> Result<()> {
    let answer = target.send(&bearer("/api/auth/verify", &live.text)).await?;
    if answer.status != 200 {
        report.finding(format!("{group}: the live token itself was answered {} {}", answer.status, answer.code()));
    }
    Ok(())
}
