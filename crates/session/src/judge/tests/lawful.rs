//! What holds for every judgement, on rows and requests made at random.

use proptest::prelude::*;

use super::*;

fn any_row() -> impl Strategy<Value = RefreshRow> {
    let ids = proptest::collection::vec((0_u8..6, 0_u8..4), 0..=8)
        .prop_map(|v| v.into_iter().map(|(b, mints)| Answered { id: id(b), mints }).collect::<Vec<_>>());
    let entry = (0_u64..40, 0_u64..4, 0_i64..90, proptest::option::of(0_i64..90), ids.clone()).prop_map(
        |(first, length, spent, passed, answered)| Spent {
            first,
            last: first + length,
            spent_at: at(spent),
            passed_at: passed.map(at),
            answered,
        },
    );
    (
        (0_u64..40, proptest::option::of(0_u64..40), ids, proptest::collection::vec(entry, 0..=8)),
        (any::<bool>(), any::<bool>(), any::<bool>(), 0_i64..100_000),
    )
        .prop_map(|((generation, delivered, answered, recent), (uses_ids, bound, ended, seen))| RefreshRow {
            generation,
            delivered,
            answered,
            recent,
            uses_ids,
            bound_key: bound.then_some(KEY),
            ended: ended.then_some(Ended { at: START, reason: EndReason::SignedOut }),
            seen_at: at(seen),
            ..fresh()
        })
}

proptest! {
    /// Whatever the row and whatever is presented, the judgement keeps the row lawful.
    #[test]
    fn every_judgement_is_lawful(
        row in any_row(),
        n in prop_oneof![0_u64..45, any::<u64>()],
        attempt in proptest::option::of(0_u8..7),
        last in proptest::option::of(0_u8..7),
        proves: bool,
        seconds in 0_i64..3_000_000,
        settled: bool,
    ) {
        let presented = Presented {
            proof: proves.then_some(KEY),
            ..show(n, attempt.map(id), last.map(id))
        };
        let judged = judge(&row, &presented, Moment { now: at(seconds), settled }, &JudgePolicy::default());

        match (&judged.write, judged.answer) {
            (Some(written), answer) => {
                prop_assert_eq!(written.version, row.version + 1);
                prop_assert!(written.recent.len() <= RING && written.answered.len() <= RING);
                prop_assert!(written.generation >= row.generation && written.seen_at >= row.seen_at);
                prop_assert!(written.idle_deadline <= written.absolute_deadline);
                prop_assert_eq!(written.absolute_deadline, row.absolute_deadline);
                prop_assert_eq!(written.ended.is_some(), answer == Answer::Reused);
                prop_assert!(matches!(answer, Answer::Full | Answer::Thin | Answer::Reused | Answer::Expired));
                if answer == Answer::Expired {
                    let seen = RefreshRow { seen_at: written.seen_at, version: row.version + 1, ..row.clone() };
                    prop_assert_eq!(written, &seen, "expiry changes nothing but what was seen");
                }
                prop_assert!(row.ended.is_none(), "an ended row is never written");
            }
            // A token that is handed out once more may change nothing; one that is made is written.
            (None, Answer::Full) => {
                prop_assert!(matches!(judged.case, RefreshCase::Repeated | RefreshCase::LateNoIds))
            }
            (None, answer) => prop_assert!(answer != Answer::Reused),
        }
        // Nobody gets the owner's current token without a proof, a window without ids, or holding it.
        if judged.answer == Answer::Full && n < row.generation {
            let proven = judged.case == RefreshCase::Repeated || judged.case == RefreshCase::Proven;
            let fresh_one = judged.case == RefreshCase::Reminted;
            prop_assert!(proven || fresh_one || (judged.case == RefreshCase::LateNoIds && !row.uses_ids));
        }
    }
}
