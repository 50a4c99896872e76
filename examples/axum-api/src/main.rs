//! An API of your own beside the server: `countersign dev` signs people in, `GET /orders` knows them by their access token.
use axum::{Router, routing::get};
use countersign_guard::{Feed, Identity, Verifier};
use std::error::Error;

async fn home(identity: Option<Identity>) -> String {
    match identity {
        Some(identity) => format!("Welcome back, {}.", identity.email().unwrap_or("friend")),
        None => "Hello, stranger.".to_owned(),
    }
}

async fn orders(identity: Identity) -> String {
    format!("{} has no orders yet.", identity.id())
}

async fn report() -> &'static str {
    "Nothing was sold."
}

pub(crate) fn routes(verifier: Verifier) -> Router {
    let managers = Router::new().route("/report", get(report)).route_layer(verifier.require_role("manager"));
    Router::new().route("/", get(home)).route("/orders", get(orders)).merge(managers).with_state(verifier)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = "http://localhost:8420";
    // Made once: countersign machine create orders > countersign.key
    let feed = Feed::key_file("countersign.key");
    let verifier = Verifier::discover(issuer).audience(issuer).feed(feed).build().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, routes(verifier)).await?)
}
