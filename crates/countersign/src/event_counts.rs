//! Counts the audit records that this process commits, by event.

use countersign_audit::{Event, Record};
use countersign_kernel::Counter;
use countersign_store::{Committed, Observer};

/// The counters, one for each event.
#[derive(Debug)]
pub(crate) struct EventCounts(Vec<(Event, Counter)>);

impl EventCounts {
    pub(crate) fn new() -> Self {
        Self(Event::ALL.iter().map(|event| (*event, Counter::new())).collect())
    }

    fn count(&self, record: &Record) {
        if let Some((_, counter)) = self.0.iter().find(|(event, _)| *event == record.event) {
            counter.one();
        }
    }

    pub(crate) fn read(&self) -> Vec<(Event, u64)> {
        self.0.iter().map(|(event, counter)| (*event, counter.count())).collect()
    }
}

impl Observer for EventCounts {
    fn committed(&self, committed: &Committed) {
        committed.records.iter().for_each(|record| self.count(record));
    }
}
