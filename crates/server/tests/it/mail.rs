//! Mail of a server process: the mailbox of `dev`, a directory, texts, and an operator who has a password set anew.

use std::path::Path;

use countersign_testkit::{Method, json};

use crate::support::{run, server, soon};

/// The first word of a text that begins so.
fn word(text: &str, start: &str) -> String {
    let at = text.find(start).unwrap_or_else(|| panic!("{start} in {text}"));
    text[at..].split(['"', '<', ' ', '\n']).next().unwrap().to_owned()
}

#[tokio::test]
async fn the_mailbox_of_dev_shows_what_would_have_been_sent_and_its_scanner_uses_nothing() {
    let server = server().mode("dev").start().await;
    assert!(server.log().contains("/dev/mail\n"), "{}", server.log());
    let ada = server.member("ada").await;
    let list = soon(|| ada.get("/dev/mail"), |reply| reply.text().contains("Confirm your e-mail address")).await;
    let mail = word(&list.text(), "/dev/mail/eml_");
    let shown = ada.get(&mail).await.expect(200);
    let link = word(&shown.text(), "/verify/");
    assert!(shown.header("content-security-policy").contains("default-src 'none'"));
    let html = ada.get(&format!("{mail}/html")).await.expect(200);
    assert!(html.text().contains(&link) && html.header("content-security-policy").contains("sandbox"));

    let scan = |origin: &str| ada.call(Method::POST, &format!("{mail}/scan")).on_page_of(origin);
    let foreign = scan("https://evil.example").send().await;
    assert!(!foreign.text().contains("Scanned"), "{}", foreign.text());
    let scanned = ada.call(Method::POST, &format!("{mail}/scan")).send().await.expect(200);

    for method in ["HEAD", "GET"] {
        assert!(scanned.text().contains(&format!("<li>{method} 10 times: 200 ")), "{}", scanned.text());
    }
    let form = ada.call(Method::POST, &link).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.send().await.expect(303).header("location"), "/done/verified");
    assert_eq!(ada.get("/api/user/profile").await.json()["emailVerified"], true);
    assert!(ada.get("/dev/mail/eml_nothing").await.expect(200).text().contains("No such mail"));
}

#[tokio::test]
async fn the_mailbox_is_for_dev_alone() {
    let server = server().start().await;

    assert_eq!(server.stranger("eve").get("/dev/mail").await.status(), 404);
}

/// What the files of a directory hold.
fn mails(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut paths: Vec<_> = entries.unwrap_or_default();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort_unstable();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test]
async fn an_operator_has_a_mail_sent_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("mail");
    let server = server().setting("MAIL__DIRECTORY", directory.to_str().unwrap()).start().await;
    let ada = server.member("ada").await;
    let _ = server.run(&["user", "reset-password", "ada@example.com"]).expect(0);
    let _ = server.run(&["user", "reset-password", "nobody@example.com"]).expect(3);

    let healthy = || async { ada.get("/healthz").await };
    let _ = soon(healthy, |_| mails(&directory).len() == 2).await;

    let letter = mails(&directory).pop().unwrap();
    assert!(
        letter.contains("Subject: Please set a new password") && letter.contains("To: ada@example.com"),
        "{letter}"
    );
    let token = word(&letter.replace("=\r\n", ""), "/reset/").trim().replace("/reset/", "");
    let body = json!({"token": token, "newPassword": "crimson-walrus-88-orchard"});
    let _ = server.stranger("eve").post("/api/auth/password/reset", body).await.expect(200);
    let _ = ada.sign_in_with("crimson-walrus-88-orchard").await.expect(200);
}

#[test]
fn mails_are_previewed_in_each_language_and_with_the_operators_texts() {
    assert!(run(&["mail", "preview"]).expect(0).out.lines().any(|line| line == "reset"));
    let german = run(&["mail", "preview", "reset", "--language", "de"]).expect(0).out;
    assert!(german.starts_with("Subject: Neues Passwort setzen\n"), "{german}");
    let html = run(&["mail", "preview", "reset", "--html"]).expect(0).out;
    assert!(html.starts_with("<!doctype html>") && html.contains("Ada &lt;b&gt;Lovelace&lt;"), "{html}");
    let _ = run(&["mail", "preview", "nothing"]).expect(3);
    let _ = run(&["mail", "preview", "reset", "--language", "fr"]).expect(3);

    let folder = tempfile::tempdir().unwrap();
    let put = |text: &str| std::fs::write(folder.path().join("en.toml"), text).unwrap();
    let with_texts = || server().mode("dev").setting("MAIL__TEXTS", folder.path().to_str().unwrap());
    put("[reset]\nsubject = \"Ours\"");
    assert!(with_texts().run(&["mail", "preview", "reset"], "").expect(0).out.starts_with("Subject: Ours\n"));
    put("[reset]\nsubject = \"{{ nonsense }}\"");
    let refused = with_texts().run(&["mail", "preview", "reset"], "").expect(2);
    assert!(refused.err.contains("en.toml: reset.subject"), "{}", refused.err);
    let refused = with_texts().run(&["dev"], "").expect(2);
    assert!(refused.err.contains("en.toml: reset.subject"), "{}", refused.err);
}

#[test]
fn a_server_that_is_to_confirm_addresses_and_sends_no_mail_does_not_start() {
    let refused = server().setting("REGISTRATION__REQUIRE_VERIFIED_EMAIL", "true").run(&["serve"], "").expect(2);

    assert!(refused.err.contains("MAIL__SMTP_URL") && refused.err.contains("MAIL__DIRECTORY"), "{}", refused.err);
}
