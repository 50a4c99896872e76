use std::sync::Arc;
use std::thread;

use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_limit::{
    AddressTiers, Counted, Limiter, MemoryLimiter, Policies, Quota, Receipt, Refused, Taken, Tunable, Unlimited,
};

const FIVE: Quota = Quota { name: "five", limit: 5, window: Lifetime::from_minutes(15) };
const THREE: Quota = Quota { name: "three", limit: 3, window: Lifetime::from_minutes(1) };

fn limiter() -> MemoryLimiter {
    MemoryLimiter::new(10_000, &Env::system())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn allowed(taken: Taken) -> Receipt {
    match taken {
        Taken::Allowed { receipt, .. } => receipt,
        Taken::Refused(refused) => panic!("{refused:?}"),
    }
}

fn refused(taken: Taken) -> Refused {
    match taken {
        Taken::Refused(refused) => refused,
        Taken::Allowed { readings, .. } => panic!("{readings:?}"),
    }
}

#[test]
fn the_window_slides_and_says_exactly_when_to_come_back() {
    let limiter = limiter();
    let charge = [(FIVE, limiter.key(&[b"ada"]))];
    for second in 0..5 {
        allowed(limiter.take(&charge, at(second)));
    }

    let refusal = refused(limiter.take(&charge, at(10)));
    assert_eq!((refusal.name, refusal.retry_after), ("five", Lifetime::from_seconds(890)));
    refused(limiter.take(&charge, Timestamp::from_micros(at(900).as_micros() - 1)));
    allowed(limiter.take(&charge, at(900)));
    assert_eq!(refused(limiter.take(&charge, at(900))).retry_after, Lifetime::from_seconds(1));
}

#[test]
fn readings_tell_what_is_left_and_when_there_is_more() {
    let limiter = limiter();
    let charge = [(FIVE, limiter.key(&[b"ada"]))];
    allowed(limiter.take(&charge, at(0)));
    let Taken::Allowed { readings, .. } = limiter.take(&charge, at(100)) else { panic!() };

    let reading = readings[0];
    assert_eq!((reading.name, reading.limit, reading.remaining, reading.window), ("five", 5, 3, FIVE.window));
    assert_eq!(reading.reset, Lifetime::from_seconds(800));
    assert_eq!(limiter.peek(FIVE, charge[0].1, at(100)), reading);
    assert_eq!(limiter.peek(FIVE, charge[0].1, at(100)), reading, "looking changes nothing");
}

#[test]
fn of_several_buckets_all_are_charged_or_none() {
    let limiter = limiter();
    let (ada, bob) = (limiter.key(&[b"ada"]), limiter.key(&[b"bob"]));
    for _ in 0..3 {
        allowed(limiter.take(&[(THREE, bob)], at(0)));
    }

    let refusal = refused(limiter.take(&[(FIVE, ada), (THREE, bob)], at(0)));

    assert_eq!(refusal.name, "three");
    assert_eq!(limiter.peek(FIVE, ada, at(0)).remaining, 5);
    let both: Vec<_> = refusal.readings.iter().map(|r| (r.name, r.remaining)).collect();
    assert_eq!(both, [("five", 5), ("three", 0)]);
}

#[test]
fn the_longest_wait_of_several_full_buckets_is_said() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    for _ in 0..3 {
        allowed(limiter.take(&[(THREE, key), (FIVE, key)], at(0)));
    }
    for _ in 0..2 {
        allowed(limiter.take(&[(FIVE, key)], at(1)));
    }

    let refusal = refused(limiter.take(&[(THREE, key), (FIVE, key)], at(10)));
    assert_eq!((refusal.name, refusal.retry_after), ("five", Lifetime::from_seconds(890)));
}

// attack 116
/// Giving back returns one call's own charge, not what others have used up.
#[test]
fn giving_back_returns_ones_own_charge_alone() {
    let limiter = limiter();
    let charge = [(FIVE, limiter.key(&[b"ada"]))];
    for _ in 0..3 {
        allowed(limiter.take(&charge, at(0)));
    }
    let mine = allowed(limiter.take(&charge, at(1)));
    allowed(limiter.take(&charge, at(2)));

    limiter.give_back(mine);

    assert_eq!(limiter.peek(FIVE, charge[0].1, at(2)).remaining, 1);
    assert_eq!(
        limiter.peek(FIVE, charge[0].1, at(900)).remaining,
        4,
        "the failures of second 0 are gone, that of second 2 is not"
    );
}

#[test]
fn giving_back_what_is_long_forgotten_changes_nothing() {
    let limiter = limiter();
    let charge = [(THREE, limiter.key(&[b"ada"]))];
    let old = allowed(limiter.take(&charge, at(0)));
    allowed(limiter.take(&charge, at(60)));
    limiter.give_back(old);
    assert_eq!(limiter.peek(THREE, charge[0].1, at(60)).remaining, 2);
}

#[test]
fn only_the_first_refusal_of_a_window_is_worth_a_record() {
    let limiter = limiter();
    let charge = [(THREE, limiter.key(&[b"ada"]))];
    let first = |second| refused(limiter.take(&charge, at(second))).first_in_window;
    for _ in 0..3 {
        allowed(limiter.take(&charge, at(0)));
    }
    assert_eq!([first(1), first(2), first(59)], [true, false, false]);

    for _ in 0..3 {
        allowed(limiter.take(&charge, at(61)));
    }
    assert_eq!([first(62), first(63)], [true, false]);
}

#[test]
fn one_key_under_two_names_is_two_buckets() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    for _ in 0..3 {
        allowed(limiter.take(&[(THREE, key)], at(0)));
    }
    refused(limiter.take(&[(THREE, key)], at(0)));
    allowed(limiter.take(&[(FIVE, key)], at(0)));
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
    allowed(take("2001:db8:2::1".to_owned()));

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
        allowed(limiter.take(&[wide], at(0)));
    }

    assert_eq!(told(&[narrow, wide]), [("three", 12, 1)]);
    assert_eq!(told(&[wide, narrow]), [("three", 12, 1)]);
    let other = (FIVE, narrow.1);
    assert_eq!(told(&[narrow, other, wide]), [("three", 12, 1), ("five", 5, 5)], "one reading a name");
}

#[test]
fn of_buckets_that_are_full_for_equally_long_the_first_is_named() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    let charges = [(THREE, key), (Quota { name: "also three", ..THREE }, key)];
    for _ in 0..3 {
        allowed(limiter.take(&charges, at(0)));
    }

    assert_eq!(refused(limiter.take(&charges, at(1))).name, "three");
}

#[test]
fn a_limit_of_zero_refuses_and_a_clock_that_steps_back_frees_nothing() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    assert_eq!(refused(limiter.take(&[(Quota { limit: 0, ..THREE }, key)], at(0))).retry_after, THREE.window);

    for _ in 0..3 {
        allowed(limiter.take(&[(THREE, key)], at(100)));
    }
    refused(limiter.take(&[(THREE, key)], at(0)));
}

#[test]
fn a_lower_limit_holds_at_once_for_buckets_that_exist() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    for _ in 0..4 {
        allowed(limiter.take(&[(FIVE, key)], at(0)));
    }
    refused(limiter.take(&[(Quota { limit: 4, ..FIVE }, key)], at(1)));
    allowed(limiter.take(&[(FIVE, key)], at(1)));
}

#[test]
fn a_limit_that_was_lowered_says_when_it_is_kept_again() {
    let limiter = limiter();
    let key = limiter.key(&[b"ada"]);
    for second in 0..5 {
        allowed(limiter.take(&[(FIVE, key)], at(second)));
    }

    let refusal = refused(limiter.take(&[(Quota { limit: 3, ..FIVE }, key)], at(10)));
    assert_eq!(refusal.retry_after, Lifetime::from_seconds(2 + 900 - 10), "three of the five must be forgotten");
    let refusal = refused(limiter.take(&[(Quota { limit: 0, ..FIVE }, key)], at(10)));
    assert_eq!(refusal.retry_after, FIVE.window, "nothing to wait for");
}

#[test]
fn without_limits_nothing_is_ever_refused() {
    let key = Unlimited.key(&[b"ada"]);
    for _ in 0..1_000 {
        allowed(Unlimited.take(&[(Quota { limit: 0, ..THREE }, key)], at(0)));
    }
}

#[test]
fn a_limit_can_be_changed_while_it_counts_and_nothing_counted_is_forgotten() {
    let built = Policies::default();
    let tunable = Tunable::new(Arc::new(limiter()), built.clone());
    let key = tunable.key(&[b"ada"]);
    let quota = built.sign_in_address_account;
    for _ in 0..3 {
        let _ = allowed(tunable.take(&[(quota, key)], at(0)));
    }
    let mut tighter = built.clone();
    tighter.set("sign_in_address_account", 3, Lifetime::from_minutes(15)).unwrap();

    tunable.tune(tighter);
    assert_eq!(refused(tunable.take(&[(quota, key)], at(1))).readings[0].limit, 3);
    tunable.tune(built.clone());
    let _ = allowed(tunable.take(&[(quota, key)], at(1)));

    let wide = built.sign_in_address.times(4);
    let mut doubled = built.clone();
    doubled.set("sign_in_address", 60, Lifetime::from_minutes(5)).unwrap();
    tunable.tune(doubled);
    let reading = tunable.peek(wide, key, at(1));
    assert_eq!((reading.limit, reading.window), (240, Lifetime::from_minutes(5)), "a tier keeps its multiple");
    assert_eq!(tunable.peek(FIVE, key, at(1)).limit, 5, "a limit of no policy is what it was");
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
        let receipt = allowed(limiter.take(&charge, at(0)));
        assert_eq!(limiter.readings(&charge, at(0)).iter().map(|reading| reading.remaining).collect::<Vec<_>>(), [2]);
        assert_eq!(limiter.occupancy().keys, 1);
        assert_eq!(limiter.present(quota).map(|present| present.limit), Some(3));

        limiter.give_back(receipt);
        assert_eq!(limiter.peek(quota, charge[0].1, at(0)).remaining, 3);
        for _ in 0..3 {
            let _ = allowed(limiter.take(&charge, at(1)));
        }
        let _ = refused(limiter.take(&charge, at(1)));
        let _ = refused(limiter.take(&charge, at(1)));
        let none = Quota { limit: 0, ..THREE };
        let _ = refused(limiter.take(&[(none, charge[0].1)], at(1)));
        assert_eq!(limiter.refused(), [(quota.name, 2), ("three", 1)]);
    }
}
