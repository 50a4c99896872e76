//! The promises of [`Limiter`], as tests that any engine must pass.
//!
//! A promise is an async function whose name says it and which panics where it is broken. An engine's test crate makes one test of
//! each with [`for_each_promise!`](crate::for_each_promise), giving it an empty limiter.
//!
//! Not here: races, which each engine is put through in its own way, and what an engine does with its memory.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic: these are tests"
)]

use countersign_kernel::{Lifetime, Timestamp};

use crate::limiter::{Limiter, Receipt, Refused, Taken};
use crate::quota::Quota;

/// Five in a quarter of an hour.
pub const FIVE: Quota = Quota { name: "five", limit: 5, window: Lifetime::from_minutes(15) };

/// Three in a minute.
pub const THREE: Quota = Quota { name: "three", limit: 3, window: Lifetime::from_minutes(1) };

/// Gives every promise to the macro `$test`.
#[macro_export]
macro_rules! for_each_promise {
    ($test:ident) => {
        $test! {
            the_window_slides_and_says_exactly_when_to_come_back,
            readings_tell_what_is_left_and_when_there_is_more,
            of_several_buckets_all_are_charged_or_none,
            the_longest_wait_of_several_full_buckets_is_said,
            of_buckets_that_are_full_for_equally_long_the_first_is_named,
            giving_back_returns_ones_own_charge_alone_and_reads_in_the_same_step,
            giving_back_what_is_long_forgotten_changes_nothing,
            two_receipts_joined_return_both_charges,
            only_the_first_refusal_of_a_window_is_worth_a_record,
            one_key_under_two_names_is_two_buckets,
            a_limit_of_zero_refuses_and_a_clock_that_steps_back_frees_nothing,
            a_lower_limit_holds_at_once_for_buckets_that_exist,
            a_limit_that_was_lowered_says_when_it_is_kept_again,
        }
    };
}

/// A moment in these tests.
#[must_use]
pub const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

/// The receipt of a charge that was allowed.
#[must_use]
pub fn allowed(taken: Taken) -> Receipt {
    match taken {
        Taken::Allowed { receipt, .. } => receipt,
        Taken::Refused(refused) => panic!("{refused:?}"),
    }
}

/// What was said to a charge that was refused.
#[must_use]
pub fn refused(taken: Taken) -> Refused {
    match taken {
        Taken::Refused(refused) => refused,
        Taken::Allowed { readings, .. } => panic!("{readings:?}"),
    }
}

/// To the microsecond.
pub async fn the_window_slides_and_says_exactly_when_to_come_back(limiter: &dyn Limiter) {
    let charge = [(FIVE, limiter.key(&[b"ada"]))];
    for second in 0..5 {
        let _ = allowed(limiter.take(&charge, at(second)).await);
    }

    let refusal = refused(limiter.take(&charge, at(10)).await);
    assert_eq!((refusal.name, refusal.retry_after), ("five", Lifetime::from_seconds(890)));
    let _ = refused(limiter.take(&charge, Timestamp::from_micros(at(900).as_micros() - 1)).await);
    let _ = allowed(limiter.take(&charge, at(900)).await);
    assert_eq!(refused(limiter.take(&charge, at(900)).await).retry_after, Lifetime::from_seconds(1));
}

/// And looking changes nothing.
pub async fn readings_tell_what_is_left_and_when_there_is_more(limiter: &dyn Limiter) {
    let charge = [(FIVE, limiter.key(&[b"ada"]))];
    let _ = allowed(limiter.take(&charge, at(0)).await);
    let Taken::Allowed { readings, .. } = limiter.take(&charge, at(100)).await else { panic!("a second of five") };

    let reading = readings[0];
    assert_eq!((reading.name, reading.limit, reading.remaining, reading.window), ("five", 5, 3, FIVE.window));
    assert_eq!(reading.reset, Lifetime::from_seconds(800));
    assert_eq!(limiter.peek(FIVE, charge[0].1, at(100)).await, reading);
    assert_eq!(limiter.peek(FIVE, charge[0].1, at(100)).await, reading, "looking changes nothing");
}

/// A refusal tells how full each of them is.
pub async fn of_several_buckets_all_are_charged_or_none(limiter: &dyn Limiter) {
    let (ada, bob) = (limiter.key(&[b"ada"]), limiter.key(&[b"bob"]));
    for _ in 0..3 {
        let _ = allowed(limiter.take(&[(THREE, bob)], at(0)).await);
    }

    let refusal = refused(limiter.take(&[(FIVE, ada), (THREE, bob)], at(0)).await);

    assert_eq!((refusal.name, limiter.peek(FIVE, ada, at(0)).await.remaining), ("three", 5));
    let both: Vec<_> = refusal.readings.iter().map(|r| (r.name, r.remaining)).collect();
    assert_eq!(both, [("five", 5), ("three", 0)]);
}

/// Whichever comes first.
pub async fn the_longest_wait_of_several_full_buckets_is_said(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    for _ in 0..3 {
        let _ = allowed(limiter.take(&[(THREE, key), (FIVE, key)], at(0)).await);
    }
    for _ in 0..2 {
        let _ = allowed(limiter.take(&[(FIVE, key)], at(1)).await);
    }

    for charges in [[(THREE, key), (FIVE, key)], [(FIVE, key), (THREE, key)]] {
        let refusal = refused(limiter.take(&charges, at(10)).await);
        assert_eq!((refusal.name, refusal.retry_after), ("five", Lifetime::from_seconds(890)));
    }
}

/// In the order of the call.
pub async fn of_buckets_that_are_full_for_equally_long_the_first_is_named(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    let charges = [(THREE, key), (Quota { name: "also three", ..THREE }, key)];
    for _ in 0..3 {
        let _ = allowed(limiter.take(&charges, at(0)).await);
    }

    assert_eq!(refused(limiter.take(&charges, at(1)).await).name, "three");
}

/// One call's own charge, of every bucket, and not what others have used up.
pub async fn giving_back_returns_ones_own_charge_alone_and_reads_in_the_same_step(limiter: &dyn Limiter) {
    let charge = [(FIVE, limiter.key(&[b"ada"])), (THREE, limiter.key(&[b"bob"]))];
    for _ in 0..2 {
        let _ = allowed(limiter.take(&charge, at(0)).await);
    }
    let mine = allowed(limiter.take(&charge, at(1)).await);
    let _ = allowed(limiter.take(&charge[..1], at(2)).await);

    let readings = limiter.give_back(mine, &charge, at(2)).await;

    assert_eq!(readings, limiter.readings(&charge, at(2)).await);
    assert_eq!(readings.iter().map(|r| r.remaining).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        limiter.peek(FIVE, charge[0].1, at(900)).await.remaining,
        4,
        "the failures of second 0 are gone, that of second 2 is not"
    );
}

/// What has happened since stays.
pub async fn giving_back_what_is_long_forgotten_changes_nothing(limiter: &dyn Limiter) {
    let charge = [(THREE, limiter.key(&[b"ada"]))];
    let old = allowed(limiter.take(&charge, at(0)).await);
    let _ = allowed(limiter.take(&charge, at(60)).await);

    let readings = limiter.give_back(old, &charge, at(60)).await;

    assert_eq!((readings[0].remaining, limiter.peek(THREE, charge[0].1, at(60)).await.remaining), (2, 2));
}

/// In one call.
pub async fn two_receipts_joined_return_both_charges(limiter: &dyn Limiter) {
    let (ada, bob) = ((FIVE, limiter.key(&[b"ada"])), (THREE, limiter.key(&[b"bob"])));
    let both = allowed(limiter.take(&[ada], at(0)).await).and(allowed(limiter.take(&[bob], at(0)).await));

    let readings = limiter.give_back(both, &[ada, bob], at(0)).await;

    assert_eq!(readings.iter().map(|r| r.remaining).collect::<Vec<_>>(), [5, 3]);
}

/// And the first of the next.
pub async fn only_the_first_refusal_of_a_window_is_worth_a_record(limiter: &dyn Limiter) {
    let charge = [(THREE, limiter.key(&[b"ada"]))];
    let mut firsts = Vec::new();
    for (begins, tries) in [(0, [1, 2, 59]), (61, [62, 63, 64])] {
        for _ in 0..3 {
            let _ = allowed(limiter.take(&charge, at(begins)).await);
        }
        for second in tries {
            firsts.push(refused(limiter.take(&charge, at(second)).await).first_in_window);
        }
    }
    assert_eq!(firsts, [true, false, false, true, false, false]);
}

/// One limit that is used up leaves the others alone.
pub async fn one_key_under_two_names_is_two_buckets(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    for _ in 0..3 {
        let _ = allowed(limiter.take(&[(THREE, key)], at(0)).await);
    }
    let _ = refused(limiter.take(&[(THREE, key)], at(0)).await);
    let _ = allowed(limiter.take(&[(FIVE, key)], at(0)).await);
}

/// There is nothing to wait for, so the whole window is said.
pub async fn a_limit_of_zero_refuses_and_a_clock_that_steps_back_frees_nothing(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    let none = refused(limiter.take(&[(Quota { limit: 0, ..THREE }, key)], at(0)).await);
    assert_eq!((none.retry_after, none.first_in_window), (THREE.window, true));

    for _ in 0..3 {
        let _ = allowed(limiter.take(&[(THREE, key)], at(100)).await);
    }
    let _ = refused(limiter.take(&[(THREE, key)], at(0)).await);
}

/// And a higher one too.
pub async fn a_lower_limit_holds_at_once_for_buckets_that_exist(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    for _ in 0..4 {
        let _ = allowed(limiter.take(&[(FIVE, key)], at(0)).await);
    }
    let _ = refused(limiter.take(&[(Quota { limit: 4, ..FIVE }, key)], at(1)).await);
    let _ = allowed(limiter.take(&[(FIVE, key)], at(1)).await);
}

/// When enough is forgotten, not when the first is.
pub async fn a_limit_that_was_lowered_says_when_it_is_kept_again(limiter: &dyn Limiter) {
    let key = limiter.key(&[b"ada"]);
    for second in 0..5 {
        let _ = allowed(limiter.take(&[(FIVE, key)], at(second)).await);
    }

    let refusal = refused(limiter.take(&[(Quota { limit: 3, ..FIVE }, key)], at(10)).await);
    assert_eq!(refusal.retry_after, Lifetime::from_seconds(2 + 900 - 10), "three of the five must be forgotten");
    let refusal = refused(limiter.take(&[(Quota { limit: 0, ..FIVE }, key)], at(10)).await);
    assert_eq!(refusal.retry_after, FIVE.window, "nothing to wait for");
}
