use std::sync::Arc;

use countersign_account::{Challenge, Reading, Refused, SignIn, SignInDoor, SignInVerdict, SignUpVerdict};
use countersign_audit::Record;
use countersign_kernel::Lifetime;
use countersign_limit::testing::solve;
use countersign_password::{HasherConfig, Params};

use crate::world::{OTHER, PASSWORD, World, door, sign_in};

fn limited(verdict: SignInVerdict) -> Refused {
    match verdict {
        SignInVerdict::Limited(refused) => refused,
        other => panic!("{other:?}"),
    }
}

fn challenged(verdict: SignInVerdict) -> Challenge {
    match verdict {
        SignInVerdict::Challenged(challenge) => *challenge,
        other => panic!("{other:?}"),
    }
}

/// Fills the account's bucket, each try from another network.
async fn flood(world: &World, email: &str) {
    for n in 0..20 {
        fail(world, email, &format!("198.51.100.{n}"), 1).await;
    }
}

/// A sign-in with the solution of this challenge.
fn solving(email: &str, password: &str, challenge: &Challenge) -> SignIn {
    let challenge = serde_json::to_value(challenge).unwrap();
    SignIn { challenge_response: solve(&challenge), ..sign_in(email, password) }
}

async fn fail(world: &World, email: &str, address: &str, times: usize) {
    for n in 0..times {
        let verdict = world.sign_in_from(email, OTHER, &world.from(address)).await;
        assert!(matches!(verdict, SignInVerdict::Failed), "{n} of {times}: {verdict:?}");
    }
}

// attack 108
#[tokio::test]
async fn five_failures_from_one_address_to_one_account_are_enough() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    fail(&world, "ada@example.com", "198.51.100.7", 5).await;

    let before = world.hashes();
    let refused = limited(world.sign_in_from("ada@example.com", PASSWORD, &world.from("198.51.100.7")).await);

    assert_eq!((refused.name, refused.retry_after), ("sign_in_address_account", Lifetime::from_minutes(15)));
    assert_eq!(world.hashes(), before, "a refused try costs no hash");
    assert!(
        matches!(world.sign_in("ada@example.com", PASSWORD).await, SignInVerdict::SignedIn(_)),
        "elsewhere it goes on"
    );
    world.advance(Lifetime::from_minutes(15));
    let verdict = world.sign_in_from("ada@example.com", PASSWORD, &world.from("198.51.100.7")).await;
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)));
}

// attack 67, 113
/// The limit tells nothing of whether there is an account, and spelling gives no fresh bucket.
#[tokio::test]
async fn an_unknown_address_is_limited_like_a_known_one() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    let mut seen = Vec::new();
    for (name, address) in [("ada", "198.51.100.7"), ("nobody", "198.51.100.8")] {
        for n in 0..7 {
            let email = match n % 3 {
                0 => format!("{name}@example.com"),
                1 => format!("{}@example.com", name.to_uppercase()),
                _ => format!("{name}@EXAMPLE.com"),
            };
            seen.push(world.accounts.sign_in(sign_in(&email, OTHER), &world.from(address)).await.unwrap());
        }
    }
    let (ada, nobody) = seen.split_at(7);
    for (a, b) in ada.iter().zip(nobody) {
        assert_eq!(a.1, b.1, "the headers");
        match (&a.0, &b.0) {
            (SignInVerdict::Failed, SignInVerdict::Failed) => {}
            (SignInVerdict::Limited(a), SignInVerdict::Limited(b)) => assert_eq!(a, b),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(nobody[5].0, SignInVerdict::Limited(_)));
}

// attack 111
/// One try at each of many accounts.
#[tokio::test]
async fn spraying_many_accounts_from_one_address_is_limited() {
    let world = World::start().await;
    for n in 0..30 {
        fail(&world, &format!("a{n}@example.com"), "198.51.100.7", 1).await;
    }
    let refused = limited(world.sign_in_from("b@example.com", OTHER, &world.from("198.51.100.7")).await);
    assert_eq!(refused.name, "sign_in_address");
    fail(&world, "b@example.com", "198.51.100.8", 1).await;
}

// attack 112, 114
// bug S81
/// Many addresses, one account; the owner's own device and sessions do not suffer.
#[tokio::test]
async fn many_addresses_at_one_account_are_limited_and_the_owner_gets_in() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let cookie = ada.issued.device.as_ref().unwrap().expose().clone();
    for n in 0..20 {
        fail(&world, "ada@example.com", &format!("198.51.100.{n}"), 1).await;
    }

    let before = world.hashes();
    challenged(world.sign_in_from("ada@example.com", OTHER, &world.from("203.0.113.1")).await);
    challenged(world.sign_in("ada@example.com", PASSWORD).await);
    assert_eq!(world.hashes(), before, "a try without its proof costs no hash");
    assert!(world.check(&ada).is_ok(), "her session goes on");

    let request =
        SignIn { door: SignInDoor { device_cookie: Some(cookie), ..door() }, ..sign_in("ada@example.com", PASSWORD) };
    let (verdict, readings) = world.accounts.sign_in(request, &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "{verdict:?}");
    assert_eq!(readings.iter().map(|r: &Reading| (r.name, r.remaining)).collect::<Vec<_>>(), [("sign_in_device", 10)]);
}

// attack 112, 114
/// Whoever proves work gets one try, the same for a member and a stranger, and it counts for his network as any other.
#[tokio::test]
async fn a_solved_challenge_buys_one_try() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        flood(&world, email).await;
        let attacker = world.from("203.0.113.9");
        for n in 0..5 {
            let challenge = challenged(world.sign_in_from(email, OTHER, &attacker).await);
            let request = solving(email, OTHER, &challenge);
            let (verdict, readings) = world.accounts.sign_in(request.clone(), &attacker).await.unwrap();
            assert!(matches!(verdict, SignInVerdict::Failed), "{verdict:?}");
            let left = |name| readings.iter().find(|r| r.name == name).unwrap().remaining;
            assert_eq!((left("sign_in_address_account"), left("challenge_account")), (4 - n, 63 - n), "{email}");

            if n < 4 {
                let again = challenged(world.accounts.sign_in(request, &attacker).await.unwrap().0);
                assert_ne!(again, challenge, "a fresh one");
            }
        }
        assert_eq!(limited(world.sign_in_from(email, PASSWORD, &attacker).await).name, "sign_in_address_account");
        world.advance(Lifetime::from_hours(1));
    }
}

#[tokio::test]
async fn a_good_solved_try_gives_back_all_but_its_solution() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    flood(&world, "ada@example.com").await;
    let challenge = challenged(world.sign_in("ada@example.com", PASSWORD).await);
    let request = solving("ada@example.com", PASSWORD, &challenge);

    let (verdict, readings) = world.accounts.sign_in(request.clone(), &world.home()).await.unwrap();

    assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "{verdict:?}");
    assert!(readings.iter().all(|r| r.remaining == r.limit), "{readings:?}");
    challenged(world.accounts.sign_in(request, &world.home()).await.unwrap().0);
}

// attack 126
#[tokio::test]
async fn a_solution_is_for_one_account_and_for_five_minutes() {
    let world = World::start().await;
    for name in ["ada", "bob"] {
        world.member(&format!("{name}@example.com")).await;
        flood(&world, &format!("{name}@example.com")).await;
        world.advance(Lifetime::from_minutes(20));
    }
    let of_ada = challenged(world.sign_in("ada@example.com", PASSWORD).await);

    let for_bob = world.accounts.sign_in(solving("bob@example.com", PASSWORD, &of_ada), &world.home()).await.unwrap();
    challenged(for_bob.0);
    world.advance(Lifetime::from_minutes(5));
    let late = world.accounts.sign_in(solving("ada@example.com", PASSWORD, &of_ada), &world.home()).await.unwrap();
    challenged(late.0);

    let fresh = challenged(world.sign_in("ada@example.com", PASSWORD).await);
    let other_spelling = world.accounts.sign_in(solving("ADA@example.com", PASSWORD, &fresh), &world.home()).await;
    assert!(matches!(other_spelling.unwrap().0, SignInVerdict::SignedIn(_)), "one account, whatever its spelling");
}

// attack 126
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_tries_with_one_solution_one_is_judged() {
    let world = Arc::new(World::start().await);
    world.member("ada@example.com").await;
    flood(&world, "ada@example.com").await;
    let challenge = challenged(world.sign_in("ada@example.com", PASSWORD).await);
    let before = world.hashes();
    let tries: Vec<_> = (0..20)
        .map(|n| {
            let (world, request) = (Arc::clone(&world), solving("ada@example.com", OTHER, &challenge));
            let origin = world.from(&format!("203.0.113.{n}"));
            tokio::spawn(async move { world.accounts.sign_in(request, &origin).await.unwrap().0 })
        })
        .collect();

    let mut failed = 0;
    for one in tries {
        failed += usize::from(matches!(one.await.unwrap(), SignInVerdict::Failed));
    }

    assert_eq!((failed, world.hashes() - before), (1, 1));
}

#[tokio::test]
async fn challenges_get_harder_with_the_flood_up_to_sixteen_times_and_easy_again() {
    let world = World::start().await;
    flood(&world, "ada@example.com").await;
    let mut seen = Vec::new();
    for n in 0..70_u8 {
        let from = world.from(&format!("203.0.113.{n}"));
        let challenge = challenged(world.sign_in_from("ada@example.com", OTHER, &from).await);
        seen.push(challenge.max_number / 1_000);
        let (verdict, _) = world.accounts.sign_in(solving("ada@example.com", OTHER, &challenge), &from).await.unwrap();
        assert!(matches!(verdict, SignInVerdict::Failed), "{n}: {verdict:?}");
    }
    let wanted: Vec<u32> = (0..70).map(|n| 1 << (n / 16)).map(|times: u32| times.min(16)).collect();
    assert_eq!(seen, wanted);
    flood(&world, "bob@example.com").await;
    assert_eq!(challenged(world.sign_in("bob@example.com", OTHER).await).max_number, 1_000, "another account");

    world.advance(Lifetime::from_hours(1));
    assert!(matches!(world.sign_in("ada@example.com", OTHER).await, SignInVerdict::Failed), "and then none at all");
}

/// What is refused for its network is told the network's wait, and no work that would not help.
#[tokio::test]
async fn where_network_and_account_are_full_the_network_is_told_and_both_are_audited() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    fail(&world, "ada@example.com", "203.0.113.1", 5).await;
    for n in 0..15 {
        fail(&world, "ada@example.com", &format!("198.51.100.{n}"), 1).await;
    }

    let refused = limited(world.sign_in_from("ada@example.com", PASSWORD, &world.from("203.0.113.1")).await);

    assert_eq!((refused.name, refused.retry_after), ("sign_in_address_account", Lifetime::from_minutes(15)));
    challenged(world.sign_in("ada@example.com", PASSWORD).await);
    let told: Vec<_> = world.trail().await.into_iter().filter(|l| l.starts_with("limit_reached")).collect();
    assert_eq!(
        told,
        [
            "limit_reached!(sign_in_account) by anonymous subject",
            "limit_reached!(sign_in_address_account) by anonymous subject",
        ]
    );
}

/// An answer to nothing that was asked is not looked at.
#[tokio::test]
async fn a_response_that_nobody_asked_for_changes_nothing() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let response = Some("whatever".to_owned());
    let request = SignIn { challenge_response: response.clone(), ..sign_in("ada@example.com", PASSWORD) };
    let (verdict, _) = world.accounts.sign_in(request.clone(), &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "{verdict:?}");

    flood(&world, "ada@example.com").await;
    challenged(world.accounts.sign_in(request.clone(), &world.home()).await.unwrap().0);
    let cookie = ada.issued.device.as_ref().unwrap().expose().clone();
    let at_home = SignIn { door: SignInDoor { device_cookie: Some(cookie), ..door() }, ..request };
    let (verdict, _) = world.accounts.sign_in(at_home, &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "a known device is never asked");
}

/// The trail says how each try came, and links no two accounts by their device.
#[tokio::test]
async fn records_of_sign_ins_say_how_they_came() {
    let world = World::start().await;
    let mut cookie = None;
    for name in ["ada", "bob"] {
        let email = format!("{name}@example.com");
        let request =
            SignIn { door: SignInDoor { device_cookie: cookie.clone(), ..door() }, ..sign_in(&email, PASSWORD) };
        world.member(&email).await;
        let (verdict, _) = world.accounts.sign_in(request, &world.home()).await.unwrap();
        let SignInVerdict::SignedIn(opened) = verdict else { panic!("{verdict:?}") };
        cookie = Some(opened.issued.device.unwrap().expose().clone());
    }
    for name in ["ada", "bob"] {
        let known = SignIn {
            door: SignInDoor { device_cookie: cookie.clone(), ..door() },
            ..sign_in(&format!("{name}@example.com"), OTHER)
        };
        let (verdict, _) = world.accounts.sign_in(known, &world.home()).await.unwrap();
        assert!(matches!(verdict, SignInVerdict::Failed));
    }
    flood(&world, "ada@example.com").await;
    let challenge = challenged(world.sign_in("ada@example.com", PASSWORD).await);
    world.accounts.sign_in(solving("ada@example.com", PASSWORD, &challenge), &world.home()).await.unwrap();

    let told = |record: &Record| {
        let fact = |name| record.detail.get(name).cloned().unwrap_or_default();
        (record.event.as_str(), fact("device"), fact("challenge"))
    };
    let records = world.records().await;
    let known: Vec<_> = records.iter().filter(|r| r.detail.contains_key("deviceKey")).collect();
    assert_eq!(
        known.iter().map(|r| told(r)).collect::<Vec<_>>(),
        vec![("sign_in_failed", "known".into(), String::new()); 2]
    );
    assert_ne!(known[0].detail["deviceKey"], known[1].detail["deviceKey"], "one device, two accounts");
    assert!(known.iter().all(|r| r.detail["deviceKey"].len() == 16));
    let last: Vec<_> = records.iter().rev().take(2).map(told).collect();
    assert_eq!(last, [("signed_in", "new".into(), "solved".into()), ("limit_reached", "new".into(), String::new()),]);
}

#[tokio::test]
async fn a_known_device_has_ten_failures_an_hour_of_its_own() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let cookie = ada.issued.device.as_ref().unwrap().expose().clone();
    let request = |password| SignIn {
        door: SignInDoor { device_cookie: Some(cookie.clone()), ..door() },
        ..sign_in("ada@example.com", password)
    };
    for _ in 0..10 {
        let (verdict, _) = world.accounts.sign_in(request(OTHER), &world.home()).await.unwrap();
        assert!(matches!(verdict, SignInVerdict::Failed));
    }
    let (verdict, _) = world.accounts.sign_in(request(PASSWORD), &world.home()).await.unwrap();
    assert_eq!(limited(verdict).name, "sign_in_device");
}

// attack 116
#[tokio::test]
async fn ones_own_success_does_not_reset_what_others_have_used() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    world.member("mallory@example.com").await;
    let office = "198.51.100.7";
    fail(&world, "ada@example.com", office, 4).await;

    let own = world.accounts.sign_in(sign_in("mallory@example.com", PASSWORD), &world.from(office)).await.unwrap();
    assert!(matches!(own.0, SignInVerdict::SignedIn(_)));
    let left = own.1.iter().find(|r| r.name == "sign_in_address").unwrap();
    assert_eq!(left.remaining, 26, "four failures stay counted");
    let owner = world.sign_in_from("ada@example.com", PASSWORD, &world.from(office)).await;
    assert!(matches!(owner, SignInVerdict::SignedIn(_)), "the owner's success is free");

    fail(&world, "ada@example.com", office, 1).await;
    limited(world.sign_in_from("ada@example.com", OTHER, &world.from(office)).await);
}

// bug S83
/// Successes are not counted, so that an office behind one address does not lock itself out.
#[tokio::test]
async fn a_hundred_good_sign_ins_from_one_address_are_no_attack() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    for _ in 0..100 {
        world.signed_in("ada@example.com", PASSWORD).await;
    }
}

// attack 115
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parallel_burst_does_not_get_past_the_count() {
    let world = Arc::new(World::start().await);
    world.member("ada@example.com").await;
    let before = world.hashes();
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let world = Arc::clone(&world);
            let origin = world.from("198.51.100.7");
            tokio::spawn(async move { world.sign_in_from("ada@example.com", OTHER, &origin).await })
        })
        .collect();
    let mut failed = 0;
    for one in tries {
        failed += usize::from(matches!(one.await.unwrap(), SignInVerdict::Failed));
    }
    assert_eq!((failed, world.hashes() - before), (5, 5));
}

// attack 120
#[tokio::test]
async fn rotating_through_ones_own_ipv6_network_gives_no_fresh_bucket() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    for n in 0..5 {
        fail(&world, "ada@example.com", &format!("2001:db8:1:2::{n:x}"), 1).await;
    }
    limited(world.sign_in_from("ada@example.com", OTHER, &world.from("2001:db8:1:2:ffff::1")).await);
}

// attack 110
// bug S79
/// What the client says of itself is not what it is counted by.
#[tokio::test]
async fn another_user_agent_is_no_fresh_bucket() {
    let world = World::start().await;
    for n in 0..6 {
        let mut origin = world.from("198.51.100.7");
        origin.user_agent = Some(format!("agent {n}"));
        let verdict = world.sign_in_from("ada@example.com", OTHER, &origin).await;
        assert_eq!(matches!(verdict, SignInVerdict::Limited(_)), n == 5);
    }
}

#[tokio::test]
async fn a_limit_is_audited_once_a_window() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    fail(&world, "ada@example.com", "198.51.100.7", 5).await;
    for _ in 0..10 {
        limited(world.sign_in_from("ada@example.com", OTHER, &world.from("198.51.100.7")).await);
    }
    let told = world.trail().await.into_iter().filter(|l| l.starts_with("limit_reached")).collect::<Vec<_>>();
    assert_eq!(told, ["limit_reached!(sign_in_address_account) by anonymous subject"]);
}

// attack 102
/// Whoever finds no room is told at once, before anything is read or counted for him, and does not fill the trail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overload_refuses_at_once_and_counts_nobody() {
    let mut world = World::start().await;
    let slow = Params { memory_kib: 65_536, iterations: 8, parallelism: 1 };
    let hashing = HasherConfig { params: slow, workers: 1, queue_deadline: Lifetime::ZERO, ..HasherConfig::default() };
    world.restart(hashing).await;
    let world = Arc::new(world);
    let first = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.sign_in("nobody@example.com", OTHER).await }
    });
    while world.accounts.hashing().running == 0 {
        tokio::task::yield_now().await;
    }

    for _ in 0..20 {
        let told =
            world.accounts.sign_in(sign_in("ada@example.com", OTHER), &world.from("198.51.100.7")).await.unwrap();
        let SignInVerdict::Busy(busy) = told.0 else { panic!("{told:?}") };
        assert!(busy.retry_after >= Lifetime::from_seconds(1));
        assert!(told.1.is_empty(), "{told:?}");
    }
    // Nor is it found out first what is wrong with a registration.
    assert!(matches!(world.sign_up("ben@example.com", "x").await, SignUpVerdict::Busy(_)));

    assert!(matches!(first.await.unwrap(), SignInVerdict::Failed));
    let trail = world.trail().await;
    let overloads = trail.iter().filter(|l| l.starts_with("sign_in_failed!(overloaded)")).count();
    assert_eq!(overloads, 1, "{trail:?}");
}
