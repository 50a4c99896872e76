//! The listener: its bounds on connections, heads and time.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::server;

fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_the_others_are_served() {
    let server = server().setting("HTTP__MAX_CONNECTIONS", "4").start().await;
    let mut held: Vec<_> = (0..4).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    // Connections are admitted in order: once the last one is answered, all four are in.
    let last = held.last_mut().unwrap();
    last.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut heard = [0; 15];
    last.read_exact(&mut heard).unwrap();

    let refused =
        ask(&mut TcpStream::connect(server.address).unwrap(), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");

    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after") && refused.contains("OVERLOADED"), "{refused}");
    let (_, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(refused.contains(&format!("content-length: {}\r\n", body.len())), "{refused}");
    let first = held.first_mut().unwrap();
    let served = ask(first, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut_off() {
    let server = server().setting("HTTP__HEADER_SECONDS", "1").start().await;
    let mut stream = TcpStream::connect(server.address).unwrap();

    let answer = ask(&mut stream, b"GET /healthz HTTP/1.1\r\nHost: ");

    assert_eq!(answer, "", "closed without an answer");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered() {
    let server = server().setting("HTTP__BODY_SECONDS", "1").start().await;
    let mut stream = TcpStream::connect(server.address).unwrap();

    let answer = ask(
        &mut stream,
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
          Content-Type: application/json\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{",
    );

    let status = answer.split(' ').nth(1).unwrap_or_default();
    assert!(status.starts_with('4'), "{answer}");
}

#[tokio::test]
async fn absurd_heads_are_refused_and_the_server_lives() {
    let server = server().start().await;
    let many: String = (0..150).map(|n| format!("X-{n}: 1\r\n")).collect();
    for (what, request) in [
        ("fields", format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{many}\r\n")),
        (
            "size",
            format!(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n",
                "a".repeat(100_000)
            ),
        ),
        ("nonsense", "\u{0}\u{1} HTTP/9.9\r\n\r\n".to_owned()),
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        // It may have answered and hung up before all was sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    assert_eq!(server.stranger("ada").get("/healthz").await.status(), 200);
}
