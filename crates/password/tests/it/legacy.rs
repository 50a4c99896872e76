//! Hashes of other systems, through the queue. Their vectors are tested beside their code.

use std::sync::Arc;

use countersign_kernel::{Clock, Env, Lifetime, Secret, SystemEntropy, Timestamp};
use countersign_password::{Error, HashError, Hasher, HasherConfig, LegacyHash, Params, Password};

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }
}

fn hasher() -> Hasher {
    let config = HasherConfig {
        params: Params::CHEAPEST,
        workers: 2,
        memory_budget_kib: 1_024,
        queue_deadline: Lifetime::from_minutes(60),
    };
    Hasher::new(&config, Env::new(Arc::new(Still), Arc::new(SystemEntropy))).unwrap()
}

fn password(text: &str) -> Password {
    Password::received(text).unwrap()
}

fn stored(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// One cheap hash of `kuzm tevx` a kind.
const HASHES: [&str; 5] = [
    "$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
    "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$VutafhGFbNQctM2Bu3zCXiWW9cypAKI8gp9EHU.vxmc",
    "$pbkdf2-sha512$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$99TnGo4vnTbvaXdvkoknJT6PxiZmkfAEcxUXRFB2YVkpUgqSDSCFc/GMHH8RwVQMEkiINSmIxhM6HKqVHGBWPg",
    "$scrypt$ln=6,r=4,p=2$MDEyMzQ1Njc4OWFiY2RlZg$Mpj/VHNHqAQnvcBSWiO9lFr8X0K3ZkdmuWPDZRy0ueo",
    "$6$rounds=1000$salt$aDZ6N6o0y.BDEv8TBk0RVzU7rCNazW9IhRK45CpySJHN7pAnZKWsheMlE4AJidbDwkHCwivjlXRanM0ZgXZNV/",
];

#[tokio::test]
async fn a_foreign_hash_is_checked_in_the_queue_and_always_asks_to_be_made_again() {
    let hasher = hasher();
    for text in HASHES {
        let right = hasher.verify(&password("kuzm tevx"), &stored(text)).await.unwrap();
        assert!(right.matches && right.needs_rehash && right.is_legacy, "{text}: {right:?}");
        let wrong = hasher.verify(&password("kuzm tevy"), &stored(text)).await.unwrap();
        assert!(!wrong.matches && wrong.is_legacy, "{text}: {wrong:?}");
    }
    assert_eq!(hasher.work().done, 2 * HASHES.len() as u64);
}

#[tokio::test]
async fn a_hash_that_needs_a_secret_is_a_fault_without_it_and_no_match_with_another() {
    let hasher = hasher();
    let peppered = "$bcrypt-pepper$k=a1b2$2a$04$abcdefghijklmnopqrstuu1SzQ.3msHgUpswK0c8E40K/CN36K916";

    let without = hasher.verify(&password("kuzm tevx"), &stored(peppered)).await;
    assert!(matches!(without, Err(HashError::Fault(Error::SecretMissing))), "{without:?}");
    for (pepper, matches) in [("a pepper of old", true), ("another", false)] {
        let pepper = Secret::new(pepper.as_bytes().to_vec());
        let verdict = hasher.verify_with(&password("kuzm tevx"), &stored(peppered), Some(&pepper)).await.unwrap();
        assert_eq!(verdict.matches, matches);
    }
}

/// Other systems hash what came in. Ours normalises first.
#[tokio::test]
async fn a_foreign_hash_is_of_the_bytes_that_came_in() {
    let hasher = hasher();
    let composed = stored("$5$rounds=1000$salt$QZVRjT.jNyqi.uy9u.cXjXEfbgANN/jP784fML2H2y3");
    let decomposed = stored("$5$rounds=1000$salt$TwmC8EJ6LgmlizzRMz5XTu0kv8xz6nsgi5k65Lc2jh0");
    for (typed, of_composed, of_decomposed) in [("cr\u{e8}me", true, false), ("cre\u{300}me", false, true)] {
        assert_eq!(hasher.verify(&password(typed), &composed).await.unwrap().matches, of_composed, "{typed}");
        assert_eq!(hasher.verify(&password(typed), &decomposed).await.unwrap().matches, of_decomposed, "{typed}");
    }
}

#[tokio::test]
async fn what_needs_more_memory_than_a_thread_keeps_is_computed_all_the_same() {
    let hasher = hasher();
    let text = "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==";
    assert!(LegacyHash::parse(text).unwrap().memory_kib() > 1_024);

    let (a, b) = (password("l\u{e8}tmein"), password("letmein"));
    let text = stored(text);
    let (right, wrong) = tokio::join!(hasher.verify(&a, &text), hasher.verify(&b, &text));

    assert!(right.unwrap().matches && !wrong.unwrap().matches);
    let own = hasher.hash(&a).await.unwrap();
    assert!(hasher.verify(&a, &own).await.unwrap().matches, "the threads go on as before");
}
