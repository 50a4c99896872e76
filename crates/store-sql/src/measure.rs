//! What the store measures of itself: how long its steps take, how many fail, how full its queues and pools are.

use std::sync::Arc;

use countersign_kernel::{Counter, Distribution, Histogram};
/// A step that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waiting for the turn or a connection, and opening a transaction that may write.
    Begin,
    /// The same for one that only reads.
    Snapshot,
    /// Ending a transaction: numbering, writing, the disk, telling the observers.
    Commit,
    /// A single read of the hot path.
    HotRead,
    /// A refresh's conditional write, from the queue to the commit that holds it.
    HotWrite,
    /// Asking for the newest revocation and change of keys.
    Heads,
}

pub(crate) const STEPS: [(Step, &str); 6] = [
    (Step::Begin, "begin"),
    (Step::Snapshot, "snapshot"),
    (Step::Commit, "commit"),
    (Step::HotRead, "hot_read"),
    (Step::HotWrite, "hot_write"),
    (Step::Heads, "heads"),
];

/// The counters.
#[derive(Debug)]
pub(crate) struct Measures {
    pub(crate) steps: [(Histogram, Counter); STEPS.len()],
    /// How many refreshes shared a commit, on SQLite.
    pub(crate) groups: Arc<Histogram>,
}

/// What the store has measured since it was opened, and how full it is now.
#[derive(Debug, Clone)]
pub struct Readings {
    /// Each kind of step.
    pub steps: Vec<StepReading>,
    /// How many refreshes shared a commit; none on PostgreSQL.
    pub groups: Option<Distribution>,
    /// How many refreshes wait for the writer; none on PostgreSQL.
    pub waiting_writes: Option<usize>,
    /// Each pool of connections.
    pub pools: Vec<PoolReading>,
}

/// One kind of step.
#[derive(Debug, Clone)]
pub struct StepReading {
    /// Which.
    pub name: &'static str,
    /// How long it took, failures included, in microseconds.
    pub took: Distribution,
    /// How many failed because of the database.
    pub failed: u64,
}

/// One pool of connections.
#[derive(Debug, Clone, Copy)]
pub struct PoolReading {
    /// Which.
    pub name: &'static str,
    /// Connections in use.
    pub in_use: u32,
    /// Connections that are open, in use or not.
    pub open: u32,
    /// Connections that may be open.
    pub most: u32,
}

impl Measures {
    pub(crate) fn new() -> Self {
        Self {
            steps: std::array::from_fn(|_| (Histogram::of_spans(), Counter::new())),
            groups: Arc::new(Histogram::of_sizes()),
        }
    }

    pub(crate) fn read(&self) -> Vec<StepReading> {
        let steps = STEPS.iter().zip(&self.steps);
        steps
            .map(|((_, name), (took, failed))| StepReading { name, took: took.read(), failed: failed.count() })
            .collect()
    }
}

/// What a pool says of itself.
pub(crate) fn pool<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> PoolReading {
    let (open, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
    PoolReading { name, in_use: open.saturating_sub(idle), open, most: pool.options().get_max_connections() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_own_counter() {
        for (place, (step, name)) in STEPS.iter().enumerate() {
            assert_eq!(*step as usize, place, "{name}");
        }
    }
}
