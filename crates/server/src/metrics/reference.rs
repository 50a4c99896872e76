//! The reference page of all metrics, made from the table that the scrape is made from.

use std::fmt::Write;

use super::table::{Kind, SECTIONS};

const HEAD: &str = "\
# Metrics

<!-- Made by `countersign config metrics`. Do not edit. -->

Served as text for Prometheus at `/metrics` on the administrators' listener (`admin.listen`), and nowhere else. Counters begin at
zero with the process. Labels have values from closed lists; none names a person, an address, or a path as it came. How to watch
them: [monitoring](../guides/monitoring.md). Why they are as they are: [telemetry](../design/telemetry.md).
";

/// The page, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        // Writing into a String does not fail.
        let _ = write!(page, "\n## {}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n", section.title);
        for metric in section.metrics {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let buckets = if metric.kind == Kind::Histogram { " (`_bucket`, `_sum`, `_count`)" } else { "" };
            let _ = writeln!(
                page,
                "| `{}` | {}{buckets} | {} | {} |",
                metric.name,
                metric.kind.as_str(),
                labels.join(" "),
                metric.help.trim()
            );
        }
    }
    page
}
