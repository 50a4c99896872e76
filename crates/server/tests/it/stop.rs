//! Stopping: in time, whatever clients do, and without cutting off who is being served.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use countersign_kernel::{Env, Lifetime};
use countersign_testkit::json;

use crate::support::server;

#[tokio::test]
async fn a_signal_ends_it_with_code_0_in_time_even_with_slow_and_idle_clients() {
    for signal in ["TERM", "INT"] {
        let mut server = server().start().await;
        let connect = || TcpStream::connect(server.address).unwrap();
        let _silent = connect();
        let (mut half, mut slow, mut idle) = (connect(), connect(), connect());
        half.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost").unwrap();
        slow.write_all(
            b"POST /api/auth/login HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
              Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
        )
        .unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 15];
        idle.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");

        let env = Env::system();
        let asked = env.now();
        server.signal(signal);
        let status = server.terminate();

        assert_eq!(status.code(), Some(0), "{signal}: {}", server.log());
        let took = env.now().since(asked);
        assert!(took < Lifetime::from_seconds(10), "{signal} took {took:?}");
        assert!(server.log().contains("stopped"), "{}", server.log());
    }
}

#[test]
fn a_signal_in_the_instant_of_ready_is_not_lost() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let mut dev = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["dev", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(dev.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "Ready"));
        Command::new("kill").arg(dev.id().to_string()).status().unwrap();

        let rest: Vec<String> = lines.collect();

        assert_eq!(dev.wait().unwrap().code(), Some(0), "{rest:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = server().start().await;
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
          Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
    )
    .unwrap();
    assert_eq!(server.stranger("ada").get("/healthz").await.status(), 200);

    server.signal("TERM");
    while !server.log().contains("stopping") {
        tokio::task::yield_now().await;
    }
    server.signal("TERM");

    assert_eq!(server.terminate().code(), Some(0));
    assert!(server.log().contains("asked twice"), "{}", server.log());
}

#[tokio::test]
async fn idle_connections_do_not_delay_it() {
    let mut server = server().start().await;
    let _silent: Vec<_> = (0..20).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let env = Env::system();
    let asked = env.now();

    assert_eq!(server.terminate().code(), Some(0));

    let took = env.now().since(asked);
    assert!(took < Lifetime::from_seconds(5), "browsers keep unused connections open; it took {took:?}");
}

#[tokio::test]
async fn a_request_under_way_is_finished() {
    let mut server = server().start().await;
    let ada = server.stranger("ada");
    let body = json!({"email": ada.email, "password": ada.password, "name": "Ada"}).to_string();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let (first, last) = body.split_at(body.len() - 1);
    let head = format!(
        "POST /api/auth/register HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It has read the head for certain once it has answered somebody who came later.
    assert_eq!(ada.get("/healthz").await.status(), 200);

    server.signal("TERM");
    while !server.log().contains("stopping") {
        tokio::task::yield_now().await;
    }
    stream.write_all(last.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.terminate().code(), Some(0));
    let server = server.restart().await;
    assert_eq!(server.meet_again(&ada).sign_in().await.status(), 200);
}

#[tokio::test]
async fn health_checks_are_told_before_the_last_request_is_finished() {
    let mut server = server().setting("ADMIN__LISTEN", "127.0.0.1:0").start().await;
    let operator = server.operator();
    assert_eq!(operator.get("/readyz").await.status(), 200);
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost:8420\r\nOrigin: http://localhost:8420\r\n\
          Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{",
    )
    .unwrap();
    assert_eq!(server.stranger("ada").get("/healthz").await.status(), 200);

    server.signal("TERM");
    while !server.log().contains("stopping") {
        tokio::task::yield_now().await;
    }
    assert_eq!(operator.get("/readyz").await.status(), 503, "not ready any more");
    assert_eq!(operator.get("/healthz").await.status(), 200, "and not dead");
    assert!(TcpStream::connect(server.address).is_err(), "nobody new is let in");
    slow.write_all(b"}").unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();

    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.terminate().code(), Some(0));
}
