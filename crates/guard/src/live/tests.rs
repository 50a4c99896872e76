use countersign_kernel::{Env, Lifetime};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The set as one would write it without thinking: a list, and a walk along it.
#[derive(Default)]
struct Naive(Vec<Revocation>);

impl Naive {
    fn check(&self, names: &Names<'_>) -> Option<Effect> {
        let effect = |one: &Revocation| match &one.target {
            Target::Token(id) => (*id == names.token).then_some(one.effect),
            Target::Session(id) => (*id == names.session).then_some(one.effect),
            Target::Key(kid) => (**kid == *names.kid).then_some(one.effect),
            Target::Person { user, below, except } => (*user == names.user && names.ver < *below)
                .then_some(if *except == Some(names.session) { Effect::Superseded } else { one.effect }),
        };
        self.0.iter().filter_map(effect).max()
    }
}

fn bytes(n: u8) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[15] = n;
    bytes
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_000 + second)
}

fn any_revocation() -> impl Strategy<Value = Revocation> {
    let target = prop_oneof![
        (0_u8..3).prop_map(|n| Target::Token(TokenId::from_bytes(bytes(n)))),
        (0_u8..3).prop_map(|n| Target::Session(SessionId::from_bytes(bytes(n)))),
        (0_u8..2).prop_map(|n| Target::Key(n.to_string().into())),
        (0_u8..2, 1_u64..5, proptest::option::of(0_u8..3)).prop_map(|(user, below, except)| Target::Person {
            user: UserId::from_bytes(bytes(user)),
            below,
            except: except.map(|n| SessionId::from_bytes(bytes(n))),
        }),
    ];
    (target, any::<bool>(), 0_i64..20).prop_map(|(target, ends, until)| {
        let effect = if ends { Effect::Ended } else { Effect::Superseded };
        Revocation { target, effect, until: at(until) }
    })
}

proptest! {
    #[test]
    fn the_set_says_what_the_list_says(
        revocations in proptest::collection::vec(any_revocation(), 0..12),
        (token, session, user, ver, kid) in (0_u8..4, 0_u8..4, 0_u8..3, 0_u64..6, 0_u8..3),
        time in 0_i64..20,
    ) {
        let kid = kid.to_string();
        let names = Names {
            token: TokenId::from_bytes(bytes(token)),
            session: SessionId::from_bytes(bytes(session)),
            user: UserId::from_bytes(bytes(user)),
            ver,
            kid: &kid,
        };
        let set = LiveSet::default();
        set.add(revocations.clone());
        prop_assert_eq!(set.check(&names), Naive(revocations.clone()).check(&names));

        set.sweep(at(time));
        let rest = revocations.into_iter().filter(|one| one.until > at(time)).collect();
        prop_assert_eq!(set.check(&names), Naive(rest).check(&names));

        set.sweep(at(time + 60));
        prop_assert_eq!(set.len(), 0, "nothing stays for ever");
    }
}

#[test]
fn it_looks_for_what_is_over_once_in_a_minute_of_the_issuers_time() {
    let set = LiveSet::default();
    let session = |n| Target::Session(SessionId::from_bytes(bytes(n)));
    set.sweep(at(0));
    set.add([1, 2].map(|n| Revocation { target: session(n), effect: Effect::Ended, until: at(i64::from(n) * 60) }));

    for (second, left) in [(59, 2), (60, 1), (119, 1), (120, 0)] {
        set.sweep(at(second));
        assert_eq!(set.len(), left, "at {second}");
    }
}

#[test]
fn what_cannot_be_read_means_more_rather_than_less() {
    let env = Env::system();
    let (session, user, token) = (SessionId::new(&env), UserId::new(&env), TokenId::new(&env));
    let read = |value: Value| value.as_object().and_then(Revocation::read);

    let odd = read(json!({"sid": session, "effect": "obliterated", "until": "never", "tenant": 7})).unwrap();
    assert_eq!(odd, Revocation { target: Target::Session(session), effect: Effect::Ended, until: NEVER_OVER });
    let all =
        read(json!({"sub": user, "below": "all", "effect": "superseded", "until": "2026-01-01T00:00:00Z"})).unwrap();
    assert_eq!(all.target, Target::Person { user, below: u64::MAX, except: None });
    assert_eq!((all.effect, all.until), (Effect::Superseded, Timestamp::from_seconds(1_767_225_600)));
    for nobody in
        [json!({"tenant": "t_1"}), json!({"sid": "ses_1"}), json!({"sid": token}), json!({"jti": 7}), json!({})]
    {
        assert_eq!(read(nobody.clone()), None, "{nobody}");
    }
}

#[test]
fn rights_that_change_all_day_cost_one_rule() {
    let set = LiveSet::default();
    let user = UserId::from_bytes(bytes(1));
    for below in 1..1_000 {
        let until = at(0) + Lifetime::from_seconds(i64::try_from(below).unwrap());
        let target = Target::Person { user, below, except: None };
        set.add([Revocation { target, effect: Effect::Superseded, until }]);
    }
    assert_eq!(set.0.read().unwrap().people[&user].len(), 1);
}

#[test]
fn a_storm_of_sign_outs_leaves_no_memory_behind() {
    let set = LiveSet::default();
    let env = Env::system();
    let some = (0..10_000).map(|_| Target::Session(SessionId::new(&env)));
    set.add(some.map(|target| Revocation { target, effect: Effect::Ended, until: at(5) }));

    set.sweep(at(60));

    assert_eq!(set.len(), 0);
    assert!(set.0.read().unwrap().sessions.capacity() < 1_000);
}
