//! Attack 101 of SECURITY.md, on the database itself.

use countersign_audit::{Finding, Verifier};
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

/// Somebody with access to the file, past the program.
fn tamper(rig: &Rig, sql: &str) {
    let file = rusqlite::Connection::open(rig.database.path()).unwrap();
    file.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    file.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn an_untouched_database_is_intact_and_says_what_waits() {
    let rig = trail().await;

    let report = check(rig.store.as_ref(), Verifier::whole()).await.unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head.seq, report.unsealed), (1_200, 1_200, 3));
    assert!(report.unsealed_since.is_some());
}

#[tokio::test]
async fn an_empty_trail_is_intact() {
    let rig = Rig::new().await;

    let report = check(rig.store.as_ref(), Verifier::whole()).await.unwrap();

    assert!(report.is_intact());
    assert_eq!((report.sealed, report.unsealed), (0, 0));
}

// attack 101
// bug S90
#[tokio::test]
async fn tampering_with_the_file_is_seen_and_named() {
    for (sql, expected) in [
        ("UPDATE audit_records SET reason = 'nothing' WHERE seq = 700", Finding::Broken { seq: 700 }),
        ("DELETE FROM audit_records WHERE seq BETWEEN 499 AND 501", Finding::Missing { first: 499, last: 501 }),
        ("DELETE FROM audit_records WHERE seq > 1150", Finding::Missing { first: 1_151, last: 1_200 }),
        ("UPDATE audit_head SET seq = 1100", Finding::BeyondTheHead { seq: 1_100 }),
    ] {
        let rig = trail().await;

        tamper(&rig, sql);
        let report = check(rig.store.as_ref(), Verifier::whole()).await.unwrap();

        assert_eq!(report.findings, [expected], "{sql}");
    }
}

#[tokio::test]
async fn a_tail_cut_off_with_its_head_is_seen_against_a_noted_head() {
    let rig = trail().await;
    let noted = check(rig.store.as_ref(), Verifier::whole()).await.unwrap().head;

    tamper(
        &rig,
        "DELETE FROM audit_records WHERE seq > 1150; \
         UPDATE audit_head SET seq = 1150, hash = (SELECT hash FROM audit_records WHERE seq = 1150)",
    );

    assert!(check(rig.store.as_ref(), Verifier::whole()).await.unwrap().is_intact(), "the chain has no key");
    let report = check(rig.store.as_ref(), Verifier::whole().expect(noted)).await.unwrap();
    assert_eq!(report.findings, [Finding::Missing { first: 1_151, last: 1_200 }]);
}

#[tokio::test]
async fn a_check_goes_on_from_a_trusted_place() {
    let rig = trail().await;
    let noted = check(rig.store.as_ref(), Verifier::whole()).await.unwrap().head;
    seal(rig.store.as_ref(), 10).await.unwrap();

    let report = check(rig.store.as_ref(), Verifier::after(noted)).await.unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head.seq), (3, 1_203));
}
