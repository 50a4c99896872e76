//! Replays of a real trail. What each record means is a table beside the module.

use std::collections::BTreeMap;

use countersign_account::{Replay, Replayed, SignIn, SignInDoor, SignInVerdict};
use countersign_audit::{Event, Record};
use countersign_kernel::{Lifetime, Timestamp};
use countersign_limit::Policies;
use countersign_limit::testing::solve;

use crate::world::{OTHER, PASSWORD, World, door, secret, sign_in};

async fn replay(world: &World, records: &[Record], policies: Policies) -> Replayed {
    let mut replay = Replay::new(policies, Timestamp::EPOCH, &world.env);
    for record in records {
        replay.read(record).await;
    }
    replay.finish()
}

fn stopped(replayed: &Replayed) -> BTreeMap<&'static str, u64> {
    let all = replayed.limits.iter().map(|limit| (limit.quota.name, limit.times()));
    all.filter(|(_, times)| *times > 0).collect()
}

/// Guesses at one account from here, a flood of another from everywhere, solved challenges, wrong passwords in a session, tries
/// at the link, and people who sign in meanwhile, over some hours.
async fn busy_day(world: &World) {
    let ada = world.member("ada@example.com").await;
    world.member("bob@example.com").await;
    let device = ada.issued.device.as_ref().unwrap().expose().clone();
    let identity = world.identity(&ada);
    for hour in 0..3_u8 {
        for n in 0..9 {
            world.sign_in_from("ada@example.com", OTHER, &world.from("198.51.100.7")).await;
            world.sign_in_from("nobody@example.com", OTHER, &world.from(&format!("198.51.100.{}", 10 + n))).await;
            world.advance(Lifetime::from_seconds(20));
        }
        for n in 0..30 {
            let from = world.from(&format!("203.0.113.{n}"));
            let verdict = world.sign_in_from("bob@example.com", OTHER, &from).await;
            if let SignInVerdict::Challenged(challenge) = verdict {
                let challenge = serde_json::to_value(&*challenge).unwrap();
                let request = SignIn { challenge_response: solve(&challenge), ..sign_in("bob@example.com", OTHER) };
                world.accounts.sign_in(request, &from).await.unwrap();
            }
        }
        for _ in 0..12 {
            let request = SignIn {
                door: SignInDoor { device_cookie: Some(device.clone()), ..door() },
                ..sign_in("ada@example.com", OTHER)
            };
            world.accounts.sign_in(request, &world.home()).await.unwrap();
            world.accounts.step_up(&identity, &secret(OTHER), &world.home()).await.unwrap();
            world.accounts.claim_admin(&identity, &secret(OTHER), &world.home()).await.unwrap();
        }
        world.sign_in_from("ada@example.com", PASSWORD, &world.from("192.0.2.99")).await;
        for n in 0..12 {
            world.sign_up(&format!("flood{hour}-{n}@example.com"), PASSWORD).await;
        }
        world.advance(Lifetime::from_hours(1));
    }
}

/// Under the limits that held, a replay stops what was stopped, and nothing else.
#[tokio::test]
async fn a_trail_under_its_own_limits_stops_what_they_stopped() {
    let world = World::start().await;
    busy_day(&world).await;
    let records = world.all_records().await;
    let mut wanted: BTreeMap<&'static str, u64> = BTreeMap::new();
    for record in &records {
        let was_challenged = record.detail.get("challenge").is_some_and(|how| how == "solved");
        let name = match record.event {
            Event::LimitReached => record.reason.as_deref(),
            _ => was_challenged.then_some("sign_in_account"),
        };
        if let Some(quota) = Policies::default().all().into_iter().find(|quota| Some(quota.name) == name) {
            *wanted.entry(quota.name).or_default() += 1;
        }
    }
    let names =
        ["claim_admin_account", "password_account", "register_address", "sign_in_account", "sign_in_address_account"];
    assert!(names.iter().all(|name| wanted.contains_key(name)) && wanted.contains_key("sign_in_device"), "{wanted:?}");

    assert_eq!(stopped(&replay(&world, &records, Policies::default()).await), wanted);
}

/// Every limit ten times as wide stops nothing; one as narrow as can be stops everybody, and says who was honest.
#[tokio::test]
async fn wide_limits_stop_nobody_and_narrow_ones_name_the_honest() {
    let world = World::start().await;
    busy_day(&world).await;
    let records = world.all_records().await;
    let with = |factor: u32| {
        let mut policies = Policies::default();
        for quota in Policies::default().all() {
            policies.set(quota.name, quota.limit * factor, quota.window).unwrap();
        }
        policies
    };

    assert_eq!(stopped(&replay(&world, &records, with(10)).await), BTreeMap::new());
    let none = replay(&world, &records, with(0)).await;
    assert_eq!(none.limits.iter().map(|limit| limit.times()).sum::<u64>(), none.acts);
    let honest: Vec<_> = none.limits.iter().flat_map(|limit| &limit.stops).filter(|(_, stop)| stop.got_in).collect();
    assert_eq!(honest.len(), 1, "{honest:?}");
    assert_eq!(honest[0].0.network.as_deref(), Some("192.0.2.99"), "Ada, from where she got in");
}
