//! Attack 101 of SECURITY.md, on the database itself.

use countersign_audit::{CheckpointError, Finding, Trust, Verifier};
use countersign_trail::{check, seal};

use crate::rig::Rig;

/// 1,200 sealed records, more than two pages, and 3 that wait.
async fn trail() -> Rig {
    let rig = Rig::new().await;
    rig.happen(1_200).await;
    seal(rig.store.as_ref(), 2_000).await.unwrap();
    rig.happen(3).await;
    rig
}

/// Sixty records with checkpoints at 20, 40 and 60.
async fn signed_trail() -> Rig {
    let rig = Rig::new().await;
    for _ in 0..3 {
        rig.happen(20).await;
        rig.sign().await;
    }
    rig
}

#[tokio::test]
async fn an_untouched_database_is_intact_and_says_what_waits() {
    let rig = trail().await;

    let report = rig.check().await;

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head.seq, report.unsealed, report.unsigned()), (1_200, 1_200, 3, 1_200));
    assert!(report.unsealed_since.is_some());
}

#[tokio::test]
async fn an_empty_trail_is_intact() {
    let rig = Rig::new().await;

    let report = rig.check().await;

    assert!(report.is_intact());
    assert_eq!((report.sealed, report.unsealed), (0, 0));
}

// attack 101
// bug S90
#[tokio::test]
async fn tampering_with_the_file_is_seen_and_named() {
    for (sql, expected) in [
        ("UPDATE audit_records SET reason = 'nothing' WHERE seq = 700", Finding::Changed { seq: 700 }),
        (
            "UPDATE audit_records SET address = '192.0.2.1' WHERE seq = 700",
            Finding::Spoilt { seq: 700, column: "commitment" },
        ),
        ("UPDATE audit_records SET event = 'nothing' WHERE seq = 700", Finding::Spoilt { seq: 700, column: "event" }),
        ("UPDATE audit_records SET at = 'then' WHERE seq = 700", Finding::Spoilt { seq: 700, column: "row" }),
        ("UPDATE audit_records SET hash = zeroblob(32) WHERE seq = 700", Finding::Changed { seq: 700 }),
        ("UPDATE audit_records SET hash = x'00' WHERE seq = 700", Finding::Spoilt { seq: 700, column: "hash" }),
        ("DELETE FROM audit_records WHERE seq BETWEEN 499 AND 501", Finding::Missing { first: 499, last: 501 }),
        ("DELETE FROM audit_records WHERE seq > 1150", Finding::CutOff { first: 1_151, last: 1_200 }),
        (
            "DELETE FROM audit_records WHERE seq = 700; UPDATE audit_records SET seq = -seq WHERE seq > 700; \
             UPDATE audit_records SET seq = -seq - 1 WHERE seq < 0; UPDATE audit_head SET seq = 1199",
            Finding::Torn { seq: 700 },
        ),
        (
            "UPDATE audit_records SET seq = 0 WHERE seq = 700; UPDATE audit_records SET seq = 700 WHERE seq = 701; \
             UPDATE audit_records SET seq = 701 WHERE seq = 0",
            Finding::Moved { seq: 700 },
        ),
        (
            "UPDATE audit_records SET seq = -seq WHERE seq >= 700; UPDATE audit_records SET seq = -seq + 1 WHERE seq < 0; \
             INSERT INTO audit_records SELECT zeroblob(16), ordinal, at, event, outcome, reason, actor_kind, actor_id, \
             subject, session_id, address, address_key, user_agent, account, request_id, detail, salt, commitment, 700, \
             prev, hash FROM audit_records WHERE seq = 5; UPDATE audit_head SET seq = 1201",
            Finding::Inserted { seq: 700 },
        ),
        ("UPDATE audit_head SET seq = 1100", Finding::BeyondTheHead { seq: 1_100 }),
    ] {
        let rig = trail().await;

        rig.tamper(sql);

        assert_eq!(rig.check().await.findings, [expected], "{sql}");
    }
}

// attack 101
#[tokio::test]
async fn checkpoints_see_what_the_chain_cannot() {
    let refit = "UPDATE audit_records SET reason = 'nothing', hash = zeroblob(32) WHERE seq = 30";
    for (sql, expected) in [
        (
            "DELETE FROM audit_records WHERE seq > 50; \
             UPDATE audit_head SET seq = 50, hash = (SELECT hash FROM audit_records WHERE seq = 50)",
            vec![Finding::CutOff { first: 51, last: 60 }],
        ),
        (
            "DELETE FROM audit_records WHERE seq BETWEEN 30 AND 32; UPDATE audit_records SET seq = -seq WHERE seq > 32; \
             UPDATE audit_records SET seq = -seq - 3 WHERE seq < 0; UPDATE audit_head SET seq = 57",
            vec![Finding::Missing { first: 30, last: 32 }],
        ),
        (refit, vec![Finding::Changed { seq: 30 }]),
        ("DELETE FROM audit_checkpoints WHERE number = 2", vec![Finding::CheckpointsMissing { first: 2, last: 2 }]),
        (
            "UPDATE audit_checkpoints SET signed = (SELECT c.signed || 'A' FROM audit_checkpoints AS c WHERE c.number = 1) \
             WHERE number = 1",
            vec![
                Finding::Forged { what: "checkpoint 1".to_owned(), error: CheckpointError::Signature },
                Finding::CheckpointsMissing { first: 1, last: 1 },
            ],
        ),
    ] {
        let rig = signed_trail().await;
        assert!(rig.check().await.is_intact());

        rig.tamper(sql);

        assert_eq!(rig.check().await.findings, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_tail_cut_off_with_its_head_is_seen_against_a_noted_head() {
    let rig = trail().await;
    let noted = rig.check().await.head;

    rig.tamper(
        "DELETE FROM audit_records WHERE seq > 1150; \
         UPDATE audit_head SET seq = 1150, hash = (SELECT hash FROM audit_records WHERE seq = 1150)",
    );

    assert!(rig.check().await.is_intact(), "the chain has no key");
    let report = rig.check_against(&Trust { expected: vec![noted], ..Trust::default() }).await;
    assert_eq!(report.findings, [Finding::CutOff { first: 1_151, last: 1_200 }]);
}

#[tokio::test]
async fn a_check_goes_on_from_a_trusted_place() {
    let rig = trail().await;
    let noted = rig.check().await.head;
    seal(rig.store.as_ref(), 10).await.unwrap();

    let report = check(rig.store.as_ref(), Verifier::after(noted)).await.unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head.seq), (3, 1_203));
}
