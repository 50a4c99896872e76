use super::*;
use crate::testing::env;

#[test]
fn what_is_sealed_opens_under_the_same_key_and_context() {
    let env = env();
    let key = MasterKey::generate(&env);
    for plain in [&b""[..], b"x", &[7; 5_000]] {
        let sealed = key.seal("root/refresh", plain, &env).unwrap();

        assert_eq!(sealed.len(), 1 + 8 + 12 + plain.len() + 16);
        assert_eq!(key.open("root/refresh", &sealed).unwrap().expose(), plain);
    }
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let env = env();
    let key = MasterKey::generate(&env);

    assert_ne!(key.seal("a", b"secret", &env).unwrap(), key.seal("a", b"secret", &env).unwrap());
}

#[test]
fn another_context_does_not_open_it() {
    let env = env();
    let key = MasterKey::generate(&env);
    let sealed = key.seal("root/refresh", b"secret", &env).unwrap();

    for context in ["root/cookies", "root/refres", "root/refreshx", ""] {
        assert_eq!(key.open(context, &sealed).unwrap_err(), SealError::Damaged, "{context}");
    }
}

#[test]
fn another_master_key_is_told_from_damage() {
    let env = env();
    let (key, other) = (MasterKey::generate(&env), MasterKey::generate(&env));
    let sealed = key.seal("a", b"secret", &env).unwrap();

    assert_eq!(other.open("a", &sealed).unwrap_err(), SealError::OtherKey);
}

#[test]
fn each_byte_counts() {
    let env = env();
    let key = MasterKey::generate(&env);
    let sealed = key.seal("a", b"secret", &env).unwrap();

    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        let expected = if (1..9).contains(&at) { SealError::OtherKey } else { SealError::Damaged };
        assert_eq!(key.open("a", &changed).unwrap_err(), expected, "byte {at}");
        assert!(key.open("a", &sealed[..at]).is_err(), "cut at {at}");
    }
    assert!(key.open("a", &[&sealed[..], &[0]].concat()).is_err());
}
