use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use countersign_audit::Actor;
use countersign_kernel::{Lifetime, Origin, RequestId, SessionId};

use super::*;

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn record(event: Event, actor: Actor, from: &str, seconds: i64) -> Record {
    let mut origin = Origin::local(RequestId::from_bytes([3; 16]));
    origin.address = from.parse().ok();
    Record::new(event, actor, &origin, at(seconds), &Env::system())
}

fn failed(who: u8, from: &str, seconds: i64) -> Record {
    record(Event::SignInFailed, Actor::Anonymous, from, seconds).of(user(who)).refused("wrong_password")
}

fn signed_in(who: u8, from: &str, seconds: i64) -> Record {
    record(Event::SignedIn, Actor::User(user(who)), from, seconds).of(user(who)).with("amr", "pwd")
}

fn refused(name: &str, who: u8, from: &str, seconds: i64) -> Record {
    record(Event::LimitReached, Actor::Anonymous, from, seconds).of(user(who)).refused(name).with("act", "sign_in")
}

fn with(name: &str, limit: u32, minutes: i64) -> Policies {
    let mut policies = Policies::default();
    policies.set(name, limit, Lifetime::from_minutes(minutes)).unwrap();
    policies
}

fn replay(policies: Policies, records: &[Record]) -> Replayed {
    replay_since(policies, 0, records)
}

fn replay_since(policies: Policies, seconds: i64, records: &[Record]) -> Replayed {
    let mut replay = Replay::new(policies, at(seconds), &Env::system());
    for record in records {
        let read = pin!(replay.read(record)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(read.is_ready(), "its limiter has nobody to ask");
    }
    replay.finish()
}

/// What each limit stops, those that stop nothing left out.
fn stopped(replayed: &Replayed) -> Vec<(&'static str, u64, usize)> {
    let all = replayed.limits.iter().map(|limit| (limit.quota.name, limit.times(), limit.likely_honest()));
    all.filter(|(_, times, _)| *times > 0).collect()
}

#[test]
fn a_narrower_limit_names_whom_it_stops_and_who_got_in() {
    let mut records: Vec<Record> = (0..4).map(|n| failed(1, "192.0.2.1", n)).collect();
    records.push(signed_in(1, "192.0.2.1", 10));
    records.extend((20..25).map(|n| failed(2, "198.51.100.7", n)));
    records.push(signed_in(2, "203.0.113.5", 30));

    assert_eq!(stopped(&replay(Policies::default(), &records)), [], "the present limits let all of it through");
    let replayed = replay(with("sign_in_address_account", 3, 15), &records);

    assert_eq!(stopped(&replayed), [("sign_in_address_account", 4, 1)]);
    assert_eq!((replayed.acts, replayed.unseen, replayed.more), (11, 0, 0));
    let limit = replayed.limits.iter().find(|l| l.quota.name == "sign_in_address_account").unwrap();
    let whom = |who, network: &str| Whom { subject: Some(user(who)), unknown: None, network: Some(network.to_owned()) };
    assert_eq!(
        limit.stops,
        [
            (whom(1, "192.0.2.1"), Stop { times: 2, first: at(3), last: at(10), got_in: true }),
            (whom(2, "198.51.100.7"), Stop { times: 2, first: at(23), last: at(24), got_in: false }),
        ],
        "who got in first; who got in from elsewhere only is not taken for the same person"
    );
}

#[test]
fn a_good_sign_in_costs_nothing_and_a_late_failure_is_no_longer_near() {
    let mut records: Vec<Record> = (0..40).map(|n| signed_in(1, "192.0.2.1", n)).collect();
    records.extend([100, 101, 102, 990, 991, 992].map(|n| failed(1, "192.0.2.1", n)));

    assert_eq!(stopped(&replay(with("sign_in_address_account", 3, 15), &records)), [("sign_in_address_account", 3, 0)]);
    assert_eq!(stopped(&replay(with("sign_in_address_account", 3, 14), &records)), []);
}

#[test]
fn a_wider_limit_lets_through_what_the_trail_says_was_refused() {
    let mut records: Vec<Record> = (0..5).map(|n| failed(1, "192.0.2.1", n)).collect();
    records.push(refused("sign_in_address_account", 1, "192.0.2.1", 6));

    let now = replay(Policies::default(), &records);
    assert_eq!((stopped(&now), now.unseen), (vec![("sign_in_address_account", 1, 0)], 1));
    assert_eq!(stopped(&replay(with("sign_in_address_account", 6, 15), &records)), []);
    records.push(failed(1, "192.0.2.1", 7));
    let wider = replay(with("sign_in_address_account", 6, 15), &records);
    assert_eq!(stopped(&wider), [("sign_in_address_account", 1, 0)], "what was let through is counted");
}

#[test]
fn a_flooded_account_asks_for_work_and_goes_on_counting() {
    let flood = |n: u8| failed(1, &format!("198.51.100.{n}"), i64::from(n));
    let mut records: Vec<Record> = (0..22).map(flood).collect();
    records.push(refused("sign_in_account", 1, "192.0.2.1", 30));
    records.push(failed(1, "192.0.2.1", 31).with("challenge", "solved"));
    records.push(signed_in(1, "192.0.2.1", 32).with("challenge", "solved"));

    let replayed = replay(Policies::default(), &records);

    assert_eq!(stopped(&replayed), [("sign_in_account", 5, 1)]);
    let effect = |name: &str| replayed.limits.iter().find(|l| l.quota.name == name).unwrap().effect;
    assert_eq!(effect("sign_in_account"), Effect::Challenges);
    assert_eq!(effect("challenge_account"), Effect::Hardens);
    assert_eq!(effect("refresh_session"), Effect::NotInTheTrail);
    assert_eq!(effect("sign_in_address"), Effect::Refuses);

    let proven = |n: i64| failed(1, "192.0.2.9", 40 + n);
    records.extend((0..6).map(proven));
    let replayed = replay(Policies::default(), &records);
    let of_network = stopped(&replayed).into_iter().find(|(name, ..)| *name == "sign_in_address_account");
    assert_eq!(of_network, Some(("sign_in_address_account", 1, 0)), "work buys five tries at one address, no more");
}

#[test]
fn a_known_device_has_its_own_bucket() {
    let known = |device: &str, n| failed(1, "192.0.2.1", n).with("device", "known").with("deviceKey", device);
    let mut records: Vec<Record> = (0..10).map(|n| known("00000000000000aa", n)).collect();
    records.extend((10..15).map(|n| known("00000000000000bb", n)));
    records.extend((15..20).map(|n| failed(1, "192.0.2.1", n)));
    assert_eq!(stopped(&replay(Policies::default(), &records)), []);

    records.push(known("00000000000000aa", 20));
    assert_eq!(stopped(&replay(Policies::default(), &records)), [("sign_in_device", 1, 0)]);
}

#[test]
fn people_without_an_account_are_told_apart_by_the_hash_of_what_they_typed() {
    let unknown = |account: &str, from: u8| {
        let record = record(Event::SignInFailed, Actor::Anonymous, &format!("198.51.100.{from}"), i64::from(from));
        record.refused("unknown_account").of_unknown(account)
    };
    let mut records: Vec<Record> = (0..20).map(|n| unknown("00000000000000aa", n)).collect();
    records.extend((20..40).map(|n| unknown("00000000000000bb", n)));
    assert_eq!(stopped(&replay(Policies::default(), &records)), []);

    records.push(unknown("00000000000000bb", 40));
    let replayed = replay(Policies::default(), &records);
    assert_eq!(stopped(&replayed), [("sign_in_account", 1, 0)]);
    let stops = &replayed.limits.iter().find(|l| l.times() == 1).unwrap().stops;
    assert_eq!(stops[0].0.unknown.as_deref(), Some("00000000000000bb"));
    assert_eq!(stops[0].0.network.as_deref(), Some("198.51.100.40"));
}

#[test]
fn what_came_before_fills_the_windows_and_is_not_reported() {
    let mut records: Vec<Record> = (0..7).map(|n| failed(1, "192.0.2.1", n)).collect();
    records.push(refused("sign_in_address_account", 1, "192.0.2.1", 7));

    let replayed = replay_since(Policies::default(), 6, &records);

    assert_eq!(stopped(&replayed), [("sign_in_address_account", 2, 0)]);
    assert_eq!((replayed.acts, replayed.unseen), (2, 1));
}

/// Each kind of record, the limit that counts it, and whether it costs anything.
#[test]
fn each_record_is_charged_where_the_act_was() {
    let by = |event, from: &str| record(event, Actor::User(user(1)), from, 0).of(user(1));
    let refused = |event, reason: &str| by(event, "192.0.2.1").refused(reason);
    let limited = |act: &str| by(Event::LimitReached, "192.0.2.1").refused("any").with("act", act);
    let done = |event| by(event, "192.0.2.1");
    let sign_in = Some("sign_in_address_account");
    let (recheck, claim, sign_up) = (Some("password_account"), Some("claim_admin_account"), Some("register_address"));
    for (record, limit, is_counted) in [
        (refused(Event::SignInFailed, "wrong_password"), sign_in, true),
        (refused(Event::SignInFailed, "unknown_account"), sign_in, true),
        (refused(Event::SignInFailed, "disabled"), sign_in, true),
        (refused(Event::SignInFailed, "overloaded"), None, false),
        (done(Event::SignedIn), sign_in, false),
        (done(Event::SignedIn).with("amr", "pwd otp"), sign_in, false),
        (done(Event::SignedIn).with("amr", "hwk"), None, false),
        (done(Event::SignedUp), sign_up, true),
        (refused(Event::SignUpFailed, "email_taken"), sign_up, true),
        (refused(Event::SignUpFailed, "closed"), None, false),
        (refused(Event::StepUpFailed, "wrong_password"), recheck, true),
        (refused(Event::StepUpFailed, "wrong_code"), None, false),
        (refused(Event::PasswordChangeFailed, "wrong_password"), recheck, true),
        (refused(Event::PasswordChangeFailed, "policy"), None, false),
        (refused(Event::AccountDeletionFailed, "wrong_password"), recheck, true),
        (done(Event::SteppedUp).with("amr", "pwd"), recheck, false),
        (done(Event::SteppedUp).with("amr", "otp"), None, false),
        (done(Event::PasswordChanged), recheck, false),
        (done(Event::AccountDeleted), recheck, false),
        (record(Event::AccountDeleted, Actor::Operator, "", 0).of(user(1)), None, false),
        (refused(Event::AccessDenied, "admin_claim"), claim, true),
        (refused(Event::AccessDenied, "role"), None, false),
        (done(Event::AdminClaimed), claim, false),
        (limited("sign_in"), sign_in, true),
        (limited("sign_up"), sign_up, true),
        (limited("step_up"), recheck, true),
        (limited("password_change"), recheck, true),
        (limited("account_deletion"), recheck, true),
        (limited("claim_admin"), claim, true),
        (limited("refresh"), None, false),
        (done(Event::LimitReached), None, false),
        (done(Event::SignedOut).in_session(SessionId::from_bytes([1; 16])), None, false),
    ] {
        let name = limit.unwrap_or("sign_in_address_account");
        let once = [record.clone(), record.clone()];
        let counted: Vec<_> = replay(with(name, 1, 60), &once).limits.iter().map(LimitReplayed::times).collect();
        let none: Vec<_> = replay(with(name, 0, 60), &once).limits.iter().map(LimitReplayed::times).collect();
        assert_eq!(counted.iter().sum::<u64>(), u64::from(is_counted), "{record:?}");
        assert_eq!(none.iter().sum::<u64>(), if limit.is_some() { 2 } else { 0 }, "{record:?}");
    }
}

#[test]
fn more_people_than_there_is_room_for_are_counted() {
    let records: Vec<Record> = (0..MOST_NAMED + 5)
        .map(|n| failed(1, &format!("10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256), 0))
        .chain([failed(1, "10.0.0.0", 1)])
        .collect();

    let replayed = replay(with("sign_in_address", 0, 60), &records);

    let limit = replayed.limits.iter().find(|l| l.quota.name == "sign_in_address").unwrap();
    assert_eq!((limit.stops.len(), limit.times(), replayed.more), (MOST_NAMED, MOST_NAMED as u64 + 1, 5));
    assert_eq!(limit.stops[0].1.times, 2, "the most often stopped first");
}
