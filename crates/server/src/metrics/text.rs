//! The text format of Prometheus, version 0.0.4.

use std::fmt::{self, Display, Write};

use countersign::readings::Distribution;

use super::table::Metric;

/// The content type of a page.
pub(super) const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics as it is written.
#[derive(Debug, Default)]
pub(super) struct Page(String);

/// The samples of one metric.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    page: &'a mut String,
    metric: &'static Metric,
}

impl Page {
    /// Writes a metric: its head, and whatever samples `write` adds.
    pub(super) fn metric(&mut self, metric: &'static Metric, write: impl FnOnce(&mut Samples<'_>)) {
        // Writing into a String does not fail.
        let _ = writeln!(self.0, "# HELP {} {}", metric.name, metric.help.trim());
        let _ = writeln!(self.0, "# TYPE {} {}", metric.name, metric.kind.as_str());
        write(&mut Samples { page: &mut self.0, metric });
    }

    /// Writes a metric that has no labels.
    pub(super) fn number(&mut self, metric: &'static Metric, value: impl Display) {
        self.metric(metric, |samples| samples.number(&[], value));
    }

    /// The whole page.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl Samples<'_> {
    /// A sample with the values of the metric's labels, in their order.
    pub(super) fn number(&mut self, labels: &[&str], value: impl Display) {
        self.line("", labels, None, value);
    }

    /// The samples of a histogram. `unit` is how many of what was measured make one of what the name says.
    pub(super) fn histogram(&mut self, labels: &[&str], distribution: &Distribution, unit: f64) {
        let mut below = 0;
        for (bound, count) in distribution.bounds.iter().zip(&distribution.counts) {
            below += count;
            self.line("_bucket", labels, Some(&format_args!("{}", scaled(*bound, unit))), below);
        }
        self.line("_bucket", labels, Some(&"+Inf"), distribution.count());
        self.line("_sum", labels, None, scaled(distribution.sum, unit));
        self.line("_count", labels, None, distribution.count());
    }

    fn line(&mut self, suffix: &str, labels: &[&str], bound: Option<&dyn Display>, value: impl Display) {
        let _ = write!(self.page, "{}{suffix}", self.metric.name);
        let mut separator = '{';
        for (name, value) in self.metric.labels.iter().zip(labels) {
            let _ = write!(self.page, "{separator}{name}=\"{}\"", Escaped(value));
            separator = ',';
        }
        if let Some(bound) = bound {
            let _ = write!(self.page, "{separator}le=\"{bound}\"");
            separator = ',';
        }
        let close = if separator == ',' { "}" } else { "" };
        let _ = writeln!(self.page, "{close} {value}");
    }
}

/// Counts far beyond what a float holds exactly do not occur in the life of a process.
#[expect(clippy::cast_precision_loss, reason = "the text format knows floats alone")]
fn scaled(number: u64, unit: f64) -> f64 {
    number as f64 / unit
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Kind;
    use super::*;

    static PLAIN: Metric = Metric { name: "a_total", kind: Kind::Counter, labels: &["x", "y"], help: " Of a." };
    static SPANS: Metric = Metric { name: "b_seconds", kind: Kind::Histogram, labels: &["x"], help: " Of b." };

    #[test]
    fn samples_stand_below_the_head_of_their_metric() {
        let mut page = Page::default();
        page.metric(&PLAIN, |samples| {
            samples.number(&["1", "q\"\\\n"], 7);
            samples.number(&["2", ""], 0.5);
        });
        assert_eq!(
            page.into_text(),
            "# HELP a_total Of a.\n# TYPE a_total counter\na_total{x=\"1\",y=\"q\\\"\\\\\\n\"} 7\na_total{x=\"2\",y=\"\"} 0.5\n"
        );
    }

    #[test]
    fn buckets_of_a_histogram_add_up() {
        let mut page = Page::default();
        let distribution = Distribution { bounds: &[50, 1_000_000], counts: vec![2, 1, 4], sum: 9_500_000 };
        page.metric(&SPANS, |samples| samples.histogram(&["v"], &distribution, 1e6));
        assert_eq!(
            page.into_text(),
            "# HELP b_seconds Of b.\n# TYPE b_seconds histogram\n\
             b_seconds_bucket{x=\"v\",le=\"0.00005\"} 2\nb_seconds_bucket{x=\"v\",le=\"1\"} 3\n\
             b_seconds_bucket{x=\"v\",le=\"+Inf\"} 7\nb_seconds_sum{x=\"v\"} 9.5\nb_seconds_count{x=\"v\"} 7\n"
        );
    }

    #[test]
    fn a_metric_without_labels_has_no_braces() {
        static BARE: Metric = Metric { name: "c", kind: Kind::Gauge, labels: &[], help: "Of c." };
        let mut page = Page::default();
        page.number(&BARE, 3);
        assert_eq!(page.into_text(), "# HELP c Of c.\n# TYPE c gauge\nc 3\n");
    }
}
