//! The audit trail as tests read it.

use countersign_audit::{Event, Record};
use countersign_store::{AuditFilter, PageRequest};

use crate::app::TestApp;
use crate::mask::mask;

impl TestApp {
    /// Every audit record, oldest first.
    ///
    /// # Panics
    /// The store failed.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn audit_records(&self) -> Vec<Record> {
        let mut tx = self.store().snapshot().await.expect("the store is there");
        let mut request = PageRequest::first(countersign_store::page::MAX_LIMIT);
        let mut records = Vec::new();
        loop {
            let page = tx.list_audit_records(&AuditFilter::default(), &request).await.expect("the trail is read");
            records.extend(page.items.into_iter().map(|sealed| sealed.record));
            match page.next {
                Some(cursor) => request = PageRequest::after(cursor, countersign_store::page::MAX_LIMIT),
                None => break,
            }
        }
        records.reverse();
        records
    }

    /// How many records there are of `event`.
    pub async fn audited(&self, event: Event) -> usize {
        self.audit_records().await.iter().filter(|record| record.event == event).count()
    }

    /// The trail as masked lines, oldest first: event, outcome, reason, who, whom, session, details.
    pub async fn audit(&self) -> String {
        let lines: Vec<String> = self.audit_records().await.iter().map(line).collect();
        mask(&lines.join("\n"))
    }
}

fn line(record: &Record) -> String {
    use countersign_audit::Actor;
    let actor = match record.actor {
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::User(id) => id.to_string(),
        Actor::Operator => "operator".to_owned(),
        Actor::System => "system".to_owned(),
    };
    let mut words = vec![record.event.as_str().to_owned(), record.outcome.as_str().to_owned()];
    words.extend(record.reason.clone());
    words.push(format!("by {actor}"));
    words.extend(record.subject.map(|id| format!("of {id}")));
    words.extend(record.session.map(|id| format!("in {id}")));
    // A hash that is another one in each system.
    let shown = |name: &str, value: &str| if name == "deviceKey" { "[device]".to_owned() } else { value.to_owned() };
    words.extend(record.detail.iter().map(|(name, value)| format!("{name}={}", shown(name, value))));
    words.join(" ")
}
