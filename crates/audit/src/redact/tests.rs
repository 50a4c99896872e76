//! Attack 100 of SECURITY.md: secrets, forged lines and terminal escapes in what is written down.

use super::*;

const JWT: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.";
const REFRESH: &str = "AQAAAAEBkq3Xz4JkQm9vY3Nlc3Npb24taWQtYW5kLW1hYy1hbmQtc28tb24_9fQx7";
const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$hash";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----";

fn kinds(text: &str) -> Vec<Kind> {
    find_secrets(text).into_iter().map(|f| f.kind).collect()
}

#[test]
fn each_kind_of_secret_is_found_wherever_it_stands() {
    for (secret, kind) in [
        (JWT, Kind::Jwt),
        (UNSIGNED, Kind::Jwt),
        (REFRESH, Kind::Opaque),
        (PHC, Kind::PasswordHash),
        ("$2b$12$abcdefghijklmnopqrstuv", Kind::PasswordHash),
        (PEM, Kind::Pem),
    ] {
        for text in
            [secret.to_owned(), format!("Bearer {secret} ok"), format!("{{\"t\":\"{secret}\"}}"), format!("a={secret}")]
        {
            assert_eq!(kinds(&text), [kind], "{text}");
        }
    }
}

#[test]
fn what_is_public_is_left_alone() {
    for text in [
        "usr_01kan5r8m3fmkt2w9n5d4q7x6y ses_01kan5r8m3fmkt2w9n5d4q7x6y",
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "wrong_password",
        "0192f3e4-5b6c-7d8e-9fa0-b1c2d3e4f506",
        "eyJ.a.b",
        "countersign_http::layer::access_log::the_longest_module_path_of_all",
    ] {
        assert_eq!(kinds(text), [], "{text}");
        assert_eq!(fact(text), text);
    }
}

// attack 100
// bug S88
#[test]
fn a_fact_holds_no_secret_and_no_address() {
    let said = fact(&format!("token {JWT} for <ada@example.org> with {REFRESH}!"));

    assert_eq!(said, "token [redacted] for <[redacted]> with [redacted]!");
}

#[test]
fn a_secret_that_the_cap_cuts_in_half_does_not_slip_through() {
    for padding in 0..1_100 {
        let said = fact(&format!("{} {REFRESH}{JWT}", "x ".repeat(padding)));

        assert!(said.len() <= MAX_FACT);
        assert!(!said.contains("AQAA") && !said.contains("eyJ"), "{padding}: {said}");
    }
}

// attack 100
// bug S89
#[test]
fn characters_that_act_are_shown_and_not_written() {
    assert_eq!(fact("a\r\nevent=forged"), r"a\u{d}\u{a}event=forged");
    assert_eq!(fact("\u{1b}[31mred\u{202e}nib\u{200b}"), r"\u{1b}[31mred\u{202e}nib\u{200b}");
    assert_eq!(fact(r"\u{a}"), r"\\u{a}", "a text that only looks escaped stays different");
}

#[test]
fn long_texts_are_cut_between_characters_and_say_so() {
    let said = fact(&"é ".repeat(500));

    assert!(said.len() <= MAX_FACT && said.ends_with('…'));
    assert_eq!(name("short", MAX_NAME), "short");
    assert!(name(&"\n".repeat(60), MAX_NAME).len() <= MAX_NAME, "escapes count too");
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn becomes_a_fact_that_shows_and_starts_nothing(text in ".{0,600}") {
            let said = fact(&text);

            prop_assert!(said.len() <= MAX_FACT);
            prop_assert!(!said.chars().any(is_unsafe_to_show));
            prop_assert!(find_secrets(&said).is_empty());
        }
    }
}
