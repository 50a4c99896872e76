//! What will happen, in the order of virtual time; at one moment, in the order in which it was planned.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::time::At;

#[derive(Debug)]
pub(crate) struct Queue<T> {
    due: BinaryHeap<Reverse<(At, u64)>>,
    planned: BTreeMap<u64, T>,
    next: u64,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self { due: BinaryHeap::new(), planned: BTreeMap::new(), next: 0 }
    }

    pub(crate) fn plan(&mut self, at: At, event: T) {
        self.due.push(Reverse((at, self.next)));
        self.planned.insert(self.next, event);
        self.next += 1;
    }

    /// When the next event is.
    pub(crate) fn next_at(&self) -> Option<At> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// The next event, if it is at `at` or before.
    pub(crate) fn take(&mut self, at: At) -> Option<T> {
        self.next_at().filter(|due| *due <= at)?;
        let Reverse((_, number)) = self.due.pop()?;
        self.planned.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_the_order_of_time_and_then_of_planning() {
        let mut queue = Queue::new();
        for (at, name) in [(2, "c"), (1, "a"), (1, "b")] {
            queue.plan(at, name);
        }
        assert_eq!(
            (queue.take(1), queue.take(1), queue.take(1), queue.take(2)),
            (Some("a"), Some("b"), None, Some("c"))
        );
    }
}
