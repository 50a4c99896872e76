//! The dashboard and the alerts that come with the repository speak of metrics that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign_server::metrics::table;
use countersign_testkit::Value;

use crate::support::server;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The queries of the dashboard.
fn panels() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("grafana/countersign.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels of one id");
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()));
        let is_row = panel["type"] == "row";
        assert!(is_row || panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{}", panel["title"]);
        assert!(is_row || panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()), "{}", panel["title"]);
    }
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The rules of the alerts, as text.
fn rules() -> Vec<String> {
    let text = read("prometheus/alerts.yml");
    text.split("      - alert: ").skip(1).map(str::to_owned).collect()
}

/// The names of metrics in a query, each with the labels that stand in braces behind it.
fn metrics(query: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = ["countersign_", "process_"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        rest = &rest[start..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let labels = rest.strip_prefix('{').map_or("", |inner| &inner[..inner.find('}').unwrap()]);
        let pairs = labels.split(',').filter(|pair| !pair.is_empty()).map(|pair| {
            let end = pair.find(|c| !is_name(c)).unwrap();
            (pair[..end].to_owned(), pair[end..].to_owned())
        });
        found.push((name, pairs.collect()));
    }
    found
}

#[tokio::test]
async fn every_metric_of_the_dashboard_and_the_alerts_is_on_a_live_scrape() {
    let mails = tempfile::tempdir().unwrap();
    let directory = mails.path().to_str().unwrap();
    let live = server().setting("ADMIN__LISTEN", "127.0.0.1:0").setting("MAIL__DIRECTORY", directory).start().await;
    let _ada = live.member("ada").await;
    let scrape = live.operator().get("/metrics").await.expect(200).text();
    let queries: Vec<String> = panels().into_iter().chain(rules()).collect();
    assert!(queries.len() > 60, "only {}", queries.len());

    let mut seen = BTreeSet::new();
    for query in &queries {
        for (name, labels) in metrics(query) {
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
            let metric = table::all().find(|metric| metric.name == base).unwrap_or_else(|| panic!("{name} in {query}"));
            assert!(scrape.contains(&format!("# TYPE {base} ")), "{name} is not served");
            seen.insert(metric.name);
            for (label, rule) in labels {
                let is_known =
                    metric.labels.contains(&label.as_str()) || ["instance", "job", "le"].contains(&label.as_str());
                assert!(is_known, "{name} has no label {label}: {query}");
                // A value that is asked for by name must be one that occurs; routes occur when they are asked for.
                if let Some(value) = rule.strip_prefix('=').filter(|value| value.starts_with('"'))
                    && label != "route"
                    && label != "job"
                {
                    let sample = format!("{label}={value}");
                    let is_there = scrape.lines().any(|line| line.starts_with(base) && line.contains(&sample));
                    assert!(is_there, "{name} never has {sample}: {query}");
                }
            }
        }
    }
    let unseen: Vec<_> = table::all().map(|metric| metric.name).filter(|name| !seen.contains(name)).collect();
    assert!(unseen.is_empty(), "no panel and no alert shows {unseen:?}");
}

#[test]
fn every_alert_says_how_grave_it_is_and_what_it_means() {
    let rules = rules();
    assert!(rules.len() >= 15, "only {}", rules.len());
    let guide =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/monitoring.md")).unwrap();
    for rule in rules {
        let name = rule.lines().next().unwrap();
        for part in ["expr: ", "for: ", "labels:\n", "severity: ", "annotations:\n", "summary: ", "description: "] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        let is_graded = rule.contains("severity: page\n") || rule.contains("severity: ticket\n");
        assert!(is_graded, "{name}");
        assert!(guide.contains(&format!("`{name}`")), "the guide does not say what to do about {name}");
    }
}
