use super::*;

fn templates() -> Templates {
    Templates::new("auth.example.com").unwrap()
}

fn languages(tag: &str) -> Languages {
    Languages::of_words(tag)
}

#[test]
fn every_mail_is_whole_in_every_language() {
    let templates = templates();
    templates.try_all().unwrap();
    let english = templates.english().unwrap().clone();
    let german = Texts::parse("de.toml", GERMAN).unwrap();
    for &kind in Kind::ALL {
        for texts in [&english, &german] {
            for name in ["subject", "lines", "button", "after"] {
                assert!(!texts.lines(kind.as_str(), name).is_empty(), "{} lacks {name}", kind.as_str());
            }
        }
        for tag in ["en", "de"] {
            let mail = templates.render(kind, &Facts::examples(), languages(tag)).unwrap();
            for part in [&mail.subject, &mail.text, &mail.html] {
                assert!(!part.contains("{{") && !part.contains("{%"), "{part}");
            }
            assert!(mail.html.contains(&format!("<html lang=\"{tag}\">")));
        }
    }
}

#[test]
fn what_somebody_typed_is_text_and_nothing_else() {
    let facts = Facts::examples().with(Fact::Name, "<img src=x> {{ code }}").with(Fact::Other, "\"><script>");
    let mail = templates().render(Kind::EmailChanged, &facts, Languages::default()).unwrap();

    assert!(mail.text.contains("Hello <img src=x> {{ code }},"), "{}", mail.text);
    assert!(mail.html.contains("Hello &lt;img src=x&gt; {{ code }},"), "{}", mail.html);
    assert!(!mail.html.contains("<script>"));
}

#[test]
fn the_first_language_that_there_is_is_written() {
    for (wanted, subject) in [
        ("de", "Neues Passwort setzen"),
        ("fr de en", "Neues Passwort setzen"),
        ("en de", "Set a new password"),
        ("fr", "Set a new password"),
        ("", "Set a new password"),
    ] {
        let mail = templates().render(Kind::Reset, &Facts::examples(), languages(wanted)).unwrap();
        assert_eq!(mail.subject, subject, "{wanted}");
    }
}

#[test]
fn a_mail_holds_its_link_and_its_code() {
    let mail = templates().render(Kind::Reset, &Facts::examples(), Languages::default()).unwrap();
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("7KQX-M2PD"), "{part}");
    }
    assert!(mail.text.contains("https://auth.example.com/reset/0123456789abcdef\n"), "{}", mail.text);
    assert!(mail.html.contains("href=\"https://auth.example.com/reset/0123456789abcdef\""), "{}", mail.html);
    let odd = Facts::examples().with(Fact::Link, "https://a.example/\"><script>");
    assert!(!templates().render(Kind::Reset, &odd, Languages::default()).unwrap().html.contains("<script>"));
    assert!(mail.text.contains("Firefox on Linux") && mail.text.contains("15 minutes"));
}

#[test]
fn texts_frames_and_languages_are_overridden_by_files() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("en.toml", "[reset]\nsubject = \"Ours: {{ site }}\"");
    put("fr.toml", "[reset]\nsubject = \"Nouveau mot de passe\"");
    put("reset.txt", "{{ subject }} / {{ facts.code }}");
    let templates = templates().with_overrides(folder.path()).unwrap();
    let render = |kind, tag| templates.render(kind, &Facts::examples(), languages(tag)).unwrap();

    assert_eq!(render(Kind::Reset, "en").subject, "Ours: auth.example.com");
    assert_eq!(render(Kind::Reset, "fr").text, "Nouveau mot de passe / 7KQX-M2PD");
    assert_eq!(render(Kind::SignIn, "en").subject, "Your link to sign in", "the others stay");
    assert_eq!(render(Kind::SignIn, "fr").subject, "Your link to sign in", "what is missing is English");
}

#[test]
fn an_override_that_would_fail_is_refused_before_the_first_mail() {
    for (name, text) in [
        ("en.toml", "[reset]\nsubject = \"{{ passwort }}\""),
        ("en.toml", "[resett]\nsubject = \"x\""),
        ("en.toml", "[reset]\nheadline = \"x\""),
        ("en.toml", "[reset]\nsubject = 7"),
        ("en.toml", "nonsense"),
        ("mail.html", "{{ unknown }}"),
        ("mail.txt", "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"),
        ("mail.txt", "{% if %}"),
        ("notes.md", "x"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let refused = templates().with_overrides(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(name), "{name}: {refused}");
    }
    assert!(templates().with_overrides(Path::new("/nonexistent")).is_err());
}

#[test]
fn a_subject_is_one_line() {
    assert_eq!(one_line("a\r\n b\u{85}c "), "a b c");
}
