//! The news that something was revoked, from node to node.
//!
//! Promises: nothing. What was revoked is in the database, where each node finds it by its number several times a second
//! (DESIGN section 2). A message only says that it is worth looking now. It goes out after the commit, and whatever is lost of it,
//! on the way or while nobody was connected, is found by looking.

use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::{Env, hex};
use countersign_store::{Committed, Observer};
use futures_util::StreamExt as _;
use redis::RedisResult;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::link::{Inner, Link, RETRY};

/// Tells other nodes of revocations, and hears of theirs, for as long as it lives.
pub struct FanOut {
    due: Arc<Notify>,
    tasks: [JoinHandle<()>; 2],
}

impl FanOut {
    /// Wakes `reader` whenever another node says that it has revoked something, and whenever nothing could be heard for a while.
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn start(link: &Link, reader: Arc<Notify>, env: &Env) -> Self {
        let node = hex::encode(&env.entropy().bytes::<8>());
        let due = Arc::new(Notify::new());
        let tell = tell(Arc::clone(&link.inner), Arc::clone(&due), node.clone());
        let hear = hear(Arc::clone(&link.inner), reader, node);
        Self { due, tasks: [tokio::spawn(tell), tokio::spawn(hear)] }
    }
}

impl Observer for FanOut {
    fn committed(&self, committed: &Committed) {
        if !committed.revocations.is_empty() {
            self.due.notify_one();
        }
    }
}

impl Drop for FanOut {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Many commits while one message is on its way are one more message.
async fn tell(link: Arc<Inner>, due: Arc<Notify>, node: String) {
    let channel = channel(&link);
    loop {
        due.notified().await;
        let mut message = redis::cmd("PUBLISH");
        message.arg(&channel).arg(&node);
        let _: Option<()> = link.ask(|mut c| async move { message.exec_async(&mut c).await }).await;
    }
}

/// Listens on a connection of its own, again and again.
async fn hear(link: Arc<Inner>, reader: Arc<Notify>, node: String) {
    loop {
        // Whatever ends it, the next try comes soon; the link says in the log whether Valkey answers.
        let _ = listen(&link, &reader, &node).await;
        sleep(RETRY).await;
    }
}

async fn listen(link: &Inner, reader: &Notify, node: &str) -> RedisResult<()> {
    let Ok(connected) = timeout(PATIENT, link.client.get_async_pubsub()).await else { return Ok(()) };
    let (mut sink, mut messages) = connected?.split();
    let Ok(subscribed) = timeout(PATIENT, sink.subscribe(channel(link))).await else { return Ok(()) };
    subscribed?;
    // Of what was said meanwhile nothing was heard.
    reader.notify_one();
    loop {
        match timeout(QUIET, messages.next()).await {
            Ok(Some(message)) => {
                // Of its own commits the node knows.
                if message.get_payload_bytes() != node.as_bytes() {
                    link.woken.one();
                    reader.notify_one();
                }
            }
            Ok(None) => return Ok(()),
            Err(_) => {
                let Ok(answered) = timeout(PATIENT, sink.ping::<redis::Value>()).await else { return Ok(()) };
                answered?;
            }
        }
    }
}

fn channel(link: &Inner) -> String {
    format!("{}:revoked", link.names.prefix())
}

/// How long a try waits.
const PATIENT: Duration = Duration::from_secs(1);

/// After this long without a word it is asked whether anybody is there.
const QUIET: Duration = Duration::from_secs(5);
