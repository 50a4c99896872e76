//! The table of ratios and facts that is printed at the end.

use std::fmt::Write as _;

use super::load::Cost;

/// On which side of its target a figure has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// The table, line by line.
#[derive(Debug, Default)]
pub(super) struct Table {
    text: String,
}

impl Table {
    pub(super) fn line(&mut self, what: &str, value: f64, bound: Bound) {
        let (verdict, shown) = match bound {
            Bound::AtMost(most) => (if value <= most { "within" } else { "MISSED" }, format!("≤ {most}")),
            Bound::AtLeast(least) => (if value >= least { "within" } else { "MISSED" }, format!("≥ {least}")),
        };
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{value:>9.2}  {verdict:6}  {shown:<6}  {what}");
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// The cheapest of several runs of one scene, with all its figures: what disturbs a run only ever adds to it.
#[derive(Debug)]
pub(super) struct Best {
    what: &'static str,
    cost: Option<Cost>,
}

impl Best {
    pub(super) const fn of(what: &'static str) -> Self {
        Self { what, cost: None }
    }

    /// Prints a run and keeps it if it is the cheapest so far.
    pub(super) fn take(&mut self, cost: Cost) {
        cost.print(self.what);
        if self.cost.is_none_or(|best| cost.cpu_us < best.cpu_us) {
            self.cost = Some(cost);
        }
    }

    /// CPU for each request, in µs; not a number before the first run.
    pub(super) fn cpu_us(&self) -> f64 {
        self.cost.map_or(f64::NAN, |cost| cost.cpu_us)
    }
}
