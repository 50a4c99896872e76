//! Ten thousand who are connected and ask for nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process;
use std::time::Duration;

use crate::support::{bound, memory, server};

/// How many, where this machine lets a process have so many files.
const CROWD: usize = 10_000;

fn ask(stream: &mut TcpStream) -> u16 {
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answer = Vec::new();
    let mut piece = [0; 2_048];
    // The answer to this is short and ends with this; one that is refused ends with the connection.
    while !answer.ends_with(b"\"ok\"}") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(heard) => answer.extend_from_slice(&piece[..heard]),
        }
    }
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// How many places are left beside the crowd: those who have just asked are not gone at once.
const SPARE: usize = 32;

/// How many connections this process may hold, after asking for as many as the operating system gives.
fn room() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let hard = line.split_whitespace().nth(4).unwrap();
    bound(process::id(), &format!("nofile={hard}:{hard}"));
    hard.parse::<usize>().map_or(CROWD, |files| (files.saturating_sub(500)).min(CROWD))
}

#[tokio::test]
async fn ten_thousand_idle_connections_are_held_and_nobody_is_kept_waiting_by_them() {
    let crowd = room();
    assert!(crowd >= 500, "this machine lets a process have {crowd} connections: nothing is shown by so few");
    let most = (crowd + SPARE).to_string();
    let server = server().setting("HTTP__MAX_CONNECTIONS", &most).setting("HTTP__IDLE_SECONDS", "3600").start().await;
    let ada = server.member("ada").await;
    let before = memory(server.id());

    let mut held: Vec<_> = (0..crowd)
        .map(|n| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            assert_eq!(ask(&mut stream), 200, "connection {n}");
            stream
        })
        .collect();

    let grown = memory(server.id()).saturating_sub(before);
    // 15 KiB each as measured by the benchmark; an unbounded buffer each would be far more.
    assert!(grown < 512, "{grown} MiB for {crowd} connections");
    let _ = ada.get("/api/auth/verify").await.expect(200);
    let _ = ada.refresh().await.expect(200);
    let _ = ada.elsewhere().sign_in().await.expect(200);
    for place in [0, crowd / 2, crowd - 1] {
        assert_eq!(ask(&mut held[place]), 200, "whoever has waited is served");
    }
    // The last places, once those who have just left them are gone, and one too many.
    let mut last = Vec::new();
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        if ask(&mut stream) == 200 {
            last.push(stream);
        }
        if last.len() == SPARE {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(last.len(), SPARE);
    assert_eq!(ask(&mut TcpStream::connect(server.address).unwrap()), 503);
    assert_eq!(ask(&mut held[1]), 200);

    drop((held, last));
    // Not all are gone at once: whoever is turned away tries again.
    for _ in 0..1_000 {
        if ada.try_refresh_as_sdk().await.is_ok_and(|reply| reply.status() == 200) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no place became free");
}
