//! The yardstick of `cargo xtask bench`: axum with one fixed JSON answer, on the port that is its argument.

use std::io::{Error, ErrorKind};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

// As in the server, so that the comparison is about our own code.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "usage: bare PORT"))?;
    let answer = || async { ([(CONTENT_TYPE, "application/json")], r#"{"valid":true}"#) };
    axum::serve(TcpListener::bind(("127.0.0.1", port)).await?, Router::new().route("/", get(answer))).await
}
