//! The metrics: what the table promises is what a scrape holds, and nobody is in it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_server::metrics::table::{self, Kind, Metric};
use countersign_testkit::{Method, Process, json};

use crate::support::server;

/// The samples of a scrape: name, labels, value.
struct Scrape(Vec<(String, BTreeMap<String, String>, f64)>);

impl Scrape {
    async fn of(server: &Process) -> (Self, String) {
        let text = server.operator().get("/metrics").await.expect(200).text();
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(sample).collect();
        (Self(samples), text)
    }

    /// The sum of the samples that have these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |found: &BTreeMap<String, String>| {
            labels.iter().all(|(label, value)| found.get(*label).is_some_and(|text| text == value))
        };
        self.0.iter().filter(|(found, of, _)| found == name && fits(of)).map(|(.., value)| value).sum()
    }

    fn values_of(&self, label: &str) -> BTreeSet<&str> {
        self.0.iter().filter_map(|(_, labels, _)| labels.get(label).map(String::as_str)).collect()
    }
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let pairs = labels.strip_suffix('}').unwrap().split("\",").filter(|pair| !pair.is_empty());
    let labels = pairs.map(|pair| pair.split_once("=\"").unwrap());
    let labels = labels.map(|(name, text)| (name.to_owned(), text.trim_end_matches('"').to_owned())).collect();
    (name.to_owned(), labels, value.parse().unwrap())
}

async fn started() -> Process {
    server().setting("ADMIN__LISTEN", "127.0.0.1:0").start().await
}

#[tokio::test]
async fn a_scrape_holds_every_metric_of_the_table_and_no_other() {
    let mails = tempfile::tempdir().unwrap();
    let directory = mails.path().to_str().unwrap();
    let server = server().setting("ADMIN__LISTEN", "127.0.0.1:0").setting("MAIL__DIRECTORY", directory).start().await;
    let ada = server.member("ada").await;
    let _ = ada.refresh().await.expect(200);
    let _ = ada.get("/api/auth/verify").await.expect(200);

    let (scrape, text) = Scrape::of(&server).await;

    let known: BTreeMap<&str, &Metric> = table::all().map(|metric| (metric.name, metric)).collect();
    let heads: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let wanted: Vec<_> = table::all().map(|metric| format!("{} {}", metric.name, metric.kind.as_str())).collect();
    assert_eq!(heads, wanted, "each once, in the order of the table");
    for (name, labels, _) in &scrape.0 {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let metric = base.and_then(|base| known.get(base)).or_else(|| known.get(name.as_str()));
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in the table"));
        let mut wanted: BTreeSet<&str> = metric.labels.iter().copied().collect();
        if metric.kind == Kind::Histogram && name.ends_with("_bucket") {
            wanted.insert("le");
        }
        assert_eq!(labels.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted, "{name}");
    }
    // These have no sample before there is something to say.
    let silent = [
        "countersign_limit_refusals_total",
        "countersign_valkey_up",
        "countersign_limit_questions_total",
        "countersign_revocation_news_total",
    ];
    for name in known.keys().filter(|name| !silent.contains(name)) {
        assert!(scrape.0.iter().any(|(found, ..)| found.starts_with(*name)), "{name} has no sample");
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = started().await;
    let ada = server.member("ada").await;
    let stolen = ada.refresh_token();
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.sign_in_with("not-it-not-it").await.status(), 401);
    assert_eq!(server.stranger("nobody").sign_in().await.status(), 401);
    assert_eq!(server.stranger("ada").register().await.status(), 409);
    for _ in 0..3 {
        let _ = ada.get("/api/auth/verify").await.expect(200);
    }
    assert!(!stolen.is_empty());
    let _ = ada.sign_out().await.expect(200);

    let (scrape, text) = Scrape::of(&server).await;

    for (name, labels, wanted) in [
        ("countersign_sign_ups_total", &[("outcome", "signed_up")][..], 1.0),
        ("countersign_sign_ups_total", &[("outcome", "email_taken")], 1.0),
        ("countersign_sign_ins_total", &[("outcome", "wrong_password")], 1.0),
        ("countersign_sign_ins_total", &[("outcome", "unknown_account")], 1.0),
        ("countersign_sign_ins_total", &[("outcome", "signed_in")], 0.0),
        ("countersign_refreshes_total", &[("case", "5-rotated")], 1.0),
        ("countersign_refreshes_total", &[], 1.0),
        (
            "countersign_http_requests_total",
            &[("route", "/api/auth/login"), ("method", "POST"), ("status", "401")],
            2.0,
        ),
        ("countersign_http_request_seconds_count", &[("route", "/api/auth/login"), ("method", "POST")], 2.0),
        ("countersign_http_problems_total", &[("code", "AUTH_FAILED")], 2.0),
        ("countersign_http_problems_total", &[("code", "INTERNAL")], 0.0),
        ("countersign_audit_events_total", &[("event", "sign_in_failed")], 2.0),
        ("countersign_audit_events_total", &[("event", "signed_out")], 1.0),
        ("countersign_revocations", &[("kind", "session")], 1.0),
        ("countersign_password_hash_seconds_count", &[], 4.0),
        ("countersign_password_hash_wait_seconds_count", &[], 4.0),
        ("countersign_password_hashes_total", &[], 4.0),
        ("countersign_signing_keys", &[("standing", "active")], 1.0),
        ("countersign_signing_keys", &[("standing", "next")], 1.0),
        ("countersign_database_up", &[], 1.0),
        ("countersign_database_errors_total", &[], 0.0),
        ("countersign_database_seconds_count", &[("step", "hot_write")], 1.0),
        ("countersign_database_group_size_count", &[], 1.0),
    ] {
        assert!((scrape.sum(name, labels) - wanted).abs() < 0.5, "{name} {labels:?} is not {wanted}\n{text}");
    }
    for (name, least, most) in [
        ("countersign_revocation_lag_seconds", 0.0, 10.0),
        ("countersign_revocation_seq", 0.0, 1.0),
        ("countersign_signing_key_activation_seconds", 86_400.0 * 89.0, 86_400.0 * 90.0),
        ("countersign_signing_key_age_seconds", 0.0, 60.0),
        ("countersign_audit_unsealed_age_seconds", 0.0, 10.0),
        ("process_resident_memory_bytes", 1e6, 1e9),
        ("process_open_fds", 5.0, 1e4),
        ("process_start_time_seconds", 1.7e9, 1e10),
        ("countersign_remembered_tokens", 1.0, 2.0),
    ] {
        let value = scrape.sum(name, &[]);
        assert!((least..=most).contains(&value), "{name} is {value}");
    }
    let (remembered, new) = (("seen", "remembered"), ("seen", "new"));
    assert!(scrape.sum("countersign_token_checks_total", &[remembered]) >= 2.0, "{text}");
    assert!(scrape.sum("countersign_token_checks_total", &[new]) >= 1.0, "{text}");
}

#[tokio::test]
async fn labels_come_from_closed_lists() {
    let server = started().await;
    let ada = server.member("ada").await;
    for path in ["/nowhere/canary-one", "/nowhere/canary-two", "/canary?canary=three", "/claim/canary-four"] {
        ada.get(path).await;
    }
    ada.call(Method::from_bytes(b"CANARY").unwrap(), "/api/user").send().await;
    ada.delete("/api/user/sessions/ses_canary").await;

    let (scrape, text) = Scrape::of(&server).await;

    assert!(!text.to_lowercase().contains("canary"), "{text}");
    let strangers = [("route", "none"), ("method", "GET"), ("status", "404")];
    assert!((scrape.sum("countersign_http_requests_total", &strangers) - 3.0).abs() < 0.5, "{text}");
    let routes = scrape.values_of("route");
    assert!(routes.contains("/claim/{token}") && routes.contains("/api/user/sessions/{id}"), "{routes:?}");
    assert!(scrape.values_of("method").contains("OTHER"));
}

#[tokio::test]
async fn nobody_is_in_the_metrics() {
    let server = started().await;
    let ada = server.member("canary-person").await.using("canary-agent/1");
    let (access, refresh) = (ada.access_token(), ada.refresh_token());
    let _ = ada.refresh().await.expect(200);
    ada.sign_in_with("canary-wrong-password").await;
    ada.patch("/api/user/profile", json!({"name": "canary name"})).await;
    ada.post("/api/auth/claim-admin", json!({"token": "canary-claim"})).await;
    ada.post("/api/auth/refresh", json!({"refreshToken": "canary-refresh"})).await;
    ada.call(Method::GET, "/api/auth/verify")
        .bearer("canary.token.x")
        .header("x-forwarded-for", "203.0.113.77")
        .send()
        .await;
    let (user, session) = (ada.user_id(), ada.session_id());
    let _ = ada.sign_out().await;

    let (_, text) = Scrape::of(&server).await;

    for secret in ["canary", "203.0.113.77", "127.0.0.1", &ada.email, &user, &session, &access, &refresh] {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret}");
    }
}
