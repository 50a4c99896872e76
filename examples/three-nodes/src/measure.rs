//! How long after the request that takes a token back each place first refuses it.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::time::Instant;

use crate::client::Client;
use crate::people::{Person, operator};
use crate::site::Site;

/// Between two questions to one place: what is measured is as coarse.
const STEP: Duration = Duration::from_millis(2);
/// A place that has not refused by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Default)]
pub(crate) struct Measured {
    sign_outs: usize,
    by_operator: usize,
    told: Vec<Duration>,
    others: Vec<Duration>,
    api: Vec<Duration>,
}

/// Takes so many tokens back: by a sign-out and by an operator in turns, at one node after the other.
pub(crate) async fn measure(site: &Site, rounds: u16) -> Result<Measured> {
    let operator = operator(site).await?;
    let mut people = Vec::new();
    for number in 1..=8 {
        people.push(Person::sign_up(site, &format!("person{number}")).await?);
    }
    let mut measured = Measured::default();
    for (round, person) in (0..usize::from(rounds)).zip(people.iter().cycle()) {
        let told = *site.nodes.iter().cycle().nth(round).context("there are nodes")?;
        let operator = (round % 2 == 1).then_some(operator.as_str());
        round_of(site, person, told, operator, &mut measured).await?;
    }
    Ok(measured)
}

/// One round: somebody signs in, is let in everywhere, and the token is taken back at `told`.
async fn round_of(
    site: &Site,
    person: &Person,
    told: SocketAddr,
    operator: Option<&str>,
    measured: &mut Measured,
) -> Result<()> {
    let token = person.sign_in(site).await?;
    let mut watches = Vec::new();
    for (place, path) in site.nodes.iter().map(|node| (*node, "/api/auth/verify")).chain([(site.api, "/orders")]) {
        let mut client = Client::connect(place).await?;
        client.get(path, &token).await?.good()?;
        watches.push((place, path, client));
    }
    let mut revoker = Client::connect(told).await?;

    let begun = Instant::now();
    let watch = |(place, path, client)| tokio::spawn(refused(place, path, client, token.clone(), begun));
    let watches: Vec<_> = watches.into_iter().map(watch).collect();
    match operator {
        None => {
            revoker.post("/api/auth/logout", &token, &Value::Null).await?.good()?;
            measured.sign_outs += 1;
        }
        Some(operator) => {
            let path = format!("/api/admin/v1/users/{}/sign-out", person.id);
            revoker.post(&path, operator, &Value::Null).await?.good()?;
            measured.by_operator += 1;
        }
    }
    for watch in watches {
        let (place, after) = watch.await??;
        let row = match place {
            place if place == told => &mut measured.told,
            place if place == site.api => &mut measured.api,
            _ => &mut measured.others,
        };
        row.push(after);
    }
    Ok(())
}

/// Asks until the token is refused as taken back; how long after `begun` that was.
async fn refused(
    place: SocketAddr,
    path: &str,
    mut client: Client,
    token: String,
    begun: Instant,
) -> Result<(SocketAddr, Duration)> {
    while !client.get(path, &token).await?.has_refused()? {
        if begun.elapsed() > PATIENCE {
            bail!("{place}{path} still accepts a token that was taken back {PATIENCE:?} ago");
        }
        tokio::time::sleep(STEP).await;
    }
    Ok((place, begun.elapsed()))
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign_outs, by_operator) = (self.sign_outs, self.by_operator);
        writeln!(
            f,
            "Tokens taken back: {sign_outs} by a sign-out, {by_operator} by an operator who signs a person out."
        )?;
        writeln!(f, "From the request at one node to the first refusal (401 TOKEN_REVOKED) at:")?;
        write!(f, "{:<22}{:>12}{:>12}{:>12}", "", "p50", "p99", "max")?;
        let rows = [("that node", &self.told), ("the other two nodes", &self.others), ("the guarded API", &self.api)];
        for (name, row) in rows {
            let mut sorted = row.clone();
            sorted.sort_unstable();
            let [median, high, max] = [50, 99, 100].map(|percent| milliseconds(&sorted, percent));
            write!(f, "\n{name:<22}{median:>12}{high:>12}{max:>12}")?;
        }
        Ok(())
    }
}

/// The smallest that so many of a hundred do not exceed.
fn milliseconds(sorted: &[Duration], percent: usize) -> String {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let value = sorted.get(place).copied().unwrap_or_default();
    format!("{:.1} ms", value.as_secs_f64() * 1_000.0)
}
