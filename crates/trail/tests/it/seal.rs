use countersign_trail::{Sealed, seal};

use crate::rig::Rig;

#[tokio::test]
async fn waiting_records_are_sealed_in_batches_oldest_first() {
    let rig = Rig::new().await;
    rig.happen(5).await;

    let first = seal(rig.store.as_ref(), 3).await.unwrap();
    let second = seal(rig.store.as_ref(), 3).await.unwrap();
    let third = seal(rig.store.as_ref(), 3).await.unwrap();

    assert!(matches!(first, Sealed::Batch { count: 3, head, .. } if head.seq == 3), "{first:?}");
    assert!(matches!(second, Sealed::Batch { count: 2, head, .. } if head.seq == 5), "{second:?}");
    assert_eq!(third, Sealed::Nothing);
    let sealed = rig.store.snapshot().await.unwrap().list_audit_chain(0, 10).await.unwrap();
    let order: Vec<&str> = sealed.iter().map(|s| s.record.as_ref().unwrap().detail["n"].as_str()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_is_read_back_hashes_as_what_was_written() {
    let rig = Rig::new().await;
    let mut record = rig.record(1);
    record.user_agent = Some("ünïcode \u{1f511} \\ \" '".to_owned());
    record.detail.insert("empty".to_owned(), String::new());
    record.reason = None;
    rig.write(vec![record.clone()]).await;

    let sealed = seal(rig.store.as_ref(), 10).await.unwrap();

    let expected = countersign_audit::Link::START.then(&record);
    assert_eq!(sealed, Sealed::Batch { count: 1, head: expected, is_weighty: false });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_sealers_and_writers_make_one_chain() {
    let rig = std::sync::Arc::new(Rig::new().await);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    rig.happen(3).await;
                }
            })
        })
        .collect();
    let sealers: Vec<_> = (0..4)
        .map(|_| {
            let rig = rig.clone();
            tokio::spawn(async move {
                let mut count = 0;
                for _ in 0..40 {
                    if let Sealed::Batch { count: more, .. } = seal(rig.store.as_ref(), 7).await.unwrap() {
                        count += more;
                    }
                }
                count
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut sealed = 0;
    for sealer in sealers {
        sealed += sealer.await.unwrap();
    }

    let report = rig.check().await;

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.sealed, u64::from(sealed), "each record once");
    assert_eq!(report.sealed + report.unsealed, 120);
}
