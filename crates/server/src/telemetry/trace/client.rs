//! Carries batches to the collector over a connection of their own, with the HTTP library that is there anyway.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::config::telemetry::Endpoint;

/// The way to the collector.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Handle,
    host: String,
    port: u16,
    patience: Duration,
}

impl Client {
    /// Must be called within the runtime that is to carry the batches.
    pub(super) fn new(endpoint: &Endpoint, patience: Duration) -> Self {
        Self { runtime: Handle::current(), host: endpoint.host.clone(), port: endpoint.port, patience }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (host, port, patience) = (self.host.clone(), self.port, self.patience);
        // Called on a thread of the sender's, which has no runtime.
        let sent = self.runtime.spawn(async move { timeout(patience, send(&host, port, request)).await });
        sent.await??
    }
}

async fn send(host: &str, port: u16, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let stream = TcpStream::connect((host, port)).await?;
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    request.headers_mut().insert("host", authority.parse()?);
    // HTTP/1.1 names the path alone.
    *request.uri_mut() = request.uri().path().parse()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST).collect().await?.to_bytes();
    drop(sender);
    driver.abort();
    Ok(Response::from_parts(head, body))
}

/// Says when sending begins to fail, and when it works again; not each time.
pub(super) fn tell(is_working: bool) {
    static IS_FAILING: AtomicBool = AtomicBool::new(false);
    let was_failing = IS_FAILING.swap(!is_working, Ordering::Relaxed);
    match (is_working, was_failing) {
        (false, false) => tracing::warn!("traces cannot be sent to the collector: they are dropped until it answers"),
        (true, true) => tracing::info!("traces are sent to the collector again"),
        _ => {}
    }
}

/// A collector has little to say.
const LARGEST: usize = 64 * 1024;
