//! Attacks below HTTP's words: floods, giant and malformed requests, slow clients, against the real process on a real socket.
//!
//! Each attack is followed by a good request, which is served. Bounds in seconds and bytes have room for a busy machine; they
//! are far below what an unbounded server would take.

use std::time::Duration;

use countersign_testkit::{Method, Process};
use futures_util::future::join_all;
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::support::server;
use crate::wire::{BODY, get, is_well, peak_memory, post, send, status};

// attack 102
#[tokio::test]
async fn a_flood_of_passwords_takes_bounded_memory_and_leaves_other_calls_quick() {
    let server = server()
        .setting("LIMITS__ENABLED", "false")
        .setting("PASSWORDS__WORKERS", "2")
        .setting("PASSWORDS__MEMORY_BUDGET_MIB", "48")
        .setting("PASSWORDS__QUEUE_SECONDS", "1")
        .start()
        .await;
    let ada = server.member("ada").await;
    let before = peak_memory(&server);
    let flood = (0..64).map(|n| {
        let one = server.stranger(&format!("nobody{n}"));
        tokio::spawn(async move { one.sign_in_with("not the password").await })
    });
    let flood: Vec<_> = flood.collect();

    let mut slowest = Duration::ZERO;
    let mut during = 0;
    for _ in 0..40 {
        let asked = Instant::now();
        let _ = ada.get("/api/auth/verify").await.expect(200);
        slowest = slowest.max(asked.elapsed());
        during += usize::from(flood.iter().any(|one| !one.is_finished()));
    }

    assert!(during > 0, "the flood was over before anything else was asked");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let mut judged = 0;
    for reply in join_all(flood).await {
        let reply = reply.unwrap();
        match reply.status() {
            401 => judged += 1,
            status => {
                assert_eq!((status, reply.code().as_str()), (503, "OVERLOADED"), "{reply}");
                assert!(!reply.header("retry-after").is_empty());
            }
        }
    }
    assert!(judged > 0, "nobody was served");
    // 64 hashes of 19 MiB would be 1216.
    let grown = peak_memory(&server) - before;
    assert!(grown < 128, "{grown} MiB");
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

// attack 103
#[tokio::test]
async fn a_body_is_refused_for_what_it_is_and_for_what_it_claims() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let mega = "x".repeat(8 * 1024 * 1024);
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, "x".repeat(65_536));
    let chunked = |count: usize| format!("{}0\r\n\r\n", chunk.repeat(count));
    let small = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());

    for (request, wanted, reason) in [
        (post(&format!("Content-Length: {}", mega.len()), &mega), 413, "8 MB"),
        (post("Transfer-Encoding: chunked", &chunked(128)), 413, "8 MB in chunks"),
        (post("Transfer-Encoding: chunked", &chunked(2)), 413, "one chunk too many"),
        (post("Content-Length: 10000000000", ""), 413, "claims 10 GB and sends nothing"),
        (post("Content-Length: 10000000000", BODY), 413, "claims 10 GB and sends little"),
        (post("Content-Length: 99999999999999999999999999", ""), 400, "no number that a computer knows"),
        (post("Content-Length: -1", ""), 400, "less than nothing"),
        (post("Content-Length: +5", "12345"), 400, "a sign"),
        (post("Transfer-Encoding: chunked", "ffffffffffffffffff\r\nx"), 400, "a chunk of 2^72"),
        (post("Transfer-Encoding: chunked", &small), 401, "a good body in chunks"),
    ] {
        let answer = send(&server, request).await;
        assert_eq!(status(&answer), wanted, "{reason}: {answer}");
        if wanted == 413 {
            assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{reason}: {answer}");
        }
    }
    is_well(&server, &ada).await;
}

// attack 104
#[tokio::test]
async fn a_giant_head_is_refused_with_an_answer() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let fields = |count: usize| (0..count).fold(String::new(), |all, n| format!("{all}X-{n}: 1\r\n"));

    for (request, reason) in [
        (get(&format!("X: {}\r\n", "a".repeat(1_000_000))), "a field of 1 MB"),
        (get(&fields(20_000)), "20,000 fields"),
        (get(&fields(101)), "101 fields"),
        (get(&format!("Cookie: a={}\r\n", "b".repeat(500_000))), "a cookie of 500 KB"),
        (get("").replacen("/healthz", &format!("/{}", "a".repeat(200_000)), 1), "a path of 200 KB"),
        (get("").replacen("/healthz", &format!("/healthz?{}", "a".repeat(200_000)), 1), "a query of 200 KB"),
        (get(&format!("{}: 1\r\n", "a".repeat(100_000))), "a name of 100 KB"),
        (get("").replacen("GET", &"G".repeat(100_000), 1), "a method of 100 KB"),
    ] {
        let answer = send(&server, request).await;
        assert!((400..500).contains(&status(&answer)), "{reason}: {answer}");
    }
    assert_eq!(status(&send(&server, get(&fields(90))).await), 200);
    is_well(&server, &ada).await;
}

// attack 105
#[tokio::test]
async fn monstrous_json_is_refused_and_the_server_lives() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let deep = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let with = |value: &str| format!(r#"{{"email":"nobody@example.com","password":{value}}}"#);

    for (body, wanted, reason) in [
        (deep("[", "", 100_000), 413, "100,000 lists"),
        (deep("{\"a\":", "}", 100_000), 413, "100,000 objects"),
        (deep("[", "]", 30_000), 400, "as many lists as fit"),
        (deep("[", "", 60_000), 400, "as many open lists as fit"),
        (deep("{\"a\":", "", 12_000), 400, "as many objects as fit"),
        (with(&deep("[", "]", 30_000)), 400, "deep inside a field"),
        (with(&"9".repeat(60_000)), 400, "a number of 60,000 digits"),
        (with("1e999999999"), 400, "a number beyond a double"),
        (with(&format!("0.{}1", "0".repeat(60_000))), 400, "a very small number"),
        (with("-1e-999999999"), 400, "a vanishing number"),
        (format!("[{}]", vec!["0"; 30_000].join(",")), 400, "a long list"),
        (with("\"\\ud800\""), 400, "half a character"),
        (with("\"sable otter quilt\""), 401, "a good body"),
    ] {
        let request = post(&format!("Content-Length: {}", body.len()), &body);
        let answer = send(&server, request).await;
        assert_eq!(status(&answer), wanted, "{reason}: {answer}");
    }
    is_well(&server, &ada).await;
}

// attack 106
#[tokio::test]
async fn slow_heads_are_cut_off_in_time_and_hold_nobody_up() {
    let server = server().setting("HTTP__HEADER_SECONDS", "1").start().await;
    let ada = server.member("ada").await;
    let begun = Instant::now();
    let slow: Vec<_> = (0..150)
        .map(|_| {
            let address = server.address;
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    // Each byte is in time for a server that counts from the last byte.
                    let mut heard = [0];
                    if let Ok(end) = timeout(Duration::from_millis(100), stream.read(&mut heard)).await {
                        assert!(!matches!(end, Ok(1..)), "an answer to half a head");
                        return true;
                    }
                }
                false
            })
        })
        .collect();

    sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    is_well(&server, &ada).await;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(slow.iter().any(|one| !one.is_finished()), "the attack was over before anybody else asked");

    for cut in join_all(slow).await {
        assert!(cut.unwrap(), "still held after {:?}", begun.elapsed());
    }
}

// attack 107
#[tokio::test]
async fn a_request_with_two_ends_is_refused_and_nothing_after_it_is_read() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let chunks = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let length = format!("Content-Length: {}", BODY.len());
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost:8420\r\n\r\n";
    let hidden = format!("0\r\n\r\n{smuggled}");
    let hidden_length = hidden.len();

    for (fields, body, reason) in [
        (format!("Content-Length: {}\r\nTransfer-Encoding: chunked", chunks.len()), &chunks, "a length, then chunks"),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {}", chunks.len()), &chunks, "chunks, then a length"),
        (format!("content-length: {hidden_length}\r\ntransfer-encoding: chunked"), &hidden, "a request in the body"),
        (format!("Content-Length : {}", BODY.len()), &BODY.to_owned(), "a space before the colon"),
        (format!("{length}\r\nContent-Length: 5"), &BODY.to_owned(), "two lengths"),
        (format!("Content-Length: 5\r\n{length}"), &BODY.to_owned(), "two lengths, the other way"),
        (format!("{length}, {}", BODY.len() + 1), &BODY.to_owned(), "two lengths in one field"),
        (format!("{length}\r\nX-Folded: a\r\n b"), &BODY.to_owned(), "a folded field"),
        (format!("{length}\r\nX-Folded: a\r\n\tContent-Length: 0"), &BODY.to_owned(), "a length in a fold"),
        (format!("{length}\r\nX-Null: a\0b"), &BODY.to_owned(), "a zero in a field"),
        (format!("{length}\r\nX-Bare: a\rb"), &BODY.to_owned(), "a bare carriage return"),
        ("Transfer-Encoding: xchunked".to_owned(), &chunks, "an encoding that is none"),
        ("Transfer-Encoding: chunked, identity".to_owned(), &chunks, "chunks that are not last"),
        ("Transfer-Encoding: identity".to_owned(), &chunks, "no encoding"),
        ("Transfer-Encoding : chunked".to_owned(), &chunks, "a space before the colon of the encoding"),
        ("Transfer-Encoding:\r\n chunked".to_owned(), &chunks, "a folded encoding"),
    ] {
        // Without `Connection: close`, so that a second request would be answered.
        let request = post(&fields, body).replace("Connection: close\r\n", "");
        let answer = send(&server, format!("{request}{smuggled}")).await;
        assert_eq!(status(&answer), 400, "{reason}: {answer}");
    }
    let chunked = send(&server, post("Transfer-Encoding: chunked", &chunks)).await;
    assert_eq!(status(&chunked), 401, "chunks alone: {chunked}");
    is_well(&server, &ada).await;
}

// attack 93
#[tokio::test]
async fn methods_that_are_not_the_apis_are_refused_and_echo_nothing() {
    let server = server().start().await;
    let ada = server.member("ada").await;

    for line in [
        "TRACE / HTTP/1.1",
        "TRACE /api/auth/verify HTTP/1.1",
        "TRACK /api/auth/verify HTTP/1.1",
        "DEBUG /healthz HTTP/1.1",
        "CONNECT localhost:22 HTTP/1.1",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "PROPFIND / HTTP/1.1",
        "get /healthz HTTP/1.1",
        "GET\t/healthz HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET /healthz HTTP/0.9",
        "GET /healthz",
    ] {
        let request = format!("{line}\r\nHost: localhost:8420\r\nX-Secret: echo-me\r\nConnection: close\r\n\r\n");
        let answer = send(&server, request).await;
        assert!(!answer.contains("echo-me"), "{line}: {answer}");
        if !answer.is_empty() {
            assert!((400..500).contains(&status(&answer)), "{line}: {answer}");
        }
    }
    is_well(&server, &ada).await;
}

// attack 124
// bug S43, S46
#[tokio::test]
async fn a_database_that_takes_no_writes_is_a_503_and_changes_nothing() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let records = audit_records(&server);
    let path = server.folder().join("countersign-data/countersign.db");
    let lock = Connection::open(path).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();

    // It waits as long as for any other process that writes. What else may be asked for is tried in the facade's tests.
    let refused = ada.call(Method::POST, "/api/auth/refresh").anonymous().send().await;
    let _ = ada.get("/api/auth/verify").await.expect(200);
    lock.execute_batch("ROLLBACK").unwrap();

    assert_eq!((refused.status(), refused.code().as_str()), (503, "OVERLOADED"), "{}", refused.text());
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    assert_eq!(audit_records(&server), records, "nothing was half done");
    let _ = ada.refresh().await.expect(200);
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

fn audit_records(server: &Process) -> i64 {
    let path = server.folder().join("countersign-data/countersign.db");
    let database = Connection::open(path).unwrap();
    database.query_row("SELECT count(*) FROM audit_records", [], |row| row.get(0)).unwrap()
}
