use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn keys() -> RefreshKeys {
    RefreshKeys::new(Secret::new([3; 32]))
}

fn token() -> RefreshToken {
    RefreshToken {
        delivery: Delivery::Cookie,
        period: mac_period(NOW),
        session: SessionId::from_bytes([5; 16]),
        generation: 41,
        deadline: NOW + Lifetime::from_days(30),
    }
}

fn any_token() -> impl Strategy<Value = RefreshToken> {
    (any::<bool>(), 0_u32..=1, any::<[u8; 16]>(), any::<u64>(), any::<i64>()).prop_map(
        |(cookie, back, session, generation, deadline)| RefreshToken {
            delivery: if cookie { Delivery::Cookie } else { Delivery::Body },
            period: mac_period(NOW) - back,
            session: SessionId::from_bytes(session),
            generation,
            deadline: Timestamp::from_micros(deadline),
        },
    )
}

proptest! {
    #[test]
    fn a_token_reads_back_and_is_always_the_same_text(token in any_token()) {
        let text = keys().seal(&token);

        prop_assert_eq!(text.expose().len(), 94);
        let elsewhere = keys().seal(&token);
        prop_assert_eq!(elsewhere.expose(), text.expose(), "other processes make the same bytes");
        prop_assert_eq!(keys().open(text.expose(), NOW), Some(token));
    }

    #[test]
    fn no_bit_can_be_changed(token in any_token(), place in 0_usize..94, change in 1_u8..64) {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let keys = keys();
        let mut text = keys.seal(&token).expose().as_bytes().to_vec();
        let digit = ALPHABET.iter().position(|c| *c == text[place]).unwrap();
        text[place] = ALPHABET[digit ^ usize::from(change)];

        prop_assert_eq!(keys.open(std::str::from_utf8(&text).unwrap(), NOW), None);
    }

    #[test]
    fn whatever_decodes_is_the_one_text_of_its_token(text in "[A-Za-z0-9_-]{94}|.{0,120}") {
        if let Some(unproven) = Unproven::decode(&text) {
            let again = unproven.encode();
            prop_assert_eq!(again.expose(), text.as_str());
        }
        prop_assert_eq!(keys().open(&text, NOW), None);
    }
}

#[test]
fn each_field_is_covered() {
    let (keys, good) = (keys(), token());
    let text = keys.seal(&good).expose().to_owned();
    let others = [
        RefreshToken { delivery: Delivery::Body, ..good },
        RefreshToken { period: good.period - 1, ..good },
        RefreshToken { session: SessionId::from_bytes([6; 16]), ..good },
        RefreshToken { generation: 42, ..good },
        RefreshToken { deadline: good.deadline + Lifetime::from_micros(1), ..good },
    ];
    for other in others {
        assert_ne!(keys.seal(&other).expose()[51..], text[51..], "{other:?} has another MAC");
    }
}

#[test]
fn another_root_knows_none_of_our_tokens() {
    let text = RefreshKeys::new(Secret::new([4; 32])).seal(&token());
    assert_eq!(keys().open(text.expose(), NOW), None);
}

#[test]
fn a_token_of_a_future_or_forgotten_period_is_invalid() {
    let keys = keys();
    let text = keys.seal(&token()).expose().to_owned();

    assert!(keys.open(&text, NOW + Lifetime::from_days(400)).is_some(), "the longest session still lives");
    assert_eq!(keys.open(&text, NOW + Lifetime::from_days(600)), None);
    assert_eq!(keys.open(&text, NOW - Lifetime::from_days(91)), None);
}

#[test]
fn nodes_need_not_agree_on_the_moment_a_period_begins() {
    let border = Timestamp::from_seconds(i64::from(mac_period(NOW)) * MAC_PERIOD.as_seconds());
    let text = keys().seal(&token());

    assert!(keys().open(text.expose(), border - Lifetime::from_seconds(1)).is_some());
    assert!(keys().open(text.expose(), border - Lifetime::from_days(2)).is_none());
}

#[test]
fn the_keys_of_several_periods_are_remembered_once_each_and_for_genuine_tokens_alone() {
    let (keys, stranger) = (keys(), RefreshKeys::new(Secret::new([4; 32])));
    let of_period = |back| RefreshToken { period: mac_period(NOW) - back, ..token() };
    assert_eq!(keys.open(stranger.seal(&of_period(3)).expose(), NOW), None);

    for _ in 0..2 {
        for back in 0..3 {
            assert_eq!(keys.open(keys.seal(&of_period(back)).expose(), NOW), Some(of_period(back)));
        }
    }

    let remembered: Vec<u32> = keys.periods.load().iter().map(|(period, _)| *period).collect();
    assert_eq!(remembered, [0, 1, 2].map(|back| mac_period(NOW) - back));
}

#[test]
fn nothing_that_prints_shows_a_token() {
    let text = keys().seal(&token());
    assert_eq!(format!("{text:?}"), "RefreshText([redacted])");
    assert_eq!(format!("{:?}", keys()), "RefreshKeys(..)");
}
