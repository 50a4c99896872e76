//! A tool that never finds anything proves nothing: here it meets limits with holes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use super::*;

/// What is wrong with a server's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    None,
    BelievesHeaders,
    KnowsSpellingsApart,
    ForgetsTheAccount,
    ForgetsTheAddress,
    CountsAfterwards,
    ForgetsAfterSuccess,
    LocksTheOwnerOut,
}

#[derive(Debug, Default)]
struct Books {
    people: HashMap<String, String>,
    failures: HashMap<String, usize>,
}

const POLICY: &str =
    r#""sign_in_address";q=30;w=900, "sign_in_address_account";q=5;w=900, "sign_in_account";q=20;w=3600"#;

async fn answer(mut stream: TcpStream, peer: IpAddr, books: Arc<Mutex<Books>>, hole: Hole) {
    let mut heard = Vec::new();
    let mut piece = [0; 4_096];
    let text = loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
        if text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0)) {
            break text;
        }
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => heard.extend_from_slice(&piece[..count]),
            _ => return,
        }
    };
    let body: Value = text.split_once("\r\n\r\n").and_then(|(_, b)| serde_json::from_str(b).ok()).unwrap_or_default();
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (email, password) = (member("email").trim().to_lowercase(), member("password"));
    let status = match text.split(' ').nth(1).unwrap_or_default() {
        "/api/auth/register" => {
            books.lock().unwrap().people.insert(email, password);
            "201 Created"
        }
        path if path.split('?').next() == Some("/api/auth/login") => {
            let forged = text.lines().find_map(|line| line.strip_prefix("X-Forwarded-For: "));
            let address = forged.filter(|_| hole == Hole::BelievesHeaders).map_or(peer.to_string(), str::to_owned);
            let account = if hole == Hole::KnowsSpellingsApart { member("email") } else { email.clone() };
            let mut buckets = vec![(format!("{address} {account}"), 5)];
            if hole != Hole::ForgetsTheAddress {
                buckets.push((address, 30));
            }
            if hole == Hole::LocksTheOwnerOut {
                buckets.push((account, 5));
            } else if hole != Hole::ForgetsTheAccount {
                buckets.push((account, 20));
            }
            judge_sign_in(&books, &buckets, &email, &password, hole).await
        }
        _ => "404 Not Found",
    };
    let code = match &status[..3] {
        "401" => "AUTH_FAILED",
        "429" => "RATE_LIMITED",
        _ => "",
    };
    let body = json!({"code": code}).to_string();
    let head =
        format!("HTTP/1.1 {status}\r\nRetry-After: 9\r\nRateLimit-Policy: {POLICY}\r\nContent-Length: {}", body.len());
    let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
}

async fn judge_sign_in(
    books: &Mutex<Books>,
    buckets: &[(String, usize)],
    email: &str,
    password: &str,
    hole: Hole,
) -> &'static str {
    let count = |by: usize| {
        let mut books = books.lock().unwrap();
        for (bucket, _) in buckets {
            *books.failures.entry(bucket.clone()).or_default() += by;
        }
    };
    {
        let books = books.lock().unwrap();
        if buckets.iter().any(|(bucket, most)| books.failures.get(bucket).is_some_and(|failures| failures >= most)) {
            return "429 Too Many Requests";
        }
    }
    if hole != Hole::CountsAfterwards {
        count(1);
    }
    for _ in 0..200 {
        yield_now().await;
    }
    if hole == Hole::CountsAfterwards {
        count(1);
    }
    let mut books = books.lock().unwrap();
    if books.people.get(email).is_none_or(|known| known != password) {
        return "401 Unauthorized";
    }
    if hole == Hole::ForgetsAfterSuccess {
        books.failures.clear();
    }
    for (bucket, _) in buckets {
        let failures = books.failures.entry(bucket.clone()).or_default();
        *failures = failures.saturating_sub(1);
    }
    "200 OK"
}

async fn attacked(hole: Hole) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let books = Arc::new(Mutex::new(Books::default()));
    let serving = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(answer(stream, peer.ip(), Arc::clone(&books), hole));
        }
    });
    let report = run(&Target::parse(&format!("http://{address}")).unwrap(), &Extent::default()).await.unwrap();
    serving.abort();
    report
}

#[tokio::test]
async fn each_hole_is_found_and_limits_without_any_are_clean() {
    for (hole, wanted) in [
        (Hole::None, ""),
        (Hole::BelievesHeaders, "forged forwarding headers"),
        (Hole::KnowsSpellingsApart, "spellings of one address"),
        (Hole::ForgetsTheAccount, "many addresses, one account"),
        (Hole::ForgetsTheAddress, "one password, many accounts"),
        (Hole::CountsAfterwards, "64 at once"),
        (Hole::ForgetsAfterSuccess, "one's own success in between"),
        (Hole::LocksTheOwnerOut, "one address, one account, the right password last: the owner was locked out"),
    ] {
        let report = attacked(hole).await;

        if wanted.is_empty() {
            assert!(report.is_clean(), "{report}");
        } else {
            assert!(report.findings.iter().any(|finding| finding.starts_with(wanted)), "{hole:?}: {report}");
        }
        assert!(report.tried > 600, "{}", report.tried);
    }
}
