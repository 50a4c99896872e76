//! The news of a revocation, from node to node.

use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::Env;
use countersign_store::{Committed, Effect, NewRevocation, Observer, Revocation, Target};
use countersign_valkey::{FanOut, Link};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::nodes::link;
use crate::server::ValkeyServer;

/// What another process does comes in time, or never. Wide, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// A node that listens, and what it is woken by. It has been woken once, when it began to listen.
async fn listening(link: &Link) -> (FanOut, Arc<Notify>) {
    let reader = Arc::new(Notify::new());
    let node = FanOut::start(link, Arc::clone(&reader), &Env::system());
    timeout(PATIENCE, reader.notified()).await.unwrap();
    (node, reader)
}

fn committed(revocations: usize) -> Committed {
    let now = countersign_kernel::Timestamp::from_seconds(1_800_000_000);
    let record = NewRevocation {
        target: Target::Session(countersign_kernel::SessionId::from_bytes([7; 16])),
        effect: Effect::Ended,
        at: now,
        until: now,
        reason: "signed_out".to_owned(),
    };
    let one = |seq: usize| Revocation { seq: u64::try_from(seq).unwrap(), hash: 0, record: record.clone() };
    Committed { revocations: (1..=revocations).map(one).collect(), records: Vec::new() }
}

#[tokio::test]
async fn what_one_node_has_revoked_wakes_the_other_and_not_itself() {
    let Some(server) = ValkeyServer::start() else { return };
    let (here, there) = (link(&server).await, link(&server).await);
    let (a, woken_here) = listening(&here).await;
    let (b, woken_there) = listening(&there).await;

    a.committed(&committed(0));
    a.committed(&committed(1));
    timeout(PATIENCE, woken_there.notified()).await.unwrap();
    b.committed(&committed(2));
    timeout(PATIENCE, woken_here.notified()).await.unwrap();

    // Each has heard both messages by now, or at least the other's before its own.
    assert_eq!((here.readings().woken, there.readings().woken), (1, 1));
}

#[tokio::test]
async fn whoever_could_hear_nothing_for_a_while_is_woken_when_he_can_again() {
    let Some(mut server) = ValkeyServer::start() else { return };
    let link = link(&server).await;
    let (_node, reader) = listening(&link).await;

    server.kill();
    server.start_again();

    timeout(PATIENCE, reader.notified()).await.unwrap();
    assert_eq!(link.readings().woken, 0);
}
