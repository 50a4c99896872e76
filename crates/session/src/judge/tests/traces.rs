//! Traces that the model or the fault injection found, kept as they were found.

use super::*;

/// The thief takes generation 1, and the owner's next visit is over an hour later: both held a generation whose successor
/// nobody had presented, and each could make another, an hour after the other, for ever.
#[test]
fn two_holders_an_hour_apart_cannot_both_go_on() {
    let mut story = Story::new();
    assert_eq!(story.present(0, Some(EVE), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(0, Some(ADA), None, 3_700), RefreshCase::Reminted);

    assert_eq!(
        story.row.recent.iter().map(|s| (s.first, s.passed_at)).collect::<Vec<_>>(),
        [(0, None), (1, Some(at(3_700)))]
    );
    assert_eq!(story.present(1, Some(id(8)), Some(EVE), 7_400), RefreshCase::Theft);
}

/// A generation is handed out once more after a day, and at the same moment a page server finds its successor lost.
#[test]
fn a_token_that_was_just_handed_out_again_is_not_lost() {
    let mut story = Story::new();
    let day = 86_401;
    assert_eq!(story.present(0, Some(ADA), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(0, Some(ADA), None, day), RefreshCase::Repeated);
    assert_eq!(story.row.made_at, at(day));

    assert_eq!(story.present(0, None, None, day), RefreshCase::Late);
    assert_eq!(story.present(1, Some(BEN), Some(ADA), day + 3_700), RefreshCase::Rotated);
}

/// One answer of three is seven seconds late, and puts the older token back into the jar after the newer one has been used.
#[test]
fn an_answer_that_was_overtaken_signs_nobody_out() {
    let mut story = Story::new();
    assert_eq!(story.present(0, Some(ADA), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(0, Some(ADA), None, 0), RefreshCase::Repeated, "its answer is the one that will be late");
    assert_eq!(story.present(1, Some(BEN), Some(ADA), 1), RefreshCase::Rotated);
    assert_eq!(story.present(2, None, None, 4), RefreshCase::NoId, "the jar holds 2");

    // Now the late answer has arrived: the jar holds 1 again, and a page server without ids goes on with it.
    assert_eq!(story.present(1, None, None, 12), RefreshCase::Late);
    assert_eq!(story.present(1, None, None, 50), RefreshCase::Late);
    assert_eq!(story.present(1, Some(id(3)), Some(BEN), 51), RefreshCase::Repeated, "the next refresh heals it");
}

/// The same with a second storage of ids on the jar, which knows nothing of what the first has done, and comes after W.
#[test]
fn a_second_storage_after_an_overtaken_answer_signs_nobody_out() {
    let mut story = Story::new();
    assert_eq!(story.present(0, Some(BEN), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(0, Some(BEN), None, 0), RefreshCase::Repeated, "its answer is the one that will be late");
    assert_eq!(story.present(1, Some(ADA), None, 0), RefreshCase::Rotated);
    assert_eq!(story.present(2, Some(id(3)), Some(ADA), 0), RefreshCase::Rotated);

    // The late answer to the second storage arrives last: the jar holds 1.
    assert_eq!(story.present(1, Some(id(4)), Some(BEN), 31), RefreshCase::Late);
    assert_eq!(
        story.present(1, Some(id(4)), Some(BEN), 3_601),
        RefreshCase::Late,
        "for as long as nothing newer comes"
    );
}

/// The same where the storage is cleared in between, so that nothing proves anything.
#[test]
fn cleared_storage_after_an_overtaken_answer_signs_nobody_out() {
    let mut story = Story::new();
    for (n, attempt) in [(0, ADA), (0, ADA), (1, BEN), (2, id(3))] {
        story.present(n, Some(attempt), None, 0);
    }

    assert_eq!(story.present(1, Some(id(4)), None, 31), RefreshCase::Late);
    assert_eq!(story.row.generation, 3);
}

/// The same without any ids.
#[test]
fn an_overtaken_answer_without_ids_signs_nobody_out() {
    let mut story = Story::new();
    for n in [0, 0, 1, 2] {
        story.present(n, None, None, 0);
    }

    assert_eq!(story.present(1, None, None, 29), RefreshCase::LateNoIds, "the live token heals the jar");
    assert_eq!(story.present(1, None, None, 3_601), RefreshCase::Late);
}
