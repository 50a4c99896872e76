//! A tool that never finds anything proves nothing: here it meets servers with holes.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::forger::{hmac_with, input, with};

/// What a careless server believes.
type Belief = fn(&str) -> bool;

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap_or_default();
    crate::forger::decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null)
}

/// On no list.
const STRONG: &str = "Vu3kq0eYh1mZ";

fn live(secret: &str) -> String {
    let input =
        input(r#"{"alg":"HS256","kid":"k","typ":"at+jwt"}"#, r#"{"exp":2000000000,"iat":1,"iss":"x","sub":"a"}"#);
    let signature = hmac_with("HS256", secret.as_bytes(), &input);
    with(&input, &signature)
}

async fn answer(mut stream: TcpStream, secret: &str, believes: Belief) {
    let mut heard = Vec::new();
    let mut piece = [0; 4_096];
    while !heard.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => heard.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&heard).into_owned();
    let mut fields = text.lines().filter_map(|line| line.strip_prefix("Authorization: Bearer "));
    let token = fields.next().filter(|_| fields.next().is_none()).unwrap_or_default();
    let (status, body) = match text.split(' ').nth(1).unwrap_or_default() {
        "/api/auth/register" => ("201 Created", json!({"accessToken": live(secret), "refreshToken": "r"})),
        "/api/auth/refresh" if !text.contains("\"refreshToken\":\"r\"") => {
            ("401 Unauthorized", json!({"code": "TOKEN_INVALID"}))
        }
        "/api/auth/refresh" => ("200 OK", json!({"accessToken": live(secret)})),
        "/.well-known/jwks.json" => ("200 OK", json!({"keys": []})),
        _ if token == live(secret) || believes(token) => ("200 OK", json!({})),
        _ => ("401 Unauthorized", json!({"code": "TOKEN_INVALID"})),
    };
    let body = body.to_string();
    let _ =
        stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
}

async fn attacked(secret: &'static str, believes: Belief) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, secret, believes));
        }
    });
    let report = run(&Target::parse(&format!("http://{address}")).unwrap(), None).await.unwrap();
    serving.abort();
    report
}

#[tokio::test]
async fn each_hole_is_found_and_a_server_without_any_is_clean() {
    for (believes, wanted) in [
        ((|_| false) as Belief, ""),
        (|token| part(token, 0)["alg"] == "none" && token.ends_with('.'), "no signature needed"),
        (|token| part(token, 0)["kid"] == "/dev/null" && part(token, 0)["alg"] == "HS256", "key ids that are paths"),
        (|token| part(token, 0)["jwk"].is_object(), "a key of the forger's own"),
        (|token| part(token, 1)["roles"][0] == "admin", "changed claims"),
        (|token| part(token, 0)["crit"].is_array(), "members twice and extensions"),
        (|token| token.trim_end_matches('=') == live(STRONG), "other spellings of a good token"),
        (
            |token| crate::forger::decode(token.rsplit('.').next().unwrap_or_default()).is_ok_and(|s| s == [0; 64]),
            "signatures of every key",
        ),
    ] {
        let report = attacked(STRONG, believes).await;

        if wanted.is_empty() {
            assert!(report.findings.is_empty(), "{report}");
        } else {
            assert!(report.findings.iter().any(|finding| finding.starts_with(wanted)), "{wanted}: {report}");
            assert!(!report.is_clean() && report.to_string().contains("FINDING"));
        }
        assert!(report.tried > 400, "{}", report.tried);
    }
}

#[tokio::test]
async fn a_secret_from_a_list_is_found_though_nothing_else_is() {
    let report = attacked("changeme", |_| false).await;

    assert_eq!(report.findings.len(), 1, "{report}");
    assert!(report.findings[0].starts_with("a guessed HMAC secret"), "{report}");
}
