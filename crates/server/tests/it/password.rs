//! `countersign password`, and the settings that go with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use countersign_testkit::{PASSWORD, ProcessBuilder, json};

use crate::support::{run, server};

const STOLEN: &str = "canary otter from a breach";
const OLD: &str = "8mXw2ZbGd7J1pTq0LhRkVfYcUe5sNnAo3iBtCxKzMWE";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file of mode 0600, as an operator keeps a secret.
fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn with_filter(path: &Path) -> ProcessBuilder {
    server().setting("PASSWORDS__BREACHED_FILTER", text(path))
}

#[tokio::test]
async fn a_filter_made_from_a_list_is_obeyed_at_every_door_and_nothing_of_a_password_is_told() {
    let place = tempfile::tempdir().unwrap();
    let (list, filter) = (place.path().join("list.txt"), place.path().join("breached.filter"));
    fs::write(&list, format!("\u{feff}{STOLEN}\r\nshort\r\n{STOLEN}\r\n\r\nsecond of them\r\n")).unwrap();
    let made = run(&["password", "build-filter", text(&list), "--out", text(&filter), "--json"]).expect(0);
    assert_eq!(made.json()["passwords"], 2);
    assert_eq!(
        made.json()["lines"],
        json!({"read": 5, "repeated": 1, "tooShort": 1, "tooLong": 0, "tooRare": 0, "empty": 1, "latin1": 0})
    );
    assert_eq!(fs::metadata(&filter).unwrap().permissions().mode() & 0o777, 0o644);

    let server = with_filter(&filter).start().await;
    let refused = server.stranger("ada").with_password(STOLEN).register().await.expect(400);
    assert_eq!(refused.json()["errors"][0]["code"], "PASSWORD_BREACHED");
    let create = ["user", "create", "bob@example.com", "--name", "Bob"];
    let told = server.run_with(&create, &format!("{STOLEN}\n")).expect(2);
    assert!(told.err.contains("known from a breach"), "{}", told.err);
    let ada = server.member("ada").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": STOLEN});
    assert_eq!(ada.post("/api/user/password", body).await.expect(400).json()["errors"][0]["field"], "newPassword");

    for said in [refused.text(), told.err, told.out, made.out, server.log()] {
        assert!(!said.contains("canary"), "{said}");
    }
}

#[tokio::test]
async fn a_start_with_a_broken_filter_names_it_and_ends_with_two() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("breached.filter");
    let mut server = with_filter(&path);
    let missing = server.run(&["serve"], "").expect(2);
    assert!(missing.err.contains(text(&path)) && missing.err.contains("could not be read"), "{}", missing.err);
    fs::write(&path, "password1\nletmein1\n").unwrap();
    let plain = server.run(&["serve"], "").expect(2);
    assert!(plain.err.contains("is no filter") && plain.err.contains("build-filter"), "{}", plain.err);
}

#[test]
fn lists_of_hashes_and_of_words_make_one_file_and_a_refused_list_makes_none() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    // Two hashes, in capitals and not.
    fs::write(
        at("sha1.txt"),
        "9E6F6F0A7A4B1E0D2C3B4A5968778695A4B3C2D1:3\n0123456789abcdef0123456789abcdef01234567:12\n",
    )
    .unwrap();
    let build = |arguments: &[&str]| {
        let out = at("out.filter");
        run(&[&["password", "build-filter"][..], arguments, &["--out", text(&out), "--json"]].concat())
    };
    assert_eq!(build(&[text(&at("sha1.txt"))]).expect(0).json()["passwords"], 2);
    let both = fs::read(at("out.filter")).unwrap();
    let seldom = build(&[text(&at("sha1.txt")), "--min-count", "10"]).expect(0).json();
    assert_eq!((&seldom["passwords"], &seldom["lines"]["tooRare"]), (&json!(1), &json!(1)));
    let one = fs::read(at("out.filter")).unwrap();
    assert_ne!(both, one);

    fs::write(at("mixed.txt"), "0123456789abcdef0123456789abcdef01234567:12\nnot a hash\n").unwrap();
    let refused = build(&[text(&at("mixed.txt"))]).expect(2);
    assert!(refused.err.contains("mixed.txt: line 2 is no SHA-1 hash"), "{}", refused.err);
    let _ = build(&[text(&at("nowhere.txt"))]).expect(3);
    assert_eq!(fs::read(at("out.filter")).unwrap(), one, "what was there stays");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3, "and nothing lies beside it");

    let inspected = run(&["password", "inspect-filter", text(&at("out.filter")), "--json"]).expect(0).json();
    assert_eq!((&inspected["passwords"], &inspected["bytes"]), (&json!(1), &json!(one.len())));
    fs::write(at("out.filter"), &one[..one.len() - 1]).unwrap();
    let cut = run(&["password", "inspect-filter", text(&at("out.filter"))]).expect(2);
    assert!(cut.err.contains("cut off"), "{}", cut.err);
}

#[test]
fn a_list_may_come_through_standard_input() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out.filter");
    let made = server().run(&["password", "build-filter", "-", "--out", text(&out)], "canary otter\n").expect(0);
    assert!(made.out.contains("1 passwords in") && !made.out.contains("canary"), "{}", made.out);
}

/// The list that ships in the repository makes the filter that ships in the binary: the command in its README is the truth.
#[test]
fn the_built_in_filter_is_made_by_the_command() {
    let place = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../password/data");
    let out = place.path().join("built-in.filter");
    let lists = [data.join("common-passwords.txt"), data.join("breached-passwords.txt")];
    let _ = run(&["password", "build-filter", text(&lists[0]), text(&lists[1]), "--out", text(&out)]).expect(0);
    assert!(fs::read(&out).unwrap() == fs::read(data.join("built-in.filter")).unwrap());
}

#[test]
fn check_judges_as_the_server_would_and_repeats_nothing() {
    let check = |password: &str, arguments: &[&str]| {
        server().run(&[&["password", "check", "--json"][..], arguments].concat(), &format!("{password}\n"))
    };
    let good = check("canary sable otter quilt", &[]).expect(0);
    assert_eq!(good.json()["isAccepted"], true);
    assert_eq!(good.json()["advice"], "Very good.");
    for (password, arguments, code) in [
        ("qwertyuiop", &[][..], "TOO_COMMON"),
        ("zwt2sbzl", &[], "PASSWORD_BREACHED"),
        ("kuzmtevx1815", &["--name", "Ada Kuzmtevx"], "CONTAINS_CONTEXT"),
        ("xvetmzuk-99", &["--email", "kuzmtevx@example.com"], "CONTAINS_CONTEXT"),
        ("can4ry", &[], "TOO_SHORT"),
    ] {
        let ran = check(password, arguments).expect(4);
        assert_eq!(ran.json()["errors"][0]["code"], code, "{}", ran.out);
        assert!(!ran.out.contains(password) && !ran.err.contains(password), "{} {}", ran.out, ran.err);
    }
    let weak = server().run(&["password", "check"], "abcdefgh1\n").expect(4);
    assert!(weak.err.contains("tried"), "plain words: {}", weak.err);
}

#[tokio::test]
async fn a_pepper_is_brought_in_replaced_and_missed_out_loud() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().join("old"), place.path().join("new"));
    secret(&old, &format!("{OLD}\n"));
    secret(&new, &run(&["password", "generate-pepper"]).expect(0).out);
    let data = place.path().join("data");
    let on_data = || server().setting("DATA_DIR", text(&data));

    let mut first = on_data().setting("PASSWORDS__PEPPER_FILE", text(&old)).start().await;
    let ada = first.member("ada").await;
    let _ = first.member("bob").await;
    assert!(first.terminate().success());

    let mut bare = on_data();
    for command in [&["serve"][..], &["user", "list"]] {
        let refused = bare.run(command, "").expect(2);
        assert!(refused.err.contains("PASSWORDS__PEPPER_PREVIOUS") && refused.err.contains("(2)"), "{}", refused.err);
        assert!(!refused.err.contains(OLD));
    }

    let rotated = || {
        let todays = on_data().setting("PASSWORDS__PEPPER_FILE", text(&new));
        todays.setting("PASSWORDS__PEPPER_PREVIOUS_FILE", text(&old))
    };
    let second = rotated().start().await;
    let _ = second.meet_again(&ada).elsewhere().sign_in().await.expect(200);
    let shown = second.run(&["password", "peppers", "--json"]).expect(0).json();
    let standings: Vec<_> =
        shown["peppers"].as_array().unwrap().iter().map(|p| (p["standing"].clone(), p["hashes"].clone())).collect();
    assert_eq!(standings, [(json!("current"), json!(1)), (json!("previous"), json!(1))]);
    let settings = second.run(&["config", "show"]).expect(0);
    for said in [second.log(), settings.out, shown.to_string(), first.log()] {
        assert!(!said.contains(OLD) && !said.contains(PASSWORD), "{said}");
        assert!(!said.contains(fs::read_to_string(&new).unwrap().trim()), "{said}");
    }
}

#[test]
fn a_pepper_that_is_none_is_refused_without_being_shown() {
    for (name, value) in [
        ("PASSWORDS__PEPPER", "canary"),
        ("PASSWORDS__PEPPER", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("PASSWORDS__PEPPER_PREVIOUS", "canary,canary"),
        ("PASSWORDS__PEPPER_PREVIOUS", ","),
    ] {
        let ran = server().setting(name, value).run(&["config", "check"], "").expect(2);
        assert!(ran.err.contains(name) && ran.err.contains("256 random bits"), "{}", ran.err);
        assert!(!ran.err.contains("canary") && !ran.err.contains("AAAA"), "{}", ran.err);
    }
    let ran = server().setting("PASSWORDS__PEPPER_LOST", "not-an-id").run(&["config", "check"], "").expect(2);
    assert!(ran.err.contains("PASSWORDS__PEPPER_LOST") && ran.err.contains("8 characters"), "{}", ran.err);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    for value in ["[\"canary\"]", "4711", "true"] {
        secret(&file, &format!("[passwords]\npepper_previous = {value}\n"));
        let ran = run(&["config", "show", "--config", text(&file)]).expect(2);
        assert!(
            ran.err.contains("PEPPER_PREVIOUS") && !ran.err.contains("canary") && !ran.err.contains("4711"),
            "{}",
            ran.err
        );
    }
}
