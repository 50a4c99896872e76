use countersign_audit::{Finding, Line, Verifier, verify_export};
use countersign_trail::{export, seal};

use crate::rig::Rig;

async fn exported(rig: &Rig) -> String {
    let mut output = Vec::new();
    export(rig.store.as_ref(), 0, &mut output).await.unwrap();
    String::from_utf8(output).unwrap()
}

#[tokio::test]
async fn an_export_verifies_offline_and_holds_every_record() {
    let rig = Rig::new().await;
    rig.happen(700).await;
    seal(rig.store.as_ref(), 1_000).await.unwrap();
    rig.happen(2).await;

    let text = exported(&rig).await;
    let report = verify_export(text.as_bytes(), Verifier::whole()).unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.unsealed), (700, 2));
    assert!(text.lines().all(|line| Line::parse(line).is_ok()));
}

#[tokio::test]
async fn a_line_taken_out_of_an_export_is_missed() {
    let rig = Rig::new().await;
    rig.happen(9).await;
    seal(rig.store.as_ref(), 10).await.unwrap();

    let text: String =
        exported(&rig).await.lines().filter(|l| !l.contains("\"seq\":4,")).map(|l| format!("{l}\n")).collect();
    let report = verify_export(text.as_bytes(), Verifier::whole()).unwrap();

    assert_eq!(report.findings, [Finding::Missing { first: 4, last: 4 }]);
}
