//! The revocation log, page by page.

use countersign_kernel::TokenId;
use countersign_store::{Effect, NewRevocation, Store, Target};

use crate::house::{House, minutes};

#[tokio::test]
async fn a_log_of_several_pages_is_read_to_its_end() {
    let here = House::new().await;
    let there = here.another_node().await;
    let revoke = async |count| {
        let mut tx = here.store.begin().await.unwrap();
        for _ in 0..count {
            tx.revoke(NewRevocation {
                target: Target::Token(TokenId::new(&here.env)),
                effect: Effect::Ended,
                at: tx.now(),
                until: tx.now() + minutes(10),
                reason: "test".to_owned(),
            });
        }
        tx.commit().await.unwrap();
    };
    revoke(500).await;
    revoke(1).await;

    here.sessions.tick().await.unwrap();
    there.sessions.tick().await.unwrap();
    let late = here.another_node().await;

    for node in [&here, &there, &late] {
        assert_eq!((node.sessions.revocations().len(), node.sessions.revocations().head().seq), (501, 501));
    }
}
