//! The attacks of SECURITY.md 101: the log edited, cut, filled up, reordered.

use countersign_kernel::Timestamp;

use super::*;
use crate::testing::{chain, record};

type Chain = Vec<(Place, Record)>;

fn check(records: &[(Place, Record)]) -> Vec<Finding> {
    let mut verifier = Verifier::whole();
    for (place, record) in records {
        verifier.read(*place, record);
    }
    verifier.finish().findings
}

/// Numbers the records anew, as somebody would who hides that some are gone or new; the hashes stay.
fn renumbered(mut records: Chain) -> Chain {
    for ((place, _), seq) in records.iter_mut().zip(1..) {
        place.link.seq = seq;
    }
    records
}

#[test]
fn an_untouched_chain_is_intact() {
    let records = chain(200);

    let mut verifier = Verifier::whole();
    records.iter().for_each(|(place, record)| verifier.read(*place, record));
    verifier.ends_at(records[199].0.link);
    let report = verifier.finish();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.head, report.unsealed), (200, records[199].0.link, 0));
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

        assert_eq!(check(&records), [Finding::Changed { seq: at as u64 + 1 }], "record {}", at + 1);
    }
}

/// Record 5 says something else, and its hash was made to fit.
fn refitted() -> Chain {
    let mut records = chain(9);
    records[4].1.reason = Some("something_else".to_owned());
    records[4].0 = Place::behind(records[3].0.link, &records[4].1);
    records
}

#[test]
fn a_changed_record_with_a_fitting_hash_tears_the_chain_behind_it() {
    assert_eq!(check(&refitted()), [Finding::Torn { seq: 6 }]);
}

// attack 101
#[test]
fn a_checkpoint_tells_a_changed_record_with_a_fitting_hash_from_a_cut() {
    let known = chain(9)[7].0.link;
    let mut cut = chain(9);
    cut.remove(4);
    cut.remove(4);
    for (records, expected) in
        [(refitted(), Finding::Changed { seq: 5 }), (renumbered(cut), Finding::Missing { first: 5, last: 6 })]
    {
        let mut verifier = Verifier::whole().expect(known);
        records.iter().for_each(|(place, record)| verifier.read(*place, record));

        assert_eq!(verifier.finish().findings, [expected]);
    }
}

#[test]
fn a_record_with_another_hash_alone_is_named_once() {
    let mut records = chain(9);
    records[4].0.link.hash = Hash([9; 32]);

    assert_eq!(check(&records), [Finding::Changed { seq: 5 }]);
}

#[test]
fn a_spoilt_record_is_named_and_the_rest_is_checked() {
    let records = chain(9);
    let mut verifier = Verifier::whole();
    for (place, record) in &records {
        match place.link.seq {
            5 => verifier.read_spoilt(*place, "event"),
            _ => verifier.read(*place, record),
        }
    }

    let report = verifier.finish();

    assert_eq!(report.findings, [Finding::Spoilt { seq: 5, column: "event" }]);
    assert_eq!(report.sealed, 9);
}

#[test]
fn erased_records_are_intact_and_counted() {
    let mut records = chain(9);
    records[2].1.erase();
    records[6].1.erase();
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(place, record)| verifier.read(*place, record));

    let report = verifier.finish();

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.erased, 2);
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

    assert_eq!(check(&renumbered(records)), [Finding::Torn { seq: 5 }]);
}

#[test]
fn a_cut_tail_is_seen_against_the_head() {
    let records = chain(9);
    let mut verifier = Verifier::whole();
    records[..6].iter().for_each(|(place, record)| verifier.read(*place, record));
    verifier.ends_at(records[8].0.link);

    assert_eq!(verifier.finish().findings, [Finding::CutOff { first: 7, last: 9 }]);
}

#[test]
fn records_behind_the_head_are_seen() {
    let records = chain(9);
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(place, record)| verifier.read(*place, record));
    verifier.ends_at(records[5].0.link);

    assert_eq!(verifier.finish().findings, [Finding::BeyondTheHead { seq: 6 }]);
}

// attack 101
#[test]
fn an_inserted_record_is_named_whatever_hash_it_carries() {
    let honest = chain(9);
    let stranger = record(99);
    let fitting = Place::behind(honest[3].0.link, &stranger);
    let nothing = Place { prev: Hash::ZERO, link: Link { seq: 5, hash: Hash::ZERO } };
    let alone = Place::behind(Link::START, &stranger);
    for place in [fitting, nothing, alone] {
        let mut records = honest.clone();
        records.insert(4, (place, stranger.clone()));

        assert_eq!(check(&renumbered(records)), [Finding::Inserted { seq: 5 }], "{place:?}");
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

    assert_eq!(check(&records), [Finding::Moved { seq: 4 }, Finding::Changed { seq: 4 }]);
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
    let noted = chain(9)[6].0.link;
    let mut last = Link::START;
    let anew: Chain = (1..=9)
        .map(|n| {
            let record = record(if n == 3 { 33 } else { n });
            let place = Place::behind(last, &record);
            last = place.link;
            (place, record)
        })
        .collect();

    assert_eq!(check(&anew), [], "the chain alone has no key");
    let mut verifier = Verifier::whole().expect(noted);
    anew.iter().for_each(|(place, record)| verifier.read(*place, record));
    assert_eq!(verifier.finish().findings, [Finding::NotTheKnown { seq: 7, after: 0 }]);
}

#[test]
fn a_check_can_go_on_where_an_earlier_one_ended() {
    let records = chain(9);
    let mut verifier = Verifier::after(records[4].0.link);
    records[5..].iter().for_each(|(place, record)| verifier.read(*place, record));
    let report = verifier.finish();

    assert!(report.is_intact());
    assert_eq!(report.sealed, 4);
}

#[test]
fn the_unsealed_tail_is_reported_as_such() {
    let records = chain(3);
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(place, record)| verifier.read(*place, record));
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
    let nowhere = Place { prev: Hash::ZERO, link: Link { seq: 1, hash: Hash::ZERO } };
    let records: Chain = (0..150).map(|_| (nowhere, record(1))).collect();
    let mut verifier = Verifier::whole();
    records.iter().for_each(|(place, record)| verifier.read(*place, record));
    let report = verifier.finish();

    assert_eq!((report.findings.len(), report.more_findings), (100, 50));
}

#[test]
fn every_finding_says_which_record_in_words() {
    assert_eq!(Finding::Missing { first: 3, last: 5 }.to_string(), "records 3 to 5 were cut out");
    assert_eq!(Finding::Moved { seq: 4 }.to_string(), "record 4 was moved");
    assert_eq!(Finding::Changed { seq: 4 }.to_string(), "record 4 was changed");
    assert_eq!(Finding::CutOff { first: 8, last: 9 }.to_string(), "records 8 to 9, the end, were cut off");
    assert!(Finding::Torn { seq: 4 }.to_string().contains("record 3 was changed and given a new hash"));
}

fn checkpoint(number: u64, link: Link) -> Checkpoint {
    Checkpoint { number, link, at: Timestamp::EPOCH }
}

/// A check of these records against checkpoints at 3, 6 and 9 of the honest chain.
fn signed(records: &[(Place, Record)]) -> Report {
    let honest = chain(9);
    let mut verifier = Verifier::whole();
    verifier.checkpoints_begin_at(1);
    for (number, at) in [(1, 3), (2, 6), (3, 9)] {
        verifier.checkpoint(checkpoint(number, honest[at - 1].0.link));
    }
    records.iter().for_each(|(place, record)| verifier.read(*place, record));
    verifier.finish()
}

#[test]
fn the_newest_checkpoint_that_holds_is_told() {
    let report = signed(&chain(11));

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.checkpoints, report.unsigned()), (3, 2));
    assert_eq!(report.signed.map(|checkpoint| checkpoint.number), Some(3));
}

// attack 101
#[test]
fn a_tail_cut_off_behind_a_checkpoint_is_named() {
    assert_eq!(signed(&chain(7)).findings, [Finding::CutOff { first: 8, last: 9 }]);
}

// attack 101
#[test]
fn a_chain_made_anew_between_two_checkpoints_is_found_and_bounded() {
    let mut last = Link::START;
    let anew: Chain = (1..=9)
        .map(|n| {
            let record = record(if n == 5 { 55 } else { n });
            let place = Place::behind(last, &record);
            last = place.link;
            (place, record)
        })
        .collect();

    let report = signed(&anew);

    assert_eq!(report.findings, [Finding::NotTheKnown { seq: 6, after: 3 }], "one finding, not one a checkpoint");
    assert_eq!(report.signed.map(|checkpoint| checkpoint.number), Some(1));
}

#[test]
fn checkpoints_that_were_taken_away_are_missed() {
    let honest = chain(9);
    let mut verifier = Verifier::whole();
    verifier.checkpoints_begin_at(1);
    verifier.checkpoint(checkpoint(2, honest[3].0.link));
    verifier.checkpoint(checkpoint(5, honest[6].0.link));
    honest.iter().for_each(|(place, record)| verifier.read(*place, record));

    assert_eq!(
        verifier.finish().findings,
        [Finding::CheckpointsMissing { first: 1, last: 1 }, Finding::CheckpointsMissing { first: 3, last: 4 }]
    );
}

#[test]
fn a_chain_whose_beginning_was_given_up_begins_behind_its_base() {
    let records = chain(9);
    let base = checkpoint(4, records[2].0.link);
    let check = |records: &[(Place, Record)]| {
        let mut verifier = Verifier::behind(base);
        verifier.checkpoint(checkpoint(5, chain(9)[6].0.link));
        records.iter().for_each(|(place, record)| verifier.read(*place, record));
        verifier.finish()
    };

    let report = check(&records[3..]);

    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!((report.sealed, report.start.seq, report.base), (6, 3, Some(base)));
    assert_eq!(check(&records[5..]).findings, [Finding::Missing { first: 4, last: 5 }], "more than was given up");
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
