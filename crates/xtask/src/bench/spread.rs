//! How late the slowest hundredth is answered at half load.
//!
//! Server and load generator have cores of their own. Other work on the machine makes the slowest hundredth slower by the milliseconds
//! for which it takes a core, so of several rounds the one whose slowest hundredth was answered soonest counts, with its own median.

use std::time::Duration;

use anyhow::Result;

use super::apart::Apart;
use super::load::{self, Cost, Pace};
use super::visitors::same;
use crate::client::Request;
use crate::host::Host;

/// Each is a thread of the load generator, which would wait for the others more than for the server if they were many.
const CONNECTIONS: usize = 8;

/// One request, asked at half of the rate that the server can keep.
pub(super) struct HalfLoad<'host> {
    what: &'static str,
    host: &'host Host,
    request: Request,
    /// The most that it has answered in a second so far.
    most: f64,
    best: Option<Cost>,
}

impl<'host> HalfLoad<'host> {
    pub(super) const fn of(what: &'static str, host: &'host Host, request: Request) -> Self {
        Self { what, host, request, most: 0.0, best: None }
    }

    /// One round: as fast as it can, and then at half of the best such rate so far, each for this time.
    pub(super) fn round(&mut self, time: Duration) -> Result<()> {
        let _apart = Apart::from_here(self.host)?;
        let mut visitors = same(&self.request, CONNECTIONS);
        self.most = self.most.max(load::run(self.host, &mut visitors, time, Pace::Full)?.per_second);
        let cost = load::run(self.host, &mut visitors, time, Pace::PerSecond(self.most / 2.0))?;
        cost.print(self.what);
        if self.best.is_none_or(|best| cost.p99 < best.p99) {
            self.best = Some(cost);
        }
        Ok(())
    }

    /// p99 / p50; not a number before the first round.
    pub(super) fn spread(&self) -> f64 {
        self.best.map_or(f64::NAN, |best| best.p99.as_secs_f64() / best.p50.as_secs_f64())
    }
}
