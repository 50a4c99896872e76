//! Two samples of times, compared by rank.

use std::time::Duration;

/// How often one drawn from `left` is above one drawn from `right`; equal ones count half. A half where there is nothing to compare.
pub(super) fn share_above(left: &[Duration], right: &[Duration]) -> f64 {
    let mut right = right.to_vec();
    right.sort_unstable();
    let twice: usize = left
        .iter()
        .map(|time| right.partition_point(|other| other < time) + right.partition_point(|other| other <= time))
        .sum();
    let pairs = left.len() * right.len();
    if pairs == 0 { 0.5 } else { whole(twice) / whole(2 * pairs) }
}

/// The middle one.
pub(super) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Counts of pairs stay far below 2^52, where each has its own number.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn whole(count: usize) -> f64 {
    count as f64
}
