use countersign_jose::SigningKey;
use countersign_kernel::Timestamp;

use super::*;
use crate::chain::Place;
use crate::checkpoint::CheckpointError;
use crate::export::RecordLine;
use crate::record::Record;
use crate::testing::{chain, record, signing_key};

fn export(records: &[(Place, Record)]) -> String {
    records
        .iter()
        .map(|(place, record)| RecordLine { place: Some(*place), record: record.clone() }.to_json() + "\n")
        .collect()
}

#[test]
fn an_export_is_checked_line_by_line() {
    let records = chain(5);
    let mut text = export(&records);
    text += &RecordLine { place: None, record: record(6) }.to_json();

    let report = verify_export(text.as_bytes(), &Trust::default()).unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.unsealed, report.head), (5, 1, records[4].0.link));
}

// attack 101
// bug S90
#[test]
fn an_edited_export_is_seen_where_it_was_edited() {
    let text = export(&chain(5));
    let edited = text.replacen(r#""try":"3""#, r#""try":"4""#, 1);
    assert_ne!(text, edited);

    assert_eq!(verify_export(edited.as_bytes(), &Trust::default()).unwrap().findings, [Finding::Changed { seq: 3 }]);
}

#[test]
fn lines_that_are_no_records_are_reported_and_passed_over() {
    let records = chain(3);
    let mut bytes = b"\n{\"seq\":1}\n".to_vec();
    bytes.extend_from_slice(export(&records[..1]).as_bytes());
    bytes.extend_from_slice(&[0xff, 0xfe, b'\n']);
    bytes.extend(std::iter::repeat_n(b'x', 3 * MAX_LINE));
    bytes.push(b'\n');
    bytes.extend_from_slice(export(&records[1..]).as_bytes());

    let report = verify_export(bytes.as_slice(), &Trust::default()).unwrap();

    let lines: Vec<u64> = report
        .findings
        .iter()
        .map(|f| match f {
            Finding::Unreadable { line, .. } => *line,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, [2, 4, 5]);
    assert_eq!(report.sealed, 3);
}

/// A whole export of nine records with checkpoints at 3 and 9, signed with this key.
fn signed_export(key: &SigningKey) -> String {
    let records = chain(9);
    let jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    let mut header = Header::new(Timestamp::EPOCH, Some(jwk), Link::START, records[8].0.link);
    header.checkpoints = 2;
    let mut text = header.to_json() + "\n";
    for (number, at) in [(1, 3), (2, 9)] {
        let checkpoint = Checkpoint { number, link: records[at - 1].0.link, at: Timestamp::EPOCH };
        let signed = checkpoint.sign(CheckpointKind::Checkpoint, key).unwrap();
        text += &(Line::Checkpoint(signed).to_json() + "\n");
    }
    text + &export(&records)
}

fn check(text: &str, trust: &Trust) -> Report {
    verify_export(text.as_bytes(), trust).unwrap()
}

fn without_line(text: &str, number: usize) -> String {
    text.lines().enumerate().filter(|(at, _)| at + 1 != number).map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn an_export_is_held_to_its_checkpoints_and_to_the_key_that_is_trusted() {
    let key = signing_key(1);
    let trust = Trust { key: Some(key.kid().to_owned()), ..Trust::default() };

    let report = check(&signed_export(&key), &trust);

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.checkpoints, report.unsigned()), (9, 2, 0));
    assert_eq!(report.key.as_deref(), Some(key.kid()));
}

// attack 101
#[test]
fn an_export_made_anew_under_another_key_is_found_by_whoever_knows_the_key() {
    let trust = Trust { key: Some(signing_key(1).kid().to_owned()), ..Trust::default() };
    let forged = signed_export(&signing_key(2));

    assert_eq!(check(&forged, &trust).findings, [Finding::OtherKey { found: signing_key(2).kid().to_owned() }]);
    assert!(check(&forged, &Trust::default()).is_intact(), "nothing in it can tell");
}

// attack 101
#[test]
fn an_export_without_its_tail_is_found_whether_its_header_was_mended_or_not() {
    let text = signed_export(&signing_key(1));
    let short: String = text.lines().take(9).map(|line| format!("{line}\n")).collect();
    assert_eq!(check(&short, &Trust::default()).findings, [Finding::CutOff { first: 7, last: 9 }]);

    let seventh = chain(9)[5].0.link;
    let ninth = chain(9)[8].0.link;
    let of = |link: Link| format!(r#""last":{{"seq":{},"hash":"{}"}}"#, link.seq, link.hash);
    let mended = short.replace(&of(ninth), &of(seventh));
    assert_ne!(mended, short);
    assert_eq!(check(&mended, &Trust::default()).findings, [Finding::CutOff { first: 7, last: 9 }], "by a checkpoint");
}

#[test]
fn checkpoints_taken_from_an_export_are_missed() {
    let text = signed_export(&signing_key(1));

    assert_eq!(
        check(&without_line(&text, 2), &Trust::default()).findings,
        [Finding::CheckpointsMissing { first: 1, last: 1 }, Finding::CheckpointCount { stated: 2, found: 1 }]
    );
    assert_eq!(
        check(&without_line(&text, 3), &Trust::default()).findings,
        [Finding::CheckpointCount { stated: 2, found: 1 }]
    );
}

#[test]
fn a_checkpoint_with_a_bad_signature_is_named_by_its_line() {
    let (key, other) = (signing_key(1), signing_key(2));
    let text = signed_export(&key);
    let foreign = signed_export(&other);
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap().to_owned();

    let swapped = text.replace(&line(&text, 1), &line(&foreign, 1));
    let report = check(&swapped, &Trust::default());

    let named = Finding::Forged { what: "the checkpoint in line 2".to_owned(), error: CheckpointError::OtherKey };
    assert_eq!(report.findings.first(), Some(&named));
}

// attack 101
#[test]
fn a_checkpoint_kept_elsewhere_finds_a_chain_made_anew() {
    let key = signing_key(1);
    let kept = Checkpoint { number: 1, link: Link::START.then(&record(9)), at: Timestamp::EPOCH };
    let kept = kept.sign(CheckpointKind::Checkpoint, &key).unwrap();
    let trust = Trust { checkpoints: vec![kept], ..Trust::default() };

    let report = check(&signed_export(&key), &trust);

    assert!(report.findings.contains(&Finding::NotTheKnown { seq: 1, after: 0 }), "{:?}", report.findings);
}

#[test]
fn a_key_that_does_not_go_by_its_thumbprint_is_none() {
    let key = SigningKey::generate(countersign_jose::Algorithm::EdDSA, Some("mine"), |t| t.fill(3)).unwrap();

    let report = check(&signed_export(&key), &Trust::default());

    assert_eq!(report.findings, [Finding::Unreadable { line: 1, error: LineError::Header }]);
}
