//! What sessions count of themselves.

use countersign_kernel::Counter;

use crate::judge::RefreshCase;

/// The counters.
#[derive(Debug)]
pub(crate) struct Tally {
    cases: Vec<Counter>,
    pub(crate) limited: Counter,
    pub(crate) busy: Counter,
    pub(crate) remembered: Counter,
    pub(crate) unknown: Counter,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            cases: RefreshCase::ALL.iter().map(|_| Counter::new()).collect(),
            limited: Counter::new(),
            busy: Counter::new(),
            remembered: Counter::new(),
            unknown: Counter::new(),
        }
    }

    /// Counts a refresh by the row that decided.
    pub(crate) fn case(&self, case: RefreshCase) {
        if let Some(counter) = self.cases.get(case as usize) {
            counter.one();
        }
    }

    /// How often each row decided.
    pub(crate) fn cases(&self) -> impl Iterator<Item = (&'static str, u64)> {
        RefreshCase::ALL.iter().zip(&self.cases).map(|(case, counter)| (case.as_str(), counter.count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table_has_its_own_counter() {
        for (place, case) in RefreshCase::ALL.iter().enumerate() {
            assert_eq!(*case as usize, place, "{}", case.as_str());
        }
    }
}
