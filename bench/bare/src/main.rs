//! The yardstick of `cargo xtask bench`: axum on the port that is its argument. `/` is one fixed JSON answer; `/signed` is the same
//! behind the least that can be called a signature check of a Bearer token; `/token` hands one out, each time another.

use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::net::TcpListener;

// As in the server, so that the comparison is about our own code.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is signed is as long as in an access token of the server.
const SIGNED: usize = 560;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "usage: bare PORT"))?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(Error::other)?;
    let key = Arc::new(ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).map_err(Error::other)?);
    let count = AtomicU64::new(0);
    let token = move || {
        let message = format!("{:0>SIGNED$}", count.fetch_add(1, Ordering::Relaxed));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        format!("{{\"accessToken\":\"{message}.{signature}\"}}")
    };
    let token = Arc::new(token);

    let router = Router::new().route("/", get(async || answer())).route("/token", get(async move || token())).route(
        "/signed",
        get(async move |headers: HeaderMap| if is_signed(&key, &headers) { answer() } else { refusal() }),
    );
    axum::serve(TcpListener::bind(("127.0.0.1", port)).await?, router).await
}

fn answer() -> Response {
    ([(CONTENT_TYPE, "application/json")], r#"{"valid":true}"#).into_response()
}

fn refusal() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

fn is_signed(key: &ParsedPublicKey, headers: &HeaderMap) -> bool {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let parts = token.and_then(|token| token.rsplit_once('.'));
    let decoded = parts.and_then(|(message, signature)| Some((message, URL_SAFE_NO_PAD.decode(signature).ok()?)));
    decoded.is_some_and(|(message, signature)| key.verify_sig(message.as_bytes(), &signature).is_ok())
}
