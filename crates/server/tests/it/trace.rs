//! Traces: what a collector receives, and what a server does that has none, or a dead one.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use countersign_testkit::{Method, Process, Value, json};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::server;

/// A collector on a loopback socket that keeps what it receives.
struct Collector {
    address: SocketAddr,
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<ExportTraceServiceRequest>>> = Arc::default();
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
                let (head, length) = loop {
                    let read = stream.read(&mut piece).unwrap_or(0);
                    assert!(read > 0, "a request ended before its head");
                    bytes.extend_from_slice(&piece[..read]);
                    if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                        let length: usize =
                            head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap().parse().unwrap();
                        break (end + 4, length);
                    }
                };
                while bytes.len() < head + length {
                    let read = stream.read(&mut piece).unwrap();
                    bytes.extend_from_slice(&piece[..read]);
                }
                assert!(
                    bytes.starts_with(b"POST /v1/traces HTTP/1.1\r\n"),
                    "{}",
                    String::from_utf8_lossy(&bytes[..head])
                );
                kept.lock().unwrap().push(ExportTraceServiceRequest::decode(&bytes[head..]).unwrap());
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { address, received }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().unwrap();
        let scopes = received.iter().flat_map(|r| &r.resource_spans).flat_map(|r| &r.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    fn text(&self) -> String {
        format!("{:?}", self.received.lock().unwrap())
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let text = |value: Option<Any>| match value {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    span.attributes.iter().map(|a| (a.key.clone(), text(a.value.clone().and_then(|v| v.value)))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn traced_to(collector: &Collector, more: &[(&str, &str)]) -> Process {
    let mut builder =
        server().setting("TELEMETRY__OTLP_ENDPOINT", &collector.url()).setting("ADMIN__LISTEN", "127.0.0.1:0");
    for (name, value) in more {
        builder = builder.setting(name, value);
    }
    builder.start().await
}

#[tokio::test]
async fn a_request_is_a_trace_of_what_it_did_and_of_nobody() {
    let collector = Collector::start();
    let mut server = traced_to(&collector, &[]).await;
    let ada = server.stranger("canary-person").using("canary-agent/1");
    let _ = ada.register().await.expect(201);
    let refreshed = ada.refresh().await.expect(200);
    ada.sign_in_with("canary-wrong-password").await;
    ada.get("/claim/canary-in-the-path?canary=query").await;
    ada.patch("/api/user/profile", json!({"name": "canary name"})).await;
    let secrets = [ada.access_token(), ada.refresh_token(), ada.user_id(), ada.session_id(), ada.email.clone()];

    // What waits is sent before the process ends.
    assert!(server.terminate().success());

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let refresh =
        spans.iter().find(|span| span.name == "POST /api/auth/refresh").unwrap_or_else(|| panic!("{names:?}"));
    let inside = |name: &str| {
        spans
            .iter()
            .find(|span| span.name == name && span.trace_id == refresh.trace_id)
            .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
    };
    assert!(refresh.parent_span_id.is_empty());
    assert_eq!(inside("rotate").parent_span_id, refresh.span_id);
    assert_eq!(inside("database hot_write").parent_span_id, inside("rotate").span_id);
    let known = attributes(refresh);
    assert_eq!(known["http.route"], "/api/auth/refresh");
    assert_eq!(known["http.response.status_code"], "200");
    assert_eq!(known["request.id"], refreshed.header("x-request-id"));
    assert_eq!(known["refresh.case"], "5-rotated");
    let register = spans.iter().find(|span| span.name == "POST /api/auth/register").unwrap();
    for name in ["password hash", "database begin", "database commit"] {
        assert!(spans.iter().any(|span| span.name == name && span.trace_id == register.trace_id), "{name}: {names:?}");
    }
    assert!(names.contains(&"GET /claim/{token}"), "{names:?}");
    let text = collector.text();
    assert!(text.contains("service.name") && text.contains("countersign"));
    for secret in secrets.iter().map(String::as_str).chain(["canary", "127.0.0.1"]) {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret} is in a trace");
    }
}

#[tokio::test]
async fn log_lines_name_their_trace_and_their_request() {
    let collector = Collector::start();
    let mut server = traced_to(&collector, &[("REFRESH__WINDOW_SECONDS", "0")]).await;
    let ada = server.member("ada").await;
    let loot = ada.loot();
    for _ in 0..2 {
        let _ = ada.refresh().await.expect(200);
    }
    let caught = server.stranger("thief").redeem(&loot).await;
    assert_eq!(caught.code(), "TOKEN_REUSED");
    assert!(server.terminate().success());

    let request = caught.header("x-request-id");
    let log = server.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of_request: Vec<_> = lines.iter().filter(|line| line["request.id"] == request.as_str()).collect();
    let told: Vec<_> = of_request.iter().filter_map(|line| line["message"].as_str()).collect();
    assert!(told.contains(&"POST /api/auth/refresh 401"), "{log}");
    assert!(told.iter().any(|message| message.contains("spent refresh token came back")), "{log}");
    let spans = collector.spans();
    let span = spans.iter().find(|span| attributes(span).get("request.id") == Some(&request)).unwrap();
    for line in of_request {
        assert_eq!(line["trace.id"], hex(&span.trace_id), "{line}");
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_says_what_trace_a_request_belongs_to() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (proxies, is_believed) in [("127.0.0.0/8", true), ("192.0.2.0/24", false)] {
        let collector = Collector::start();
        let mut server = traced_to(&collector, &[("TRUSTED_PROXIES", proxies), ("TELEMETRY__SAMPLE_RATIO", "0")]).await;
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        server.stranger("ada").call(Method::GET, "/api/csrf-token").header("traceparent", &parent).send().await;
        let _ = server.stranger("ada").get("/api/csrf-token").await;
        assert!(server.terminate().success());

        let found: Vec<_> = collector.spans().iter().map(|span| (span.name.clone(), hex(&span.trace_id))).collect();
        let wanted = if is_believed { vec![("GET /api/csrf-token".to_owned(), trace.to_owned())] } else { vec![] };
        assert_eq!(found, wanted, "{proxies}");
    }
}

#[tokio::test]
async fn a_collector_that_is_dead_costs_nobody_anything() {
    // Bound and dropped: nobody listens there.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = server()
        .setting("TELEMETRY__OTLP_ENDPOINT", &format!("http://{dead}"))
        .setting("ADMIN__LISTEN", "127.0.0.1:0")
        .start()
        .await;
    let ada = server.member("ada").await;
    for _ in 0..5 {
        let _ = ada.get("/api/auth/verify").await.expect(200);
    }
    let lost = || async {
        let text = server.operator().get("/metrics").await.text();
        let line = text.lines().find_map(|line| line.strip_prefix("countersign_trace_spans_total{result=\"failed\"} "));
        line.unwrap().parse::<u64>().unwrap()
    };
    for _ in 0..500 {
        if lost().await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(lost().await > 0);

    assert!(server.terminate().success());
    let told = server.log().matches("traces cannot be sent to the collector").count();
    assert_eq!(told, 1, "{}", server.log());
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_refused_at_the_start() {
    for (name, value) in [
        ("TELEMETRY__OTLP_ENDPOINT", "localhost:4318"),
        ("TELEMETRY__OTLP_ENDPOINT", "https://collector:4318"),
        ("TELEMETRY__SAMPLE_RATIO", "2"),
    ] {
        let ran = server().setting(name, value).run(&["config", "check"], "");
        assert_eq!(ran.code, Some(2), "{name}={value}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(name), "{}", ran.err);
    }
}
