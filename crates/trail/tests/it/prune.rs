use countersign_audit::{CheckpointError, Event, Finding, Trust, verify_export};
use countersign_kernel::Lifetime;
use countersign_store::{AuditFilter, PageRequest};
use countersign_trail::{Error, Pruned, Range, export, list, prune, seal};

use crate::rig::Rig;

/// Thirty days and a little: the checkpoint of the thirtieth day is not old enough.
const KEEP: Lifetime = Lifetime::from_hours(30 * 24 + 1);

/// Ten records a day for sixty days, a checkpoint each day.
async fn two_months() -> Rig {
    let rig = Rig::new().await;
    for _ in 0..60 {
        rig.happen(10).await;
        rig.sign().await;
        rig.clock.advance(Lifetime::from_days(1));
    }
    rig
}

async fn round(rig: &Rig) -> Pruned {
    prune(rig.store.as_ref(), &rig.key, &rig.env, KEEP).await.unwrap()
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_rest_is_checked_from_a_signed_base() {
    let rig = two_months().await;

    let pruned = round(&rig).await;

    assert_eq!(pruned, Pruned { given_up: Some((1, 300)), deleted: 300 });
    assert_eq!(round(&rig).await, Pruned::default(), "once");
    seal(rig.store.as_ref(), 10).await.unwrap();
    let report = rig.check().await;
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.start.seq, report.checkpoints), (301, 300, 30));
    assert_eq!(report.base.map(|base| base.link.seq), Some(300));
    let filter = AuditFilter { events: vec![Event::AuditPruned], ..AuditFilter::default() };
    let told = list(rig.store.as_ref(), &filter, &PageRequest::first(10)).await.unwrap().items;
    assert_eq!((told[0].record.detail["first"].as_str(), told[0].record.detail["last"].as_str()), ("1", "300"));
}

#[tokio::test]
async fn an_export_of_the_rest_begins_with_the_base() {
    let rig = two_months().await;
    round(&rig).await;
    let mut output = Vec::new();

    export(rig.store.as_ref(), &rig.key, Range::default(), &mut output).await.unwrap();

    let trust = Trust { key: Some(rig.key.kid().to_owned()), ..Trust::default() };
    let report = verify_export(output.as_slice(), &trust).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.base.map(|base| base.link.seq), report.sealed), (Some(300), 300));
    let text = String::from_utf8(output).unwrap();
    let without_base = text.replacen("\"base\":\"ey", "\"base\":\"fy", 1);
    let report = verify_export(without_base.as_bytes(), &trust).unwrap();
    assert!(
        matches!(&report.findings[..], [Finding::Forged { what, .. }] if what == "the base"),
        "{:?}",
        report.findings
    );
}

#[tokio::test]
async fn the_next_round_goes_on_from_the_base() {
    let rig = two_months().await;
    round(&rig).await;
    rig.clock.advance(Lifetime::from_days(10));

    assert_eq!(round(&rig).await, Pruned { given_up: Some((301, 400)), deleted: 100 });
    assert!(rig.check().await.is_intact());
}

// A crash between the base and the last deletion, which somebody could also fake.
#[tokio::test]
async fn what_a_crash_left_before_the_base_is_deleted_later_and_disturbs_no_check() {
    let rig = two_months().await;
    rig.tamper("CREATE TABLE kept AS SELECT * FROM audit_records WHERE seq BETWEEN 250 AND 300");
    round(&rig).await;
    rig.tamper("INSERT INTO audit_records SELECT * FROM kept");

    assert!(rig.check().await.is_intact());
    assert_eq!(round(&rig).await, Pruned { given_up: None, deleted: 51 });
}

// attack 101
#[tokio::test]
async fn a_beginning_that_was_cut_off_does_not_pass_for_retention() {
    let rig = two_months().await;
    rig.tamper(
        "DELETE FROM audit_records WHERE seq <= 300; \
         INSERT INTO audit_base SELECT TRUE, number, seq, hash, at, signed FROM audit_checkpoints WHERE seq = 300; \
         DELETE FROM audit_checkpoints WHERE seq <= 300",
    );

    assert_eq!(
        rig.check().await.findings,
        [
            Finding::Forged { what: "the base".to_owned(), error: CheckpointError::NotOne },
            Finding::CheckpointsMissing { first: 1, last: 30 },
            Finding::Missing { first: 1, last: 300 },
        ]
    );
}

#[tokio::test]
async fn nothing_is_given_up_for_a_checkpoint_that_is_not_ours() {
    let rig = two_months().await;
    rig.tamper("UPDATE audit_checkpoints SET signed = 'eyJ.e30.AAAA' WHERE number = 30");

    let refused = prune(rig.store.as_ref(), &rig.key, &rig.env, KEEP).await;

    assert!(matches!(refused, Err(Error::Forged { number: 30, .. })), "{refused:?}");
    assert_eq!(rig.check().await.sealed, 600);
}

#[tokio::test]
async fn a_checkpoint_whose_column_lies_about_its_age_gives_nothing_up() {
    let rig = two_months().await;
    rig.tamper(
        "UPDATE audit_checkpoints SET at = 0 WHERE number < 60; UPDATE audit_checkpoints SET at = 1 WHERE number = 60",
    );

    assert_eq!(round(&rig).await, Pruned::default());
}
