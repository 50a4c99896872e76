use countersign_audit::{Finding, Line, Report, Trust, verify_export};
use countersign_kernel::Lifetime;
use countersign_trail::{Exported, Range, export, seal};

use crate::rig::Rig;

async fn exported(rig: &Rig, range: Range) -> (Exported, String) {
    let mut output = Vec::new();
    let done = export(rig.store.as_ref(), &rig.key, range, &mut output).await.unwrap();
    (done, String::from_utf8(output).unwrap())
}

fn checked(rig: &Rig, text: &str) -> Report {
    let trust = Trust { key: Some(rig.key.kid().to_owned()), ..Trust::default() };
    verify_export(text.as_bytes(), &trust).unwrap()
}

#[tokio::test]
async fn an_export_verifies_offline_and_holds_every_record_and_checkpoint() {
    let rig = Rig::new().await;
    rig.happen(300).await;
    rig.sign().await;
    rig.happen(400).await;
    rig.sign().await;
    rig.happen(2).await;

    let (done, text) = exported(&rig, Range::default()).await;
    let report = checked(&rig, &text);

    assert_eq!(done, Exported { first: 1, last: 700, checkpoints: 2, unsealed: 2 });
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.unsealed, report.checkpoints, report.unsigned()), (700, 2, 2, 0));
    assert!(text.lines().all(|line| Line::parse(line).is_ok()));
}

#[tokio::test]
async fn a_line_taken_out_of_an_export_is_missed() {
    let rig = Rig::new().await;
    rig.happen(9).await;
    seal(rig.store.as_ref(), 10).await.unwrap();

    let (_, text) = exported(&rig, Range::default()).await;
    let text: String = text.lines().filter(|l| !l.starts_with("{\"seq\":4,")).map(|l| format!("{l}\n")).collect();

    assert_eq!(checked(&rig, &text).findings, [Finding::Missing { first: 4, last: 4 }]);
}

#[tokio::test]
async fn a_range_of_numbers_or_moments_verifies_by_itself() {
    let rig = Rig::new().await;
    rig.happen(20).await;
    rig.sign().await;
    rig.clock.advance(Lifetime::from_hours(1));
    let since = rig.store.now();
    rig.happen(20).await;
    rig.sign().await;
    rig.clock.advance(Lifetime::from_hours(1));
    let until = rig.store.now();
    rig.happen(20).await;
    rig.sign().await;

    for (range, first, last, checkpoints) in [
        (Range { after: Some(25), through: Some(45), ..Range::default() }, 26, 45, 1),
        (Range { since: Some(since), until: Some(until), ..Range::default() }, 21, 40, 2),
        (Range { since: Some(until), ..Range::default() }, 41, 60, 2),
        (Range { after: Some(60), ..Range::default() }, 61, 60, 1),
        (Range { after: Some(99), ..Range::default() }, 61, 60, 1),
    ] {
        let (done, text) = exported(&rig, range).await;
        let report = checked(&rig, &text);

        assert_eq!((done.first, done.last, done.checkpoints), (first, last, checkpoints), "{range:?}");
        assert!(report.is_intact(), "{range:?}: {:?}", report.findings);
        assert_eq!((report.start.seq + 1, report.head.seq), (first, last), "{range:?}");
    }
}
