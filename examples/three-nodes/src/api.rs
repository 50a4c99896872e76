//! An API of one's own behind the guard, which hears of revocations through nginx, as any service would.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use axum::Router;
use axum::routing::get;
use countersign_guard::{Feed, Identity, Verifier};
use tokio::net::TcpListener;

async fn orders(identity: Identity) -> String {
    format!("{} has no orders yet.", identity.id())
}

/// Serves `/orders` from now on; where.
pub(crate) async fn serve(issuer: &str, machine_key: &str) -> Result<SocketAddr> {
    let feed = Feed::key(machine_key);
    let verifier = Verifier::discover(issuer).audience(issuer).feed(feed).build().await?;
    let mut waited = 0;
    while !verifier.status().is_ready() {
        waited += 1;
        if waited > 100 {
            bail!("the guard hears nothing of {issuer}: {:?}", verifier.status());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/orders", get(orders)).with_state(verifier);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}
