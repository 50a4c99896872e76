use std::sync::Arc;

use countersign_kernel::{Env, KeyId, Lifetime, SessionId, TokenId, UserId};
use proptest::prelude::*;

use super::*;

/// The set as one would write it without thinking: a list, and a walk along it.
#[derive(Default)]
struct Naive(Vec<NewRevocation>);

impl Naive {
    fn check(&self, names: &Names, now: Timestamp) -> Option<Effect> {
        let live = self.0.iter().filter(|r| now < r.until);
        let effects = live.filter_map(|r| match r.target {
            Target::Token(id) => (id == names.token).then_some(r.effect),
            Target::Session(id) => (id == names.session).then_some(r.effect),
            Target::Key(id) => (id == names.key).then_some(r.effect),
            Target::Person { user, below, except } => (user == names.user && names.ver < below)
                .then_some(if except == Some(names.session) { Effect::Superseded } else { r.effect }),
        });
        effects.map(Some).fold(None, graver)
    }

    /// As if nobody had ever revoked a token or a key.
    fn has_ended(&self, names: &Names, now: Timestamp) -> bool {
        let of_sessions = |r: &&NewRevocation| matches!(r.target, Target::Session(_) | Target::Person { .. });
        Self(self.0.iter().filter(of_sessions).cloned().collect()).check(names, now) == Some(Effect::Ended)
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_000 + second)
}

fn bytes(n: u8) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[15] = n;
    bytes
}

fn revocation(target: Target, effect: Effect, until: i64) -> NewRevocation {
    NewRevocation { target, effect, at: at(0), until: at(until), reason: "test".to_owned() }
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        (0_u8..3).prop_map(|n| Target::Token(TokenId::from_bytes(bytes(n)))),
        (0_u8..3).prop_map(|n| Target::Session(SessionId::from_bytes(bytes(n)))),
        (0_u8..2).prop_map(|n| Target::Key(KeyId::from_bytes(bytes(n)))),
        (0_u8..2, 1_u64..5, proptest::option::of(0_u8..3)).prop_map(|(user, below, except)| Target::Person {
            user: UserId::from_bytes(bytes(user)),
            below,
            except: except.map(|n| SessionId::from_bytes(bytes(n))),
        }),
    ]
}

fn any_revocation() -> impl Strategy<Value = NewRevocation> {
    (any_target(), any::<bool>(), 0_i64..20).prop_map(|(target, ends, until)| {
        revocation(target, if ends { Effect::Ended } else { Effect::Superseded }, until)
    })
}

fn any_names() -> impl Strategy<Value = Names> {
    (0_u8..4, 0_u8..4, 0_u8..3, 0_u64..6, 0_u8..3).prop_map(|(token, session, user, ver, key)| Names {
        token: TokenId::from_bytes(bytes(token)),
        session: SessionId::from_bytes(bytes(session)),
        user: UserId::from_bytes(bytes(user)),
        ver,
        key: KeyId::from_bytes(bytes(key)),
    })
}

#[derive(Debug, Clone)]
enum Step {
    Add(NewRevocation),
    Check(Names),
    Wait(i64),
    Expire,
    /// Another node starts from what this one would write again.
    Reload,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_revocation().prop_map(Step::Add),
        6 => any_names().prop_map(Step::Check),
        2 => (0_i64..4).prop_map(Step::Wait),
        1 => Just(Step::Expire),
        1 => Just(Step::Reload),
    ]
}

proptest! {
    #[test]
    fn the_set_says_what_the_list_says(steps in proptest::collection::vec(any_step(), 1..60)) {
        let (mut set, mut naive, mut now) = (LiveSet::new(), Naive::default(), 0);
        for step in steps {
            match step {
                Step::Add(revocation) => {
                    set.add(&revocation);
                    naive.0.push(revocation);
                }
                Step::Check(names) => {
                    prop_assert_eq!(set.check(&names, at(now)), naive.check(&names, at(now)));
                    let has_ended = set.has_ended(names.user, names.session, names.ver, at(now));
                    prop_assert_eq!(has_ended, naive.has_ended(&names, at(now)));
                }
                Step::Wait(seconds) => now += seconds,
                Step::Expire => set.expire(at(now)),
                Step::Reload => {
                    let other = LiveSet::new();
                    for live in set.live(at(now)) {
                        other.add(&NewRevocation {
                            target: live.target, effect: live.effect, at: at(now), until: live.until, reason: String::new(),
                        });
                    }
                    set = other;
                }
            }
        }
        set.expire(at(1_000));
        prop_assert!(set.is_empty(), "nothing stays for ever");
    }
}

#[test]
fn a_record_counts_until_its_last_moment() {
    let set = LiveSet::new();
    let session = SessionId::from_bytes(bytes(1));
    let until = at(10) + Lifetime::from_micros(1);
    set.add(&NewRevocation { until, ..revocation(Target::Session(session), Effect::Ended, 0) });

    let names = names_of(session);
    assert_eq!(set.check(&names, at(10)), Some(Effect::Ended));
    assert_eq!(set.check(&names, at(11)), None);
}

#[test]
fn rights_that_change_all_day_cost_one_entry() {
    let set = LiveSet::new();
    let user = UserId::from_bytes(bytes(1));
    for ver in 1..1_000 {
        let target = Target::Person { user, below: ver, except: None };
        set.add(&revocation(target, Effect::Superseded, i64::try_from(ver).unwrap()));
    }
    assert_eq!((set.len(), set.live(at(0)).len()), (1, 1));
}

#[test]
fn a_commit_counts_at_once_and_leaves_the_head_to_those_who_read_the_log() {
    let set = LiveSet::new();
    let record = revocation(Target::Session(SessionId::from_bytes(bytes(1))), Effect::Ended, 9);

    let revocations = vec![countersign_store::Revocation { seq: 1, hash: 7, record }];
    set.committed(&Committed { revocations, records: vec![] });

    assert_eq!(set.check(&names_of(SessionId::from_bytes(bytes(1))), at(0)), Some(Effect::Ended));
    assert_eq!(set.head(), RevocationHead::default());
}

#[test]
fn a_clock_in_the_far_future_revives_nothing() {
    let set = LiveSet::new();
    let session = SessionId::from_bytes(bytes(1));
    let year_2200 = Timestamp::from_seconds(7_258_118_400);
    let until = year_2200 + Lifetime::from_minutes(18);
    set.add(&NewRevocation { until, ..revocation(Target::Session(session), Effect::Ended, 0) });

    set.expire(year_2200);

    assert_eq!(set.check(&names_of(session), year_2200), Some(Effect::Ended));
}

#[test]
fn a_hundred_thousand_sign_outs_leave_no_memory_behind() {
    let set = LiveSet::new();
    let env = Env::system();
    for _ in 0..100_000 {
        set.add(&revocation(Target::Session(SessionId::new(&env)), Effect::Ended, 5));
    }
    assert_eq!(set.len(), 100_000);

    set.expire(at(5));

    assert!(set.is_empty());
    let capacity: usize = set.shards.iter().map(|lock| read(lock).named.capacity()).sum();
    assert!(capacity < 1_000, "{capacity}");
}

#[test]
fn an_entry_is_small() {
    let entry = size_of::<((Kind, [u8; 16]), Times)>();
    assert!(entry <= 28, "{entry}");
    assert!(size_of::<Rule>() <= 40);
}

#[test]
fn checks_and_revocations_run_side_by_side() {
    let set = Arc::new(LiveSet::new());
    let env = Env::system();
    let sessions: Vec<_> = (0..2_000).map(|_| SessionId::new(&env)).collect();

    std::thread::scope(|scope| {
        for half in sessions.chunks(1_000) {
            let set = Arc::clone(&set);
            scope.spawn(move || {
                for session in half {
                    set.add(&revocation(Target::Session(*session), Effect::Ended, 9));
                    assert_eq!(set.check(&names_of(*session), at(0)), Some(Effect::Ended), "from its own commit on");
                }
            });
        }
    });

    assert_eq!(set.len(), 2_000);
}

fn names_of(session: SessionId) -> Names {
    Names {
        token: TokenId::from_bytes(bytes(99)),
        session,
        user: UserId::from_bytes(bytes(99)),
        ver: 1,
        key: KeyId::from_bytes(bytes(99)),
    }
}

#[test]
fn whom_one_revocation_spares_another_may_still_end() {
    let (user, spared) = (UserId::from_bytes(bytes(1)), SessionId::from_bytes(bytes(1)));
    let names = Names { user, ver: 2, ..names_of(spared) };
    let person = |below, except| revocation(Target::Person { user, below, except }, Effect::Ended, 9);
    let sparing = person(5, Some(spared));
    for other in [person(3, None), person(3, Some(SessionId::from_bytes(bytes(2))))] {
        for pair in [[&sparing, &other], [&other, &sparing]] {
            let set = LiveSet::new();
            pair.into_iter().for_each(|revocation| set.add(revocation));
            assert_eq!(set.check(&names, at(0)), Some(Effect::Ended), "{pair:?}");
        }
    }
}

#[test]
fn a_revocation_that_says_no_more_than_another_is_not_kept() {
    let (user, spared) = (UserId::from_bytes(bytes(1)), Some(SessionId::from_bytes(bytes(1))));
    let person = |below, except, effect| revocation(Target::Person { user, below, except }, effect, 9);
    for (greater, lesser) in [
        (person(5, None, Effect::Ended), person(3, spared, Effect::Ended)),
        (person(5, spared, Effect::Ended), person(3, spared, Effect::Ended)),
        (person(5, spared, Effect::Ended), person(3, None, Effect::Superseded)),
    ] {
        for pair in [[&greater, &lesser], [&lesser, &greater]] {
            let set = LiveSet::new();
            pair.into_iter().for_each(|revocation| set.add(revocation));
            assert_eq!(set.live(at(0)).len(), 1, "{pair:?}");
        }
    }
}

#[test]
fn ids_are_spread_over_all_parts_of_the_set() {
    let set = LiveSet::new();
    for last in 0..=255 {
        set.add(&revocation(Target::Session(SessionId::from_bytes(bytes(last))), Effect::Ended, 9));
    }
    assert!(set.shards.iter().all(|lock| read(lock).named.len() == 256 / SHARDS));
}

#[test]
fn of_one_session_superseded_and_ended_for_equally_long_the_ending_alone_is_live() {
    let session = Target::Session(SessionId::from_bytes(bytes(1)));
    for (superseded, count) in [(9, 1), (10, 2)] {
        let set = LiveSet::new();
        set.add(&revocation(session, Effect::Superseded, superseded));
        set.add(&revocation(session, Effect::Ended, 9));
        assert_eq!(set.live(at(0)).len(), count);
    }
}
