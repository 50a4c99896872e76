use super::*;
use crate::breach::{FilterBuilder, ListForm};

fn codes(policy: &Policy, text: &str, context: &[&str]) -> Vec<Code> {
    let password = Password::received(text).unwrap();
    policy.check(&password, context).err().unwrap_or_default().into_iter().map(|v| v.code).collect()
}

#[test]
fn length_is_counted_in_code_points_after_composition() {
    let policy = Policy::default();
    assert_eq!(codes(&policy, "kuzmtev", &[]), [Code::TooShort]);
    assert_eq!(codes(&policy, "kuzmtevx", &[]), []);
    // Seven letters, one of them typed as two code points.
    assert_eq!(codes(&policy, "kuzmte\u{301}v", &[]), [Code::TooShort]);
    assert_eq!(codes(&policy, "\u{1f511}\u{1f6b2}\u{1f333}\u{1f30d}\u{1f3b8}\u{1f355}\u{1f680}\u{1f419}", &[]), []);
    assert_eq!(codes(&policy, &"kuzm tevx ".repeat(25), &[]), [], "250 characters");
    let longest = format!("{}qafolp", "kuzm tevx ".repeat(25));
    assert_eq!(codes(&policy, &longest, &[]), [], "256 characters");
}

#[test]
fn stricter_lengths_are_obeyed_and_named() {
    let policy = Policy { min: 15, max: 64, ..Policy::default() };
    let short = Password::received("kuzmtevxqafolp").unwrap();
    let violations = policy.check(&short, &[]).unwrap_err();
    assert_eq!(violations[0].message, "Use at least 15 characters.");
    assert_eq!(codes(&policy, &"kuzmtevxqafo ".repeat(5), &[]), [Code::TooLong]);
}

#[test]
fn blanks_alone_are_no_password() {
    let policy = Policy::default();
    for blank in
        ["", "        ", "\t\n \u{a0}\u{2003}    ", "\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}"]
    {
        assert!(codes(&policy, blank, &[]).contains(&Code::Blank), "{blank:?}");
        let violations = policy.check(&Password::received(blank).unwrap(), &[]).unwrap_err();
        assert_eq!(violations[0].message, "Choose a password.", "and no word of how weak nothing is");
    }
}

#[test]
fn what_everybody_knows_of_a_person_counts_as_little() {
    let (policy, password) = (Policy::default(), Password::received("zirconette qafo").unwrap());
    let score = |context: &[&str]| policy.check(&password, context).unwrap().score;
    assert!(score(&["ada.zirconette@example.org"]) < score(&["ada.lovelace@example.org"]));
}

#[test]
fn no_rule_of_composition() {
    for fine in ["kuzmtevxqa", "83920174652", "KUZMTEVXQA", "a sentence is fine as it is", "пять зелёных слонов"]
    {
        assert_eq!(codes(&Policy::default(), fine, &[]), [], "{fine}");
    }
}

#[test]
fn every_listed_password_that_is_long_enough_is_refused() {
    let policy = Policy::default();
    for line in common::listed().filter(|l| l.len() >= policy.min) {
        // Without the estimate of its strength, which says nothing here and takes ten times as long as the rest.
        let violations = policy.violations(&Password::received(line).unwrap(), &Context::of(&[]));
        assert!(violations.iter().any(|violation| violation.code == Code::TooCommon), "{line}");
    }
}

#[test]
fn a_password_that_is_the_persons_or_sites_own_name_is_refused() {
    let context = ["ada.lovelace@example.com", "Ada Lovelace", "auth.example.com"];
    for own in [
        "ada.lovelace@example.com",
        "ADA.LOVELACE",
        "AdaLovelace",
        "adalovelace1",
        "Lovelace!!",
        "l0velace99",
        "example.com",
        "lovelaceada",
    ] {
        assert!(codes(&Policy::default(), own, &context).contains(&Code::ContainsContext), "{own}");
    }
    for fine in ["lovelace reads at night", "kuzmtevxqa", "example of a long phrase"] {
        assert_eq!(codes(&Policy::default(), fine, &context), [], "{fine}");
    }
}

#[test]
fn a_name_is_forgiven_where_four_characters_or_as_many_as_it_has_stand_beside_it() {
    let codes = |text| codes(&Policy { min: 4, ..Policy::default() }, text, &["Lovelace", "Ada", "Kuz"]);
    assert_eq!(codes("lovelaceqzx"), [Code::ContainsContext]);
    assert_eq!(codes("lovelaceqzxv"), []);
    assert_eq!(codes("adaqz"), [Code::ContainsContext]);
    assert_eq!(codes("adaqzx"), []);
    assert_eq!(codes("adaqzxvk"), []);
    assert_eq!(codes("adakuz"), [Code::ContainsContext], "two names are no third thing");
}

#[test]
fn codes_are_stable_texts() {
    let all = [Code::Blank, Code::TooShort, Code::TooLong, Code::TooCommon, Code::Breached, Code::ContainsContext];
    let texts = ["BLANK", "TOO_SHORT", "TOO_LONG", "TOO_COMMON", "PASSWORD_BREACHED", "CONTAINS_CONTEXT"];
    assert_eq!(all.map(Code::as_str), texts);
}

#[test]
fn names_of_one_or_two_letters_forbid_nothing() {
    assert_eq!(codes(&Policy::default(), "kuzmtevxqa", &["a@b.co", "Li", ""]), []);
}

#[test]
fn an_accepted_password_comes_with_its_strength() {
    let weak = Policy::default().check(&Password::received("tuesdays1").unwrap(), &[]).unwrap();
    let strong = Policy::default().check(&Password::received("correct horse battery staple").unwrap(), &[]).unwrap();
    assert!(weak.score < strong.score, "{weak:?} {strong:?}");
}

#[test]
fn a_password_of_a_breach_is_refused_by_the_built_in_filter_and_by_a_bigger_one() {
    let mut builder = FilterBuilder::new(0);
    builder.read("kuzm tevx qafo\n".as_bytes(), ListForm::Plain).unwrap();
    let bigger = Filter::read(builder.finish().unwrap().0.as_slice()).unwrap();
    let policy = Policy { breached: Some(Arc::new(bigger)), ..Policy::default() };

    assert_eq!(codes(&Policy::default(), "zwt2sbzl", &[]), [Code::Breached], "built in");
    assert_eq!(codes(&policy, "zwt2sbzl", &[]), [Code::Breached], "beside the bigger one");
    assert_eq!(codes(&policy, "kuzm tevx qafo", &[]), [Code::Breached]);
    assert_eq!(codes(&policy, "Kuzm Tevx Qafo", &[]), [Code::Breached]);
    assert_eq!(codes(&policy, "password1", &[]), [Code::TooCommon], "said once");
    for fine in ["kuzm tevx qafo!", "kuzmtevxqafo"] {
        assert_eq!(codes(&policy, fine, &[]), [], "{fine}");
    }
    assert_eq!(codes(&Policy::default(), "kuzm tevx qafo", &[]), []);
}

#[test]
fn a_refusal_says_in_plain_words_what_is_weak_and_never_what_was_typed() {
    for text in ["qwertyuiop", "aaaaaaaa", "letmein", "LovelaceAda1815", "zwt2sbzl"] {
        let violations = Policy::default().check(&Password::received(text).unwrap(), &["Ada Lovelace"]).unwrap_err();
        for violation in &violations {
            let message = &violation.message;
            assert!(!message.to_lowercase().contains(&text.to_lowercase()), "{message}");
            assert!(message.ends_with('.'), "{message}");
        }
    }
    let row = Policy::default().check(&Password::received("qwertyuiop").unwrap(), &[]).unwrap_err();
    assert_eq!(
        row[0].message,
        "This is one of the passwords that are tried first. Choose another. Many people use it."
    );
    let short = Policy::default().check(&Password::received("abcdefg").unwrap(), &[]).unwrap_err();
    assert_eq!(short[0].message, "Use at least 8 characters. Sequences like abc or 6543 are tried early.");
}
