//! The refresh table row by row: what is presented, what is answered, and why.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{Answered, AttemptHash, EndReason, Ended, RefreshRow, Spent};

use super::*;

mod lawful;
mod traces;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ADA: AttemptHash = AttemptHash([1; 16]);
const BEN: AttemptHash = AttemptHash([2; 16]);
const EVE: AttemptHash = AttemptHash([9; 16]);
const KEY: [u8; 32] = [7; 32];

fn at(seconds: i64) -> Timestamp {
    START + Lifetime::from_seconds(seconds)
}

fn fresh() -> RefreshRow {
    RefreshRow::opened(START, mac_period(START), START + Lifetime::from_days(7), START + Lifetime::from_days(30))
}

/// Generation 5, which Ada's id has minted; 4 was spent a minute ago, and 5 has not been presented.
fn running() -> RefreshRow {
    RefreshRow {
        generation: 5,
        delivered: Some(4),
        answered: vec![Answered { id: ADA, mints: 1 }],
        recent: vec![spent(4, 0, None, &[BEN])],
        uses_ids: true,
        version: 6,
        ..fresh()
    }
}

fn spent(n: u64, spent_at: i64, passed_at: Option<i64>, ids: &[AttemptHash]) -> Spent {
    Spent {
        first: n,
        last: n,
        spent_at: at(spent_at),
        passed_at: passed_at.map(at),
        answered: ids.iter().map(|&id| Answered { id, mints: 1 }).collect(),
    }
}

fn show(generation: u64, attempt: Option<AttemptHash>, last_attempt: Option<AttemptHash>) -> Presented {
    Presented { generation, attempt, last_attempt, proof: None }
}

fn judged_at(row: &RefreshRow, presented: Presented, seconds: i64) -> Judged {
    judge(row, &presented, Moment { now: at(seconds), settled: true }, &JudgePolicy::default())
}

/// A session that is driven on: each judgement's row is the next one's.
#[derive(Clone)]
struct Story {
    row: RefreshRow,
    policy: JudgePolicy,
}

impl Story {
    fn new() -> Self {
        Self { row: fresh(), policy: JudgePolicy::default() }
    }

    fn present(
        &mut self,
        n: u64,
        attempt: Option<AttemptHash>,
        last: Option<AttemptHash>,
        seconds: i64,
    ) -> RefreshCase {
        let judged =
            judge(&self.row, &show(n, attempt, last), Moment { now: at(seconds), settled: true }, &self.policy);
        if let Some(row) = judged.write {
            assert_eq!(row.version, self.row.version + 1);
            assert!(row.recent.len() <= self.policy.ring && row.answered.len() <= self.policy.ring);
            self.row = row;
        }
        judged.case
    }
}

fn id(byte: u8) -> AttemptHash {
    AttemptHash([byte; 16])
}

#[test]
fn the_table_decides_row_by_row() {
    use Answer::{Expired, Full, Invalid, Reused, Revoked, Thin};
    use RefreshCase as C;

    let ended = RefreshRow { ended: Some(Ended { at: START, reason: EndReason::SignedOut }), ..running() };
    let bound = RefreshRow { bound_key: Some(KEY), ..running() };
    let passed = RefreshRow { recent: vec![spent(3, 0, Some(40), &[BEN])], delivered: Some(4), ..running() };
    let crowded = RefreshRow { recent: (0..8).map(|n| spent(n, 0, None, &[])).collect(), generation: 8, ..running() };
    let answered_full =
        RefreshRow { answered: (20..28).map(|b| Answered { id: id(b), mints: 1 }).collect(), ..running() };
    let no_ids = RefreshRow { uses_ids: false, answered: vec![], recent: vec![spent(4, 0, None, &[])], ..running() };
    let minted_thrice = RefreshRow { answered: vec![Answered { id: ADA, mints: 3 }], ..running() };
    let proof = |n| Presented { proof: Some(KEY), ..show(n, Some(EVE), None) };
    let week = 7 * 86_400;

    #[rustfmt::skip]
    let table: &[(&str, &RefreshRow, Presented, i64, C, Answer)] = &[
        // Row 1
        ("nothing so far ahead was ever issued", &running(), show(5 + (1 << 20) + 1, Some(EVE), None), 60, C::Invalid, Invalid),
        ("just near enough to be a rollback", &running(), show(5 + (1 << 20), Some(EVE), None), 60, C::Recovered, Full),
        ("a bound session answers nobody without proof", &bound, show(5, Some(EVE), None), 60, C::Invalid, Invalid),
        ("nor with a proof by another key", &bound, Presented { proof: Some([8; 32]), ..show(5, Some(EVE), None) }, 60, C::Invalid, Invalid),
        // Row 2
        ("an ended session never answers again", &ended, show(5, Some(EVE), Some(ADA)), 60, C::Ended, Revoked),
        ("a moment before the idle deadline it lives", &running(), show(5, Some(EVE), None), week - 1, C::Rotated, Full),
        ("at the idle deadline it is over", &running(), show(5, Some(EVE), None), week, C::Expired, Expired),
        ("from beyond a rollback, only the absolute deadline counts", &running(), show(9, Some(EVE), None), week, C::Recovered, Full),
        ("but that does", &running(), show(9, Some(EVE), None), 30 * 86_400, C::Expired, Expired),
        ("past deadlines a spent token is no theft", &passed, show(1, Some(EVE), None), week, C::Expired, Expired),
        // Row 3
        ("the row was rolled back", &running(), show(9, Some(EVE), None), 60, C::Recovered, Full),
        // Row 4
        ("a page server leaves rotation to the browser", &running(), show(5, None, None), 60, C::NoId, Thin),
        ("the last id alone does not make a rotator", &running(), show(5, None, Some(ADA)), 60, C::NoId, Thin),
        ("an id that minted thrice counts as absent", &minted_thrice, show(5, Some(ADA), None), 60, C::NoId, Thin),
        ("after a day without the browser the server rotates", &running(), show(5, None, None), 86_400, C::Rotated, Full),
        ("without ids from the start everyone rotates", &no_ids, show(5, None, None), 60, C::Rotated, Full),
        // Row 5
        ("the live generation rotates", &running(), show(5, Some(EVE), Some(ADA)), 60, C::Rotated, Full),
        ("more rotations than are remembered wait", &crowded, show(8, Some(EVE), None), 1, C::Crowded, Thin),
        // Row 6
        ("the answer was lost: the same id gets it again", &running(), show(4, Some(ADA), Some(BEN)), 60, C::Repeated, Full),
        ("however late", &running(), show(4, Some(ADA), Some(BEN)), 6 * 86_400, C::Repeated, Full),
        ("the last id proves it as well", &running(), show(4, Some(EVE), Some(ADA)), 60, C::Repeated, Full),
        ("eight ids are enough for one generation", &answered_full, show(4, Some(EVE), Some(id(20))), 60, C::RepeatedCrowded, Thin),
        ("one of the eight is not a ninth", &answered_full, show(4, Some(id(20)), None), 60, C::Repeated, Full),
        // Row 7
        ("its successor has not been presented: harmless", &running(), show(4, Some(EVE), None), 600, C::Late, Thin),
        ("passed less than W ago: harmless", &passed, show(3, Some(EVE), None), 69, C::Late, Thin),
        ("an id of a recent generation: harmless", &passed, show(1, Some(BEN), None), 69, C::LateKnown, Thin),
        ("no ids ever, spent less than W ago: the current token", &no_ids, show(4, None, None), 29, C::LateNoIds, Full),
        ("no ids ever, spent W ago: thin", &no_ids, show(4, None, None), 30, C::Late, Thin),
        ("the successor is an hour old: not yet surely lost", &running(), show(4, Some(EVE), None), 3_600, C::Late, Thin),
        ("the successor is older than an hour: make another", &running(), show(4, Some(EVE), None), 3_601, C::Reminted, Full),
        ("without ids one waits a day for those who have them", &running(), show(4, None, None), 86_400, C::Late, Thin),
        ("and no longer", &running(), show(4, None, None), 86_401, C::Reminted, Full),
        // Row 8
        ("the bound key proves its holder, however old the token", &RefreshRow { bound_key: Some(KEY), ..passed.clone() }, proof(1), 300, C::Proven, Full),
        // Row 9
        ("passed W ago: theft", &passed, show(3, Some(EVE), None), 70, C::Theft, Reused),
        ("never remembered: theft", &passed, show(1, Some(EVE), None), 60, C::Theft, Reused),
        ("ids of a forgotten generation prove nothing", &passed, show(1, Some(BEN), None), 70, C::Theft, Reused),
    ];

    for (reason, row, presented, seconds, case, answer) in table {
        let judged = judged_at(row, *presented, *seconds);
        assert_eq!((judged.case, judged.answer), (*case, *answer), "{reason}");
    }
}

#[test]
fn rotation_keeps_what_the_next_judgement_needs() {
    let judged = judged_at(&running(), show(5, Some(EVE), Some(ADA)), 60);

    let row = judged.write.unwrap();
    assert_eq!((row.generation, row.made_at, row.delivered, row.version), (6, at(60), Some(5), 7));
    assert_eq!(row.answered, vec![Answered { id: EVE, mints: 1 }]);
    assert_eq!(
        row.recent,
        vec![
            spent(4, 0, Some(60), &[BEN]),
            Spent {
                first: 5,
                last: 5,
                spent_at: at(60),
                passed_at: None,
                answered: vec![Answered { id: ADA, mints: 1 }]
            },
        ]
    );
    assert_eq!(row.idle_deadline, at(60) + Lifetime::from_days(7));
}

#[test]
fn recovery_leaps_over_what_the_lost_timeline_issued() {
    let judged = judged_at(&running(), show(9, Some(EVE), None), 60);

    let row = judged.write.unwrap();
    assert_eq!((row.generation, row.delivered), (9 + 1024, Some(9)));
    let range = row.recent.last().unwrap();
    assert_eq!((range.first, range.last, range.passed_at), (5, 9 + 1023, None));
    assert_eq!(range.answered, vec![Answered { id: ADA, mints: 1 }]);
}

#[test]
fn recovery_into_a_full_ring_forgets_no_generation() {
    for ring in 1..=RING {
        let recent: Vec<_> = (0..ring as u64).map(|n| spent(n, 0, None, &[])).collect();
        let row = RefreshRow { generation: ring as u64, recent, ..running() };
        let policy = JudgePolicy { ring, ..JudgePolicy::default() };

        let moment = Moment { now: at(1), settled: true };
        let row = judge(&row, &show(40, Some(EVE), None), moment, &policy).write.unwrap();

        assert!(row.recent.len() <= ring);
        for n in 0..40 + 1024 {
            assert!(
                row.recent.iter().any(|s| s.first <= n && n <= s.last),
                "generation {n} forgotten with ring {ring}"
            );
        }
    }
}

#[test]
fn an_entry_begins_to_age_once_and_is_never_renewed() {
    let mut story = Story::new();
    assert_eq!(story.present(0, Some(id(1)), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(1, Some(id(2)), Some(id(1)), 100), RefreshCase::Rotated);
    assert_eq!(story.row.recent[0].passed_at, Some(at(100)));

    assert_eq!(story.present(0, Some(EVE), None, 110), RefreshCase::Late);
    assert_eq!(story.present(2, Some(id(3)), Some(id(2)), 120), RefreshCase::Rotated);

    assert_eq!(story.row.recent[0].passed_at, Some(at(100)), "neither a late guest nor a later rotation renews it");
    assert_eq!(story.present(0, Some(EVE), None, 130), RefreshCase::Theft);
}

#[test]
fn theft_ends_the_session_in_the_row_itself() {
    let mut story = Story::new();
    for n in 0..3_u8 {
        story.present(u64::from(n), Some(id(n + 1)), None, i64::from(n) * 600);
    }

    assert_eq!(story.present(0, Some(EVE), None, 1_900), RefreshCase::Theft);

    assert_eq!(story.row.ended, Some(Ended { at: at(1_900), reason: EndReason::Theft }));
    assert_eq!(story.present(3, Some(id(4)), Some(id(3)), 1_901), RefreshCase::Ended);
}

#[test]
fn five_tabs_with_one_cookie_make_one_successor() {
    let mut story = Story::new();

    assert_eq!(story.present(0, Some(ADA), None, 0), RefreshCase::Rotated);
    for _ in 0..4 {
        assert_eq!(story.present(0, Some(ADA), None, 1), RefreshCase::Repeated);
    }

    assert_eq!(story.row.generation, 1);
}

#[test]
fn a_lost_answer_is_given_again_after_days() {
    let mut story = Story::new();
    story.present(0, Some(ADA), None, 0);

    assert_eq!(story.present(0, Some(ADA), None, 5 * 86_400), RefreshCase::Repeated);
    assert_eq!(story.row.generation, 1);
}

#[test]
fn an_id_mints_three_generations_and_then_counts_as_absent() {
    let mut story = Story::new();
    assert_eq!(story.present(0, Some(ADA), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(1, Some(ADA), None, 1), RefreshCase::Rotated);
    assert_eq!(story.present(2, Some(ADA), None, 2), RefreshCase::Rotated);
    assert_eq!(story.row.answered, vec![Answered { id: ADA, mints: 3 }]);

    assert_eq!(story.present(3, Some(ADA), None, 3), RefreshCase::NoId);
}

#[test]
fn whoever_has_used_up_his_id_waits_an_hour_and_a_page_server_a_day() {
    let (hour, day) = (3_600, 86_400);
    for (sent, patience) in [(Some(ADA), hour), (None, day)] {
        let mut story = Story::new();
        for n in 0..3 {
            story.present(n, Some(ADA), None, 0);
        }
        let mut lost = story.clone();

        assert_eq!(story.present(3, sent, None, patience - 1), RefreshCase::NoId);
        assert_eq!(story.present(3, sent, None, patience), RefreshCase::Rotated);
        assert_eq!(lost.present(2, sent, None, patience), RefreshCase::Late);
        assert_eq!(lost.present(2, sent, None, patience + 1), RefreshCase::Reminted);
    }
}

#[test]
fn a_clock_that_steps_back_makes_nothing_young_again() {
    let mut story = Story::new();
    story.present(0, Some(id(1)), None, 0);
    story.present(1, Some(id(2)), None, 100);
    story.present(2, Some(id(3)), None, 200);

    assert_eq!(story.present(0, Some(EVE), None, 110), RefreshCase::Theft);
}

#[test]
fn in_the_first_window_after_a_start_nothing_ages_out() {
    let row = RefreshRow { recent: vec![spent(3, 0, Some(40), &[])], ..running() };
    let judged = |settled| {
        judge(&row, &show(3, Some(EVE), None), Moment { now: at(5_000), settled }, &JudgePolicy::default()).case
    };

    assert_eq!(judged(false), RefreshCase::Late);
    assert_eq!(judged(true), RefreshCase::Theft);
}

#[test]
fn the_strict_policy_forgives_only_within_the_window_after_spending() {
    let policy = JudgePolicy { undelivered: Undelivered::Theft, ..JudgePolicy::default() };
    let judged = |seconds| {
        let moment = Moment { now: at(seconds), settled: true };
        judge(&running(), &show(4, Some(EVE), None), moment, &policy).case
    };

    assert_eq!(judged(29), RefreshCase::Late);
    assert_eq!(judged(30), RefreshCase::Theft);
    assert_eq!(judged(4_000), RefreshCase::Theft);
}

#[test]
fn a_quiet_thin_answer_writes_at_most_once_a_minute() {
    let nothing_to_age = RefreshRow { recent: vec![], ..running() };
    let seen = RefreshRow { delivered: Some(5), idle_deadline: at(0) + Lifetime::from_days(7), ..nothing_to_age };

    assert_eq!(judged_at(&seen, show(5, None, None), 59).write, None);
    let row = judged_at(&seen, show(5, None, None), 60).write.unwrap();
    assert_eq!(row.idle_deadline, at(60) + Lifetime::from_days(7));
}

#[test]
fn idle_never_slides_past_the_absolute_deadline() {
    let row = RefreshRow { idle_deadline: START + Lifetime::from_days(30), ..running() };

    let judged = judged_at(&row, show(5, Some(EVE), None), 29 * 86_400);

    assert_eq!(judged.write.unwrap().idle_deadline, row.absolute_deadline);
}

#[test]
fn what_has_expired_stays_expired_when_the_clock_steps_back() {
    let mut story = Story::new();
    let week = 7 * 86_400;
    assert_eq!(story.present(0, Some(ADA), None, week), RefreshCase::Expired);
    assert_eq!(story.row.seen_at, at(week));

    assert_eq!(story.present(0, Some(ADA), None, week - 60), RefreshCase::Expired);

    assert_eq!(judged_at(&story.row, show(0, Some(ADA), None), week + 1).write, None, "it is written once");
}

/// A presentation passes what was spent more than W before it, also where nothing else changes.
#[test]
fn a_crowded_session_goes_on_after_its_windows() {
    let mut story = Story::new();
    for n in 0..8_u8 {
        assert_eq!(story.present(u64::from(n), Some(id(n + 1)), None, 0), RefreshCase::Rotated);
    }
    assert_eq!(story.present(8, Some(ADA), None, 1), RefreshCase::Crowded);

    assert_eq!(story.present(8, Some(ADA), None, 31), RefreshCase::Crowded, "from now on they age");
    assert_eq!(story.present(8, Some(ADA), None, 60), RefreshCase::Crowded);
    assert_eq!(story.present(8, Some(ADA), None, 61), RefreshCase::Rotated);
}

#[test]
fn a_generation_is_passed_by_what_comes_more_than_w_after_it_was_spent() {
    for (seconds, passed) in [(29, None), (30, None), (31, Some(at(31)))] {
        let row = judged_at(&running(), show(5, Some(EVE), Some(ADA)), seconds).write.unwrap();
        assert_eq!(row.recent[0].passed_at, passed, "after {seconds} s");
    }
}

#[test]
fn a_thin_answer_to_the_live_token_writes_that_it_was_delivered() {
    let judged = judged_at(&running(), show(5, None, None), 1);

    assert_eq!(judged.answer, Answer::Thin);
    let row = judged.write.unwrap();
    assert_eq!((row.delivered, row.recent), (Some(5), running().recent));
}

#[test]
fn a_mac_period_lasts_ninety_days() {
    let days = |days| mac_period(Timestamp::EPOCH + Lifetime::from_days(days));

    assert_eq!([days(0), days(89), days(90), days(179), days(180)], [0, 0, 1, 1, 2]);
    assert_eq!(mac_period(START), 231);
}
