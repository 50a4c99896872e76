//! Peppers, through the hasher.

use std::sync::Arc;

use countersign_kernel::{Entropy, Env, Secret};
use countersign_password::{Error, HashError, Hasher, Params, Pepper, Peppers};

use crate::hasher::{Still, config, env, password};

const TODAYS: &str = "q0KcYx1cVxkq3Jr5rWm0c2bN6u8Zt4s7oQeXhDfGvLI";
const YESTERDAYS: &str = "8mXw2ZbGd7J1pTq0LhRkVfYcUe5sNnAo3iBtCxKzMWE";

fn pepper(text: &str) -> Pepper {
    Pepper::from_text(text).unwrap()
}

fn hasher(current: Option<&str>, previous: &[&str]) -> Hasher {
    hasher_in(env(), current, previous)
}

fn hasher_in(env: Env, current: Option<&str>, previous: &[&str]) -> Hasher {
    let peppers = Peppers {
        current: current.map(pepper),
        previous: previous.iter().copied().map(pepper).collect(),
        lost: Vec::new(),
    };
    Hasher::new(&config(Params::CHEAPEST), env).unwrap().with_peppers(peppers).unwrap()
}

async fn check(hasher: &Hasher, text: &str, stored: &Secret<String>) -> (bool, bool) {
    let verification = hasher.verify(&password(text), stored).await.unwrap();
    (verification.matches, verification.needs_rehash)
}

#[tokio::test]
async fn a_hash_names_its_pepper_and_matches_with_it_alone() {
    let with = hasher(Some(TODAYS), &[]);
    assert_eq!(with.peppers().current.as_ref().map(Pepper::id), Some(pepper(TODAYS).id()));
    let stored = with.hash(&password("kuzm tevx")).await.unwrap();
    let id = pepper(TODAYS).id().to_string();

    let head = format!("$argon2id$v=19$m=8,t=1,p=1,keyid={id}$");
    assert!(stored.expose().starts_with(&head), "{}", stored.expose());
    assert_eq!(check(&with, "kuzm tevx", &stored).await, (true, false));
    assert_eq!(check(&with, "kuzm tevy", &stored).await, (false, false));
    for without in [hasher(None, &[]), hasher(Some(YESTERDAYS), &[])] {
        let judged = without.verify(&password("kuzm tevx"), &stored).await;
        assert!(matches!(&judged, Err(HashError::Fault(Error::UnknownPepper(named))) if *named == id), "{judged:?}");
    }
    // Whoever can write to the database takes the mark away and gains nothing.
    let bare = Secret::new(stored.expose().replace(&format!(",keyid={id}"), ""));
    assert_eq!(check(&with, "kuzm tevx", &bare).await, (false, true));
}

#[tokio::test]
async fn the_pepper_changes_the_hash_and_not_only_its_name() {
    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, target: &mut [u8]) {
            target.fill(0);
        }
    }
    let env = || Env::new(Arc::new(Still), Arc::new(Zeros));
    let mut outputs = Vec::new();
    for current in [None, Some(TODAYS), Some(YESTERDAYS)] {
        let stored = hasher_in(env(), current, &[]).hash(&password("kuzm tevx")).await.unwrap();
        outputs.push(stored.expose().rsplit('$').next().unwrap().to_owned());
    }
    outputs.sort();
    outputs.dedup();
    assert_eq!(outputs.len(), 3, "the same password and salt");
}

#[tokio::test]
async fn a_new_pepper_a_first_one_and_none_any_more_ask_for_a_new_hash() {
    let (none, old) = (hasher(None, &[]), hasher(Some(YESTERDAYS), &[]));
    let bare = none.hash(&password("kuzm tevx")).await.unwrap();
    let peppered = old.hash(&password("kuzm tevx")).await.unwrap();

    let rotated = hasher(Some(TODAYS), &[YESTERDAYS]);
    assert_eq!(check(&rotated, "kuzm tevx", &peppered).await, (true, true));
    assert_eq!(check(&rotated, "kuzm tevx", &bare).await, (true, true));
    assert!(!check(&rotated, "wrong", &peppered).await.0);
    let given_up = hasher(None, &[YESTERDAYS]);
    assert_eq!(check(&given_up, "kuzm tevx", &peppered).await, (true, true));
    assert_eq!(check(&given_up, "kuzm tevx", &bare).await, (true, false));
    let again = given_up.hash(&password("kuzm tevx")).await.unwrap();
    assert!(!again.expose().contains("keyid"), "{}", again.expose());
}

#[tokio::test]
async fn a_lost_pepper_matches_nothing_at_the_price_of_a_check() {
    let stored = hasher(Some(YESTERDAYS), &[]).hash(&password("kuzm tevx")).await.unwrap();
    let peppers = Peppers { lost: vec![pepper(YESTERDAYS).id()], ..Peppers::default() };
    let hasher = Hasher::new(&config(Params::CHEAPEST), env()).unwrap().with_peppers(peppers).unwrap();

    assert_eq!(check(&hasher, "kuzm tevx", &stored).await, (false, false));
    assert_eq!(hasher.work().done, 1);
}

/// A check, a check for nobody, and a new hash do the same work, with a pepper and without.
#[tokio::test]
async fn a_pepper_makes_nobody_neither_cheaper_nor_dearer() {
    let hasher = hasher(Some(TODAYS), &[]);
    let stored = hasher.hash(&password("kuzm tevx")).await.unwrap();
    let before = hasher.work().done;

    hasher.verify(&password("wrong"), &stored).await.unwrap();
    let somebody = hasher.work().done - before;
    hasher.verify_nobody(&password("wrong")).await.unwrap();

    assert_eq!((somebody, hasher.work().done - before - somebody), (1, 1));
}
