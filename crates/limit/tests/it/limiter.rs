use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use countersign_kernel::{Env, Lifetime};
use countersign_limit::testing::contract::{FIVE, THREE, allowed, at, refused};
use countersign_limit::{
    AddressTiers, Answer, Counted, Limiter, MemoryLimiter, Policies, Quota, Receipt, Taken, Tunable, Unlimited,
};

fn limiter() -> MemoryLimiter {
    MemoryLimiter::new(10_000, &Env::system())
}

/// The answer of a limiter that has nobody to ask.
fn at_once<T>(answer: Answer<'_, T>) -> T {
    answer.at_once().expect("nobody had to be asked")
}

#[test]
fn parts_of_a_key_are_kept_apart_and_keys_differ_between_processes() {
    let (one, other) = (limiter(), limiter());
    assert_eq!(one.key(&[b"ab", b"c"]), one.key(&[b"ab", b"c"]));
    assert_ne!(one.key(&[b"ab", b"c"]), one.key(&[b"a", b"bc"]));
    assert_ne!(one.key(&[b"ab", b"c"]), one.key(&[b"abc"]));
    assert_ne!(one.key(&[b"ab", b"c"]), other.key(&[b"ab", b"c"]), "each process has its own secret");
}

// attack 115
/// A burst of parallel calls gets exactly the limit.
#[test]
fn of_a_parallel_burst_exactly_the_limit_gets_through() {
    let limiter = Arc::new(limiter());
    let charge = [(FIVE, limiter.key(&[b"ada"])), (Quota { limit: 1_000, ..THREE }, limiter.key(&[b"192.0.2.7"]))];
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            thread::spawn(move || {
                (0..50).filter(|_| matches!(limiter.take(&charge, at(0)), Taken::Allowed { .. })).count()
            })
        })
        .collect();
    let through: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();

    assert_eq!(through, 5);
    assert_eq!(limiter.peek(charge[1].0, charge[1].1, at(0)).remaining, 995, "the refused ones charged nothing");
}

// attack 120
/// Whoever commands a /48 does not get a fresh bucket with every /64 of it.
#[test]
fn rotating_through_a_48_is_limited_too() {
    let limiter = limiter();
    let quota = Policies::default().sign_in_address;
    let take = |address: String| limiter.take(&AddressTiers::of(address.parse().ok()).charges(&limiter, quota), at(0));

    let through = (0..1_000).filter(|n| matches!(take(format!("2001:db8:1:{n:x}::1")), Taken::Allowed { .. })).count();
    assert_eq!(through, 4 * 30);
    assert_eq!(refused(take("2001:db8:1:ffff::1".to_owned())).name, "sign_in_address");
    let _ = allowed(take("2001:db8:2::1".to_owned()));

    let one_net = (0..1_000).filter(|n| matches!(take(format!("2001:db8:3:1::{n:x}")), Taken::Allowed { .. })).count();
    assert_eq!(one_net, 30);
}

#[test]
fn an_address_together_with_an_account_is_one_bucket_of_the_narrowest_network() {
    let limiter = limiter();
    let charge = |address: &str, account: &[u8]| {
        AddressTiers::of(address.parse().ok()).charge_with(&limiter, THREE, account).unwrap()
    };
    let ada = charge("2001:db8:1:2::1", b"ada");

    assert_eq!(ada.0, THREE);
    assert_eq!(ada, charge("2001:db8:1:2:ffff::9", b"ada"), "one /64");
    assert_ne!(ada.1, charge("2001:db8:1:3::1", b"ada").1, "another /64");
    assert_ne!(ada.1, charge("2001:db8:1:2::1", b"ben").1, "another account");
}

#[test]
fn of_two_tiers_the_tighter_one_is_told() {
    let limiter = limiter();
    let charges = AddressTiers::of("2001:db8:1:2::1".parse().ok()).charges(&limiter, THREE);
    let Taken::Allowed { readings, .. } = limiter.take(&charges, at(0)) else { panic!() };
    assert_eq!(readings.iter().map(|r| (r.limit, r.remaining)).collect::<Vec<_>>(), [(3, 2)]);
}

#[test]
fn of_two_tiers_the_one_with_the_smaller_share_left_is_told() {
    let limiter = limiter();
    let narrow = (THREE, limiter.key(&[b"narrow"]));
    let wide = (THREE.times(4), limiter.key(&[b"wide"]));
    let told = |charges: &[_]| -> Vec<_> {
        limiter.readings(charges, at(0)).iter().map(|r| (r.name, r.limit, r.remaining)).collect()
    };
    assert_eq!(told(&[narrow, wide]), [("three", 3, 3)], "of equal shares the first");

    for _ in 0..11 {
        let _ = allowed(limiter.take(&[wide], at(0)));
    }

    assert_eq!(told(&[narrow, wide]), [("three", 12, 1)]);
    assert_eq!(told(&[wide, narrow]), [("three", 12, 1)]);
    let other = (FIVE, narrow.1);
    assert_eq!(told(&[narrow, other, wide]), [("three", 12, 1), ("five", 5, 5)], "one reading a name");
}

#[test]
fn without_limits_nothing_is_ever_refused() {
    let key = Unlimited.key(&[b"ada"]);
    for _ in 0..1_000 {
        let _ = allowed(at_once(Unlimited.take(&[(Quota { limit: 0, ..THREE }, key)], at(0))));
    }
}

#[test]
fn a_limit_can_be_changed_while_it_counts_and_nothing_counted_is_forgotten() {
    let built = Policies::default();
    let tunable = Tunable::new(Arc::new(limiter()), built.clone());
    let key = tunable.key(&[b"ada"]);
    let quota = built.sign_in_address_account;
    for _ in 0..3 {
        let _ = allowed(at_once(tunable.take(&[(quota, key)], at(0))));
    }
    let mut tighter = built.clone();
    tighter.set("sign_in_address_account", 3, Lifetime::from_minutes(15)).unwrap();

    tunable.tune(tighter);
    assert_eq!(refused(at_once(tunable.take(&[(quota, key)], at(1)))).readings[0].limit, 3);
    tunable.tune(built.clone());
    let _ = allowed(at_once(tunable.take(&[(quota, key)], at(1))));

    let wide = built.sign_in_address.times(4);
    let mut doubled = built.clone();
    doubled.set("sign_in_address", 60, Lifetime::from_minutes(5)).unwrap();
    tunable.tune(doubled);
    let reading = at_once(tunable.peek(wide, key, at(1)));
    assert_eq!((reading.limit, reading.window), (240, Lifetime::from_minutes(5)), "a tier keeps its multiple");
    assert_eq!(at_once(tunable.peek(FIVE, key, at(1))).limit, 5, "a limit of no policy is what it was");
}

#[test]
fn a_limit_holds_as_it_was_given_where_nobody_tunes_it_and_refusals_are_counted_by_who_counts() {
    let limiter = limiter();
    for second in 0..6 {
        let _ = limiter.take(&[(FIVE, limiter.key(&[b"ada"]))], at(second));
    }

    assert_eq!(limiter.present(FIVE), Some(FIVE));
    assert_eq!(limiter.refused(), []);
    assert_eq!((Unlimited.present(FIVE), Unlimited.occupancy().keys), (None, 0));
}

#[test]
fn a_limiter_around_another_passes_everything_on() {
    let built = Policies::default();
    let quota = built.sign_in_address_account;
    let tuned = |inner: Arc<dyn Limiter>| {
        let tunable = Tunable::new(inner, built.clone());
        let mut tighter = built.clone();
        tighter.set(quota.name, 3, quota.window).unwrap();
        tunable.tune(tighter);
        tunable
    };
    let around: [Arc<dyn Limiter>; 2] = [
        Arc::new(tuned(Arc::new(Counted::new(Arc::new(limiter()))))),
        Arc::new(Counted::new(Arc::new(tuned(Arc::new(limiter()))))),
    ];
    for limiter in around {
        let charge = [(quota, limiter.key(&[b"ada"]))];
        let receipt = allowed(at_once(limiter.take(&charge, at(0))));
        assert_eq!(
            at_once(limiter.readings(&charge, at(0))).iter().map(|reading| reading.remaining).collect::<Vec<_>>(),
            [2]
        );
        assert_eq!(limiter.occupancy().keys, 1);
        assert_eq!(limiter.present(quota).map(|present| present.limit), Some(3));

        let back = at_once(limiter.give_back(receipt, &charge, at(0)));
        assert_eq!(back, [at_once(limiter.peek(quota, charge[0].1, at(0)))]);
        assert_eq!(back[0].remaining, 3);
        for _ in 0..3 {
            let _ = allowed(at_once(limiter.take(&charge, at(1))));
        }
        let _ = refused(at_once(limiter.take(&charge, at(1))));
        let _ = refused(at_once(limiter.take(&charge, at(1))));
        let none = Quota { limit: 0, ..THREE };
        let _ = refused(at_once(limiter.take(&[(none, charge[0].1)], at(1))));
        assert_eq!(limiter.refused(), [(quota.name, 2), ("three", 1)]);
    }
}

#[test]
fn an_answer_that_is_there_needs_no_turn_and_one_that_comes_later_is_awaited() {
    let mut nobody = Context::from_waker(Waker::noop());
    let mut there = Answer::now(20).map(|n| n + 1);
    assert_eq!(Pin::new(&mut there).poll(&mut nobody), Poll::Ready(21));
    let mut later = Answer::later(async { 20 }).map(|n| n + 1);
    assert_eq!(Pin::new(&mut later).poll(&mut nobody), Poll::Ready(21));

    assert_eq!(Answer::now(1).at_once(), Some(1));
    assert_eq!(Answer::later(async { 1 }).at_once(), None);
}

#[test]
fn a_receipt_keeps_what_was_charged_elsewhere_for_one_who_returns_it() {
    let (one, other) = ((1, at(1)), (2, at(2)));
    let mut receipt = Receipt::default().with_shared(vec![one]).and(Receipt::default().with_shared(vec![other]));
    assert_eq!(receipt.take_shared(), [one, other]);
    assert_eq!(receipt.take_shared(), [], "once");
}
