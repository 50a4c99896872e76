use super::*;

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
    let policy = Policy { min: 15, max: 64 };
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
    }
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
        assert!(codes(&policy, line, &[]).contains(&Code::TooCommon), "{line}");
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
    let all = [Code::Blank, Code::TooShort, Code::TooLong, Code::TooCommon, Code::ContainsContext];
    assert_eq!(all.map(Code::as_str), ["BLANK", "TOO_SHORT", "TOO_LONG", "TOO_COMMON", "CONTAINS_CONTEXT"]);
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
