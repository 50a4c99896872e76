//! The embedder's event hook.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use countersign_audit::Record;
use countersign_kernel::Counter;
use countersign_store::{Committed, Observer};
use tokio::sync::mpsc;

/// How many events may wait for a slow hook; further ones are dropped and counted.
const CAPACITY: usize = 4_096;

/// What is called for each event.
pub(crate) type Hook = Arc<dyn Fn(Record) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Hands committed records over to the hook's task. Never waits.
#[derive(Debug)]
pub(crate) struct Events {
    waiting: mpsc::Sender<Record>,
    dropped: Arc<Counter>,
}

/// Starts the hook's task; it ends when the observer is gone and the last event was handled.
pub(crate) fn start(hook: Hook, dropped: Arc<Counter>) -> Arc<Events> {
    let (sender, mut events) = mpsc::channel::<Record>(CAPACITY);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            // On a task of its own: a hook that panics once must hear of the next event.
            let (hook, name) = (Arc::clone(&hook), event.event.as_str());
            if tokio::spawn(async move { hook(event).await }).await.is_err() {
                tracing::error!(event = name, "the event hook panicked at {name}");
            }
        }
    });
    Arc::new(Events { waiting: sender, dropped })
}

impl Observer for Events {
    fn committed(&self, committed: &Committed) {
        for record in &committed.records {
            if self.waiting.try_send(record.clone()).is_err() {
                self.dropped.one();
                tracing::warn!(event = record.event.as_str(), "the event hook is too slow: an event was dropped");
            }
        }
    }
}
