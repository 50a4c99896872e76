//! The operating system's bound on open files: connections never take what the database needs.

use std::io::{Read, Write};
use std::net::TcpStream;

use countersign_testkit::Process;

use crate::support::server;

fn connected(server: &Process) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut heard = [0; 12];
    let _ = stream.read_exact(&mut heard);
    (stream, String::from_utf8_lossy(&heard).into_owned())
}

#[tokio::test]
async fn with_few_files_fewer_connections_are_taken_and_the_database_has_its_own() {
    let server = server().after("ulimit -n 420").start().await;
    assert!(server.log().contains("HTTP__MAX_CONNECTIONS is 4096"), "{}", server.log());
    let mut held = Vec::new();
    loop {
        let (stream, answer) = connected(&server);
        match answer.as_str() {
            "HTTP/1.1 200" => held.push(stream),
            "HTTP/1.1 503" => break,
            other => panic!("{other:?} at connection {}", held.len()),
        }
    }

    assert!((150..=220).contains(&held.len()), "{} connections of 420 files", held.len());
    // One place, and everything works: files for the database and its log were kept free.
    held.pop();
    let ada = server.stranger("ada");
    let signed_up = crate::support::soon(|| ada.register(), |reply| reply.status() == 201).await;
    assert_eq!(signed_up.status(), 201);
    let _ = ada.refresh().await.expect(200);
}

#[tokio::test]
async fn a_soft_bound_is_raised() {
    let server = server().after("ulimit -S -n 300").setting("HTTP__MAX_CONNECTIONS", "600").start().await;

    let held: Vec<_> = (0..500).map(|_| connected(&server)).collect();

    assert!(held.iter().all(|(_, answer)| answer == "HTTP/1.1 200"));
    assert!(!server.log().contains("HTTP__MAX_CONNECTIONS is"), "{}", server.log());
}
