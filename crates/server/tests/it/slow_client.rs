//! Clients that read slowly or not at all, send slowly, or send too much at once.
//!
//! Heads that trickle in are in `attack_wire`. Memory is bounded with room for a busy machine; without any bound it would be
//! many times as much.

use std::process::Command;

use countersign_testkit::Process;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Duration, timeout};

use crate::support::{memory, server, soon};
use crate::wire::{BODY, is_well, post, send, status};

/// A client with as small a window as the operating system has.
async fn narrow(server: &Process) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1_024).unwrap();
    socket.connect(server.address).await.unwrap()
}

#[tokio::test]
async fn whoever_reads_no_answer_is_cut_off_and_costs_little() {
    let server = server().setting("HTTP__WRITE_SECONDS", "1").setting("ADMIN__LISTEN", "127.0.0.1:0").start().await;
    let ada = server.member("ada").await;
    let page = ada.get("/openapi.json").await.expect(200).body.len();
    let (before, readers, each) = (memory(server.id()), 8, 900);
    let mut held = Vec::new();
    for _ in 0..readers {
        let mut stream = narrow(&server).await;
        stream
            .write_all("GET /openapi.json HTTP/1.1\r\nHost: localhost:8420\r\n\r\n".repeat(each).as_bytes())
            .await
            .unwrap();
        held.push(stream);
    }
    let wanted = page * readers * each / 1_048_576;
    assert!(wanted > 150, "{wanted} MiB of answers show nothing");

    let operator = server.operator();
    is_well(&server, &ada).await;
    let all_cut = format!("countersign_connections_cut_total {readers}");
    let _ = soon(|| operator.get("/metrics"), |reply| reply.text().contains(&all_cut)).await;

    let grown = memory(server.id()).saturating_sub(before);
    assert!(grown < 64, "{grown} MiB for {wanted} MiB of answers that nobody took");
    for mut stream in held {
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        assert!(heard.len() < page * each, "what was not taken in time was not sent");
    }
    is_well(&server, &ada).await;
}

#[tokio::test]
async fn a_slow_reader_who_does_read_gets_his_whole_answer() {
    let server = server().setting("HTTP__WRITE_SECONDS", "1").start().await;
    let page = server.stranger("ada").get("/openapi.json").await.expect(200).body.len();
    let mut stream = narrow(&server).await;
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: localhost:8420\r\nConnection: close\r\n\r\n").await.unwrap();

    let (mut heard, mut piece) = (0, [0; 512]);
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        heard += count;
        tokio::task::yield_now().await;
    }

    assert!(heard > page, "{heard} of {page}");
}

#[tokio::test]
async fn a_body_that_trickles_in_is_given_up_in_time_and_holds_nobody_up() {
    let server = server().setting("HTTP__BODY_SECONDS", "1").start().await;
    let ada = server.member("ada").await;
    let slow: Vec<_> = (0..50)
        .map(|_| {
            let address = server.address;
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(post("Content-Length: 60000", "").as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                // Each byte is in time for a server that counts from the last byte.
                for _ in 0..200 {
                    let _ = stream.write_all(b" ").await;
                    if timeout(Duration::from_millis(100), stream.read_to_end(&mut answer)).await.is_ok() {
                        break;
                    }
                }
                String::from_utf8_lossy(&answer).into_owned()
            })
        })
        .collect();

    is_well(&server, &ada).await;
    assert!(slow.iter().any(|one| !one.is_finished()), "the attack was over before anybody else asked");
    for answer in join_all(slow).await {
        let answer = answer.unwrap();
        assert_eq!(status(&answer), 400, "{answer}");
        assert!(answer.contains("VALIDATION_FAILED"), "{answer}");
    }
    is_well(&server, &ada).await;
}

#[tokio::test]
async fn a_thousand_requests_in_one_breath_are_answered_in_turn() {
    let server = server().setting("LIMITS__ENABLED", "false").start().await;
    let ada = server.member("ada").await;
    let (one, last) = (
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    let before = memory(server.id());

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut answers = Vec::new();
    let flood = one.repeat(999) + last;
    let (sent, _) = tokio::join!(to.write_all(flood.as_bytes()), from.read_to_end(&mut answers));

    sent.unwrap();
    assert_eq!(String::from_utf8_lossy(&answers).matches("HTTP/1.1 200 OK").count(), 1_000);
    let grown = memory(server.id()).saturating_sub(before);
    assert!(grown < 32, "{grown} MiB");
    is_well(&server, &ada).await;
}

// attack 102
#[tokio::test]
async fn one_connection_has_one_password_hashed_at_a_time() {
    let server = server()
        .setting("LIMITS__ENABLED", "false")
        .setting("PASSWORDS__WORKERS", "1")
        .setting("PASSWORDS__QUEUE_SECONDS", "1")
        .setting("PASSWORDS__MEMORY_KIB", "65536")
        .setting("ADMIN__LISTEN", "127.0.0.1:0")
        .start()
        .await;
    let request = post(&format!("Content-Length: {}", BODY.len()), BODY);
    let many = request.replace("Connection: close\r\n", "").repeat(7) + &request;

    let answers = send(&server, many).await;

    // As many at once as there were requests would overflow a queue of one second.
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 8, "{}", answers.matches("HTTP/1.1 503").count());
    let metrics = server.operator().get("/metrics").await.text();
    assert!(metrics.contains("countersign_password_hashes_refused_total 0"), "{metrics}");
}

// attack 103
#[tokio::test]
async fn a_compressed_body_is_refused_unread_and_never_unpacked() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    // 256 MiB of spaces around a sign-in, in a few hundred kilobytes; and one that would fit and is right.
    let packed = |script: &str| Command::new("sh").args(["-c", script]).output().unwrap().stdout;
    let bomb = packed("head -c 268435456 /dev/zero | tr '\\0' ' ' | gzip -1");
    let small = packed(&format!("printf '%s' '{BODY}' | gzip -9"));
    assert!(bomb.len() > 100_000 && small.len() < 1_000);
    let before = memory(server.id());

    for (encoding, body, wanted, reason) in [
        ("gzip", &small, 415, "a good body, compressed"),
        ("gzip", &bomb, 413, "a bomb too large as it is"),
        ("gzip, gzip", &small, 415, "twice"),
        ("deflate", &small, 415, "another"),
        ("br", &small, 415, "another"),
        ("zstd", &small, 415, "another"),
        ("x-gzip", &small, 415, "an old name"),
        ("identity", &BODY.as_bytes().to_vec(), 415, "said to be none: one rule for all"),
    ] {
        let mut request =
            post(&format!("Content-Encoding: {encoding}\r\nContent-Length: {}", body.len()), "").into_bytes();
        request.extend_from_slice(body);
        let answer = send(&server, request).await;
        assert_eq!(status(&answer), wanted, "{reason}: {answer}");
        let code = if wanted == 415 { "UNSUPPORTED_MEDIA_TYPE" } else { "PAYLOAD_TOO_LARGE" };
        assert!(answer.contains(code), "{reason}: {answer}");
    }
    // In a transfer coding it is no HTTP that this server speaks.
    let answer = send(&server, post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")).await;
    assert!((400..=501).contains(&status(&answer)), "{answer}");

    let grown = memory(server.id()).saturating_sub(before);
    assert!(grown < 32, "{grown} MiB");
    is_well(&server, &ada).await;
}

// attack 103, 107
#[tokio::test]
async fn tricks_with_chunks_gain_nothing() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let chunk = |size: &str| format!("{size}\r\n{BODY}\r\n0\r\n\r\n");
    let size = format!("{:x}", BODY.len());
    let ones: String = BODY.chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    let many = format!("{}0\r\n\r\n", "1\r\n \r\n".repeat(65_537));

    let mut wrong = Vec::new();
    for (body, wanted, reason) in [
        (format!("{ones}0\r\n\r\n"), 401, "a byte a chunk"),
        (many, 413, "a byte more than may be, a byte a chunk"),
        (chunk(&format!("{size};name=value")), 401, "an extension"),
        (chunk(&format!("{size};{}", "x".repeat(20_000))), 400, "an extension of 20 KB"),
        (chunk(&format!("{}{size}", "0".repeat(40))), 401, "a size of 42 digits, zeros first: lawful"),
        (chunk(&format!("0x{size}")), 400, "a size in another spelling"),
        (chunk(&format!("-{size}")), 400, "less than nothing"),
        (chunk(&format!("+{size}")), 400, "a sign"),
        (chunk(&format!(" {size}")), 400, "a space before the size"),
        (format!("{size}\n{BODY}\n0\n\n"), 400, "bare newlines"),
        (format!("{size}\r\n{BODY}xx0\r\n\r\n"), 400, "no end of the chunk"),
        (format!("{size}\r\n{BODY}\r\n0\r\nX: {}\r\n\r\n", "x".repeat(70_000)), 400, "a trailer of 70 KB"),
        (
            format!("{size}\r\n{BODY}\r\n0\r\nContent-Length: 0\r\nAuthorization: Bearer x\r\n\r\n"),
            401,
            "trailers are no fields",
        ),
    ] {
        let answer = send(&server, post("Transfer-Encoding: chunked", &body)).await;
        if status(&answer) != wanted {
            wrong.push(format!("{reason}: {} for {wanted}", status(&answer)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    is_well(&server, &ada).await;
}
