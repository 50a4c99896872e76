//! The attacks of SECURITY.md 101: the log edited, cut, filled up, reordered.

use super::*;
use crate::chain::Hash;
use crate::testing::{chain, record};

type Chain = Vec<(Link, Record)>;

fn check(records: &[(Link, Record)]) -> Vec<Finding> {
    let mut verifier = Verifier::whole();
    for (link, record) in records {
        verifier.read(*link, record);
    }
    verifier.finish().findings
}

/// Numbers the records anew, as somebody would who hides that some are gone or new; the hashes stay.
fn renumbered(mut records: Chain) -> Chain {
    for ((link, _), seq) in records.iter_mut().zip(1..) {
        link.seq = seq;
    }
    records
}

#[test]
fn an_untouched_chain_is_intact() {
    let records = chain(200);

    let mut verifier = Verifier::whole();
    records.iter().for_each(|(link, record)| verifier.read(*link, record));
    verifier.ends_at(records[199].0);
    let report = verifier.finish();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head, report.unsealed), (200, records[199].0, 0));
}

#[test]
fn nothing_at_all_is_intact() {
    assert_eq!(check(&[]), []);
}

// attack 101
#[test]
fn a_changed_record_is_named() {
    for at in 0..9 {
        let mut records = chain(9);
        records[at].1.reason = Some("something_else".to_owned());

        assert_eq!(check(&records), [Finding::Broken { seq: at as u64 + 1 }], "record {}", at + 1);
    }
}

#[test]
fn a_changed_record_with_a_fitting_hash_breaks_the_next() {
    let mut records = chain(9);
    records[4].1.reason = Some("something_else".to_owned());
    records[4].0 = records[3].0.then(&records[4].1);

    assert_eq!(check(&records), [Finding::Broken { seq: 6 }]);
}

// attack 101
#[test]
fn records_that_were_cut_out_are_named() {
    let mut records = chain(9);
    records.drain(2..5);
    records.remove(4);

    assert_eq!(check(&records), [Finding::Missing { first: 3, last: 5 }, Finding::Missing { first: 8, last: 8 }]);
}

#[test]
fn a_missing_beginning_is_named() {
    assert_eq!(check(&chain(9)[2..]), [Finding::Missing { first: 1, last: 2 }]);
}

// attack 101
#[test]
fn a_cut_that_was_hidden_by_renumbering_is_seen() {
    let mut records = chain(9);
    records.remove(4);

    assert_eq!(check(&renumbered(records)), [Finding::Broken { seq: 5 }]);
}

#[test]
fn a_cut_tail_is_seen_against_the_head() {
    let records = chain(9);
    let mut verifier = Verifier::whole();
    records[..6].iter().for_each(|(link, record)| verifier.read(*link, record));
    verifier.ends_at(records[8].0);

    assert_eq!(verifier.finish().findings, [Finding::Missing { first: 7, last: 9 }]);
}

#[test]
fn records_behind_the_head_are_seen() {
    let records = chain(9);
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(link, record)| verifier.read(*link, record));
    verifier.ends_at(records[5].0);

    assert_eq!(verifier.finish().findings, [Finding::BeyondTheHead { seq: 6 }]);
}

// attack 101
#[test]
fn an_inserted_record_is_named_whatever_hash_it_carries() {
    let honest = chain(9);
    let stranger = record(99);
    for hash in [Hash::ZERO, honest[3].0.then(&stranger).hash] {
        let mut records = honest.clone();
        records.insert(4, (Link { seq: 5, hash }, stranger.clone()));

        assert_eq!(check(&renumbered(records)), [Finding::Inserted { seq: 5 }], "{hash}");
    }
}

#[test]
fn a_second_record_with_a_number_is_an_insertion() {
    let mut records = chain(9);
    records.insert(5, (records[4].0, record(99)));

    assert_eq!(check(&records), [Finding::Inserted { seq: 5 }]);
}

// attack 101
#[test]
fn exchanged_records_are_named_when_they_were_renumbered() {
    let mut records = chain(9);
    records.swap(3, 4);

    assert_eq!(check(&renumbered(records)), [Finding::Moved { seq: 4 }]);
}

#[test]
fn lines_in_another_order_are_named() {
    let mut records = chain(9);
    let moved = records.remove(3);
    records.insert(6, moved);

    assert_eq!(check(&records), [Finding::Moved { seq: 4 }]);
}

#[test]
fn a_moved_line_that_was_also_changed_is_both() {
    let mut records = chain(9);
    let mut moved = records.remove(3);
    moved.1.subject = None;
    records.insert(6, moved);

    assert_eq!(check(&records), [Finding::Moved { seq: 4 }, Finding::Broken { seq: 4 }]);
}

#[test]
fn several_moved_lines_leave_the_rest_of_the_gap_missing() {
    let mut records = chain(12);
    let moved: Chain = records.drain(2..8).collect();
    records.extend([moved[1].clone(), moved[2].clone(), moved[4].clone()]);

    assert_eq!(
        check(&records),
        [
            Finding::Moved { seq: 4 },
            Finding::Moved { seq: 5 },
            Finding::Moved { seq: 7 },
            Finding::Missing { first: 3, last: 3 },
            Finding::Missing { first: 6, last: 6 },
            Finding::Missing { first: 8, last: 8 },
        ]
    );
}

// attack 101
#[test]
fn a_chain_made_anew_is_seen_only_against_a_noted_head() {
    let noted = chain(9)[6].0;
    let mut last = Link::START;
    let anew: Chain = (1..=9)
        .map(|n| {
            let record = record(if n == 3 { 33 } else { n });
            last = last.then(&record);
            (last, record)
        })
        .collect();

    assert_eq!(check(&anew), [], "the chain alone has no key");
    let mut verifier = Verifier::whole().expect(noted);
    anew.iter().for_each(|(link, record)| verifier.read(*link, record));
    assert_eq!(verifier.finish().findings, [Finding::NotTheKnown { seq: 7 }]);
}

#[test]
fn a_check_can_go_on_where_an_earlier_one_ended() {
    let records = chain(9);
    let mut verifier = Verifier::after(records[4].0);
    records[5..].iter().for_each(|(link, record)| verifier.read(*link, record));
    let report = verifier.finish();

    assert!(report.is_intact());
    assert_eq!(report.sealed, 4);
}

#[test]
fn the_unsealed_tail_is_reported_as_such() {
    let records = chain(3);
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(link, record)| verifier.read(*link, record));
    let mut young = record(4);
    young.at = young.at + countersign_kernel::Lifetime::from_seconds(5);
    verifier.read_unsealed(&young);
    verifier.read_unsealed(&record(5));
    let report = verifier.finish();

    assert!(report.is_intact());
    assert_eq!((report.sealed, report.unsealed, report.unsealed_since), (3, 2, Some(record(5).at)));
}

#[test]
fn findings_are_bounded() {
    let records: Chain = (0..150).map(|_| (Link { seq: 1, hash: Hash::ZERO }, record(1))).collect();
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(link, record)| verifier.read(*link, record));
    let report = verifier.finish();

    assert_eq!((report.findings.len(), report.more_findings), (100, 50));
}

fn export(records: &[(Link, Record)]) -> String {
    records.iter().map(|(link, record)| Line { link: Some(*link), record: record.clone() }.to_json() + "\n").collect()
}

#[test]
fn an_export_is_checked_line_by_line() {
    let records = chain(5);
    let mut text = export(&records);
    text += &Line { link: None, record: record(6) }.to_json();

    let report = verify_export(text.as_bytes(), Verifier::whole()).unwrap();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.unsealed, report.head), (5, 1, records[4].0));
}

// attack 101
// bug S90
#[test]
fn an_edited_export_is_seen_where_it_was_edited() {
    let text = export(&chain(5));
    let edited = text.replacen(r#""try":"3""#, r#""try":"4""#, 1);
    assert_ne!(text, edited);

    assert_eq!(verify_export(edited.as_bytes(), Verifier::whole()).unwrap().findings, [Finding::Broken { seq: 3 }]);
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

    let report = verify_export(bytes.as_slice(), Verifier::whole()).unwrap();

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

#[test]
fn every_finding_says_which_record_in_words() {
    assert_eq!(Finding::Missing { first: 3, last: 5 }.to_string(), "records 3 to 5 were cut out");
    assert_eq!(Finding::Moved { seq: 4 }.to_string(), "record 4 was moved");
    assert!(Finding::Broken { seq: 4 }.to_string().starts_with("record 4 does not follow"));
}

mod any_tampering {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Cut, copy or exchange at will and renumber: unless that gives back the chain or a beginning of it, it is seen.
        #[test]
        fn is_seen(picks in prop::collection::vec(0_usize..12, 0..14)) {
            let honest = chain(12);
            let tampered = renumbered(picks.iter().map(|at| honest[*at].clone()).collect());
            let is_a_beginning = tampered.iter().zip(&honest).all(|(a, b)| a == b) && tampered.len() <= 12;

            prop_assert_eq!(check(&tampered).is_empty(), is_a_beginning);
        }
    }
}
