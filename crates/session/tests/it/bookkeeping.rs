//! What the judged row keeps when there is no room for everything.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_session::judge::{JudgePolicy, Moment, Presented, judge, mac_period};
use countersign_store::{Answered, AttemptHash, RefreshRow, Spent};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn answered(ids: &[u8]) -> Vec<Answered> {
    ids.iter().map(|id| Answered { id: AttemptHash([*id; 16]), mints: 1 }).collect()
}

fn ids(answered: &[Answered]) -> Vec<u8> {
    answered.iter().map(|answered| answered.id.0[0]).collect()
}

/// A row whose spent generations were answered to these ids.
fn row(spent: &[&[u8]], live: &[u8]) -> RefreshRow {
    let entry =
        |(n, ids): (u64, &&[u8])| Spent { first: n, last: n, spent_at: NOW, passed_at: None, answered: answered(ids) };
    RefreshRow {
        generation: spent.len() as u64,
        answered: answered(live),
        recent: (0..).zip(spent).map(entry).collect(),
        uses_ids: true,
        ..RefreshRow::opened(NOW, mac_period(NOW), NOW + Lifetime::from_days(7), NOW + Lifetime::from_days(30))
    }
}

fn written(row: &RefreshRow, generation: u64, attempt: u8, ring: usize) -> RefreshRow {
    let presented = Presented { generation, attempt: Some(AttemptHash([attempt; 16])), ..Presented::default() };
    let policy = JudgePolicy { ring, ..JudgePolicy::default() };
    judge(row, &presented, Moment { now: NOW, settled: true }, &policy).write.unwrap()
}

#[test]
fn the_last_free_place_is_taken_before_anything_is_joined() {
    let row = written(&row(&[&[1]], &[2]), 1, 3, 2);

    assert_eq!(row.recent.iter().map(|spent| (spent.first, spent.last)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
}

#[test]
fn joined_generations_keep_the_ids_of_both_once_each_as_far_as_there_is_room() {
    for (ring, spent, kept) in [
        (3, &[&[2, 1][..], &[2, 3], &[4]][..], &[2, 3, 1][..]),
        (2, &[&[2, 1], &[2, 3]], &[2, 3]),
        (4, &[&[6, 7, 8], &[9], &[4], &[5]], &[9, 6, 7, 8]),
    ] {
        let row = written(&row(spent, &[10]), 40, 11, ring);

        assert_eq!(row.recent.len(), ring);
        assert_eq!((row.recent[0].first, row.recent[0].last), (0, 1));
        assert_eq!(ids(&row.recent[0].answered), kept, "ring of {ring}");
        assert_eq!(ids(&row.answered), [11]);
    }
}

#[test]
fn an_answer_that_is_given_again_adds_the_id_that_it_was_given_to_once() {
    let row = row(&[&[1]], &[2]);
    let presented = |attempt| Presented {
        attempt: Some(AttemptHash([attempt; 16])),
        last_attempt: Some(AttemptHash([2; 16])),
        ..Presented::default()
    };
    let answer = |attempt| {
        let moment = Moment { now: NOW, settled: true };
        judge(&row, &presented(attempt), moment, &JudgePolicy::default()).write.unwrap().answered
    };

    assert_eq!(ids(&answer(3)), [2, 3]);
    assert_eq!(ids(&answer(2)), [2]);
}
