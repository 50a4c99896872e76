use countersign_jose::Algorithm;

use super::*;

const POLICY: KeyPolicy = KeyPolicy {
    algorithm: Algorithm::EdDSA,
    rotate_after: Lifetime::from_days(90),
    publish_before: Lifetime::from_days(1),
    access: Lifetime::from_minutes(15),
};

fn day(n: i64) -> Timestamp {
    Timestamp::EPOCH + Lifetime::from_days(n)
}

fn key(n: u8, standing: Standing, since: i64) -> RingKey {
    let id = KeyId::from_bytes([n; 16]);
    let has_ended = matches!(standing, Standing::Retired | Standing::Withdrawn);
    RingKey {
        id,
        kid: id.to_string(),
        algorithm: "EdDSA".to_owned(),
        standing,
        public_jwk: None,
        created_at: day(since),
        activated_at: (standing == Standing::Active).then(|| day(since)),
        retired_at: has_ended.then(|| day(since)),
        gone_after: has_ended.then(|| day(since) + Lifetime::from_hours(1)),
    }
}

fn imported(key: RingKey) -> RingKey {
    RingKey { kid: "theirs".to_owned(), ..key }
}

fn of(algorithm: &str, key: RingKey) -> RingKey {
    RingKey { algorithm: algorithm.to_owned(), ..key }
}

fn ids(keys: &[u8]) -> Vec<KeyId> {
    keys.iter().map(|n| KeyId::from_bytes([*n; 16])).collect()
}

#[test]
fn what_is_due_when() {
    use Standing::{Active, Next, Retired, Withdrawn};

    struct Case {
        why: &'static str,
        keys: Vec<RingKey>,
        now: Timestamp,
        retire: &'static [u8],
        activate: Option<u8>,
        needs_next: bool,
        remove: &'static [u8],
    }
    let quiet = |why, keys, now| Case { why, keys, now, retire: &[], activate: None, needs_next: false, remove: &[] };
    let pair = || vec![key(1, Active, 0), key(2, Next, 0)];
    let before_90 = day(90) - Lifetime::from_micros(1);
    let cases = [
        quiet("young keys stay", pair(), day(1)),
        quiet("not one microsecond early", pair(), before_90),
        Case { retire: &[1], activate: Some(2), needs_next: true, ..quiet("90 days are over", pair(), day(90)) },
        Case { needs_next: true, ..quiet("a next key is always there", vec![key(1, Active, 0)], day(1)) },
        quiet(
            "an old key waits for a next one that verifiers know",
            vec![key(1, Active, 0), key(2, Next, 95)],
            day(96) - Lifetime::from_micros(1),
        ),
        Case {
            retire: &[1],
            activate: Some(3),
            ..quiet(
                "an imported next key goes first",
                vec![key(1, Active, 0), key(2, Next, 0), imported(of("RS256", key(3, Next, 0)))],
                day(90),
            )
        },
        Case {
            retire: &[1],
            ..quiet(
                "of two active keys the older retires",
                vec![key(1, Active, 0), key(2, Active, 1), key(3, Next, 0)],
                day(2),
            )
        },
        quiet("a retired key stays while its tokens live", [pair(), vec![key(3, Retired, 1)]].concat(), day(1)),
        Case {
            remove: &[3, 4],
            ..quiet(
                "retired and withdrawn keys go when their last token has died",
                [pair(), vec![key(3, Retired, 1), key(4, Withdrawn, 1)]].concat(),
                day(1) + Lifetime::from_hours(1),
            )
        },
        quiet(
            "a next key of another setting stays a day",
            [pair(), vec![of("ES256", key(3, Next, 1))]].concat(),
            day(2) - Lifetime::from_micros(1),
        ),
        Case { remove: &[3], ..quiet("and goes then", [pair(), vec![of("ES256", key(3, Next, 1))]].concat(), day(2)) },
        quiet("not if it was imported", [pair(), vec![imported(of("ES256", key(3, Next, 1)))]].concat(), day(30)),
    ];
    for case in cases {
        let expected = Due {
            retire: ids(case.retire),
            activate: case.activate.map(|n| KeyId::from_bytes([n; 16])),
            needs_next: case.needs_next,
            remove: ids(case.remove),
        };
        assert_eq!(Due::of(&case.keys, &POLICY, case.now), expected, "{}", case.why);
    }
}
