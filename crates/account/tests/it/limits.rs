use std::sync::Arc;

use countersign_account::{Reading, Refused, SignIn, SignInVerdict};
use countersign_kernel::Lifetime;
use countersign_password::{HasherConfig, Params};

use crate::world::{OTHER, PASSWORD, World, sign_in};

fn limited(verdict: SignInVerdict) -> Refused {
    match verdict {
        SignInVerdict::Limited(refused) => refused,
        other => panic!("{other:?}"),
    }
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

    let refused = limited(world.sign_in_from("ada@example.com", OTHER, &world.from("203.0.113.1")).await);
    assert_eq!(refused.name, "sign_in_account");
    assert!(refused.retry_after <= Lifetime::from_hours(1));
    limited(world.sign_in("ada@example.com", PASSWORD).await);
    assert!(world.check(&ada).is_ok(), "her session goes on");

    let request = SignIn { device_cookie: Some(cookie), ..sign_in("ada@example.com", PASSWORD) };
    let (verdict, readings) = world.accounts.sign_in(request, &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "{verdict:?}");
    assert_eq!(readings.iter().map(|r: &Reading| (r.name, r.remaining)).collect::<Vec<_>>(), [("sign_in_device", 10)]);
}

#[tokio::test]
async fn a_known_device_has_ten_failures_an_hour_of_its_own() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let cookie = ada.issued.device.as_ref().unwrap().expose().clone();
    let request = |password| SignIn { device_cookie: Some(cookie.clone()), ..sign_in("ada@example.com", password) };
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
/// Whoever finds no room is told at once, is not counted, and does not fill the trail.
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
        assert!(told.1.iter().all(|r| r.remaining == r.limit), "{told:?}");
    }

    assert!(matches!(first.await.unwrap(), SignInVerdict::Failed));
    let trail = world.trail().await;
    let overloads = trail.iter().filter(|l| l.starts_with("sign_in_failed!(overloaded)")).count();
    assert_eq!(overloads, 1, "{trail:?}");
}
