use countersign_audit::Event;
use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{AuditFilter, PageRequest};
use countersign_trail::{Tail, list, seal};

use crate::rig::Rig;

#[tokio::test]
async fn the_newest_records_come_first_with_their_place() {
    let rig = Rig::new().await;
    rig.happen(3).await;
    seal(rig.store.as_ref(), 2).await.unwrap();

    let page = list(rig.store.as_ref(), &AuditFilter::default(), &PageRequest::first(10)).await.unwrap();

    let seen: Vec<_> =
        page.items.iter().map(|l| (l.record.detail["n"].as_str(), l.place.map(|p| p.link.seq))).collect();
    assert_eq!(seen, [("2", None), ("1", Some(2)), ("0", Some(1))]);
}

#[tokio::test]
async fn a_follower_gets_each_record_once_also_a_late_one() {
    let rig = Rig::new().await;
    let slow = rig.record(999);
    rig.happen(450).await;
    let mut tail = Tail::new(AuditFilter::default(), Timestamp::EPOCH);

    let first = tail.next(rig.store.as_ref()).await.unwrap();
    assert_eq!(first.len(), 450, "more than two pages");
    assert_eq!((first[0].record.detail["n"].as_str(), first[449].record.detail["n"].as_str()), ("0", "449"));
    assert_eq!(tail.next(rig.store.as_ref()).await.unwrap().len(), 0);

    rig.clock.advance(Lifetime::from_seconds(50));
    rig.happen(1).await;
    rig.write(vec![slow.clone()]).await;
    let more = tail.next(rig.store.as_ref()).await.unwrap();
    assert_eq!(more.iter().filter(|line| line.record.id == slow.id).count(), 1);
    assert_eq!(more.len(), 2);
}

#[tokio::test]
async fn a_follower_keeps_to_its_filter() {
    let rig = Rig::new().await;
    rig.happen(2).await;
    let mut tail =
        Tail::new(AuditFilter { events: vec![Event::SignedOut], ..AuditFilter::default() }, Timestamp::EPOCH);

    assert_eq!(tail.next(rig.store.as_ref()).await.unwrap().len(), 0);
}
