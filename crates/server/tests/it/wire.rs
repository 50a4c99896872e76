//! Requests below HTTP's words: bytes on a socket.

use std::fs;
use std::time::Duration;

use countersign_testkit::{Actor, Process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long any answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends these bytes and reads until the server closes. What it does not take is not sent.
pub(crate) async fn send(server: &Process, request: impl AsRef<[u8]>) -> String {
    let (mut from, mut to) = TcpStream::connect(server.address).await.unwrap().into_split();
    let mut answer = Vec::new();
    // As a plain client does: first all is sent, then the answer is read.
    let exchange = async {
        let sent = to.write_all(request.as_ref()).await;
        let _ = from.read_to_end(&mut answer).await;
        sent
    };
    let sent = timeout(PATIENCE, exchange).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(sent.is_ok(), "the server hung up while the client was still sending: {answer}");
    answer
}

/// The status of the only answer in this text.
pub(crate) fn status(answer: &str) -> u16 {
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// A sign-in with these fields and this body.
pub(crate) fn post(fields: &str, body: &str) -> String {
    format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
         Content-Type: application/json\r\nConnection: close\r\n{fields}\r\n\r\n{body}"
    )
}

/// A request for `/healthz` with these fields.
pub(crate) fn get(fields: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: localhost:8420\r\nConnection: close\r\n{fields}\r\n")
}

/// A sign-in of nobody.
pub(crate) const BODY: &str = r#"{"email":"nobody@example.com","password":"sable otter quilt"}"#;

/// The greatest resident memory that the process has had, in MiB.
pub(crate) fn peak_memory(server: &Process) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Whether the server still serves everybody.
pub(crate) async fn is_well(server: &Process, ada: &Actor) {
    let _ = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(status(&send(server, get("")).await), 200);
    assert_eq!(status(&send(server, post(&format!("Content-Length: {}", BODY.len()), BODY)).await), 401);
}
