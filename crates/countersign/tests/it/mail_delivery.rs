//! Delivery: SMTP, directories, what fails and what is given up, and where secrets are not.

use std::sync::Arc;

use countersign::Mailer;
use countersign_kernel::Secret;
use countersign_testkit::{Event, SmtpSink, TestApp, TestAppBuilder, json, minutes, seconds};

fn by_smtp(url: String, authority: Option<std::path::PathBuf>) -> TestAppBuilder {
    let mailer = Mailer::smtp(Secret::new(url), authority).from("Example <auth@example.com>");
    TestApp::builder().with(move |builder| builder.mail(mailer))
}

async fn waiting(app: &TestApp) -> u64 {
    app.store().snapshot().await.unwrap().mail_queue(100).await.unwrap().waiting
}

#[tokio::test]
async fn a_mail_reaches_its_server_with_text_and_html() {
    let sink = SmtpSink::without_tls().await;
    let app = by_smtp(format!("smtp://ada:p%40ss@{}", sink.address), None).start().await;

    let _ = app.member("ada").await;
    app.upkeep().await;

    let received = sink.received();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("auth@example.com", ["ada@example.com".to_owned()].as_slice())
    );
    for part in [
        "From: Example <auth@example.com>",
        "To: ada@example.com",
        "Subject: Confirm your e-mail address",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain",
        "Content-Type: text/html",
        "@example.com>",
    ] {
        assert!(mail.data.contains(part), "{part}: {}", mail.data);
    }
    assert_eq!(mail.credentials, "AGFkYQBwQHNz", "ada and p@ss, as AUTH PLAIN writes them");
    assert_eq!(waiting(&app).await, 0);
    app.upkeep().await;
    assert_eq!(sink.received().len(), 1, "once");
}

#[tokio::test]
async fn what_a_server_cannot_take_now_is_tried_again_later_and_has_one_id() {
    let sink = SmtpSink::without_tls().await;
    let app = by_smtp(format!("smtp://{}", sink.address), None).start().await;
    sink.refuse_next("451 come back later");
    sink.refuse_next("421 not now");
    let _ = app.member("ada").await;

    app.upkeep().await;
    app.upkeep().await;
    assert_eq!((sink.received().len(), waiting(&app).await), (0, 1), "not before its time");
    app.clock.advance(seconds(6));
    app.upkeep().await;
    assert_eq!(sink.received().len(), 0, "refused again");
    app.clock.advance(seconds(31));
    app.upkeep().await;

    assert_eq!((sink.received().len(), waiting(&app).await), (1, 0));
    assert_eq!(app.audited(Event::MailUndelivered).await, 0);
}

#[tokio::test]
async fn what_a_server_will_never_take_is_given_up_and_said_to_be() {
    let sink = SmtpSink::without_tls().await;
    let app = by_smtp(format!("smtp://{}", sink.address), None).start().await;
    sink.refuse_next("550 no such mailbox");
    let ada = app.member("ada").await;

    app.upkeep().await;

    assert_eq!((sink.received().len(), waiting(&app).await), (0, 0));
    let records = app.audit_records().await;
    let given_up = records.iter().find(|record| record.event == Event::MailUndelivered).unwrap();
    assert_eq!(given_up.reason.as_deref(), Some("refused"));
    assert_eq!(given_up.subject.map(|id| id.to_string()), Some(ada.user_id()));
    assert_eq!(given_up.detail.get("kind").map(String::as_str), Some("verify"));
}

#[tokio::test]
async fn a_link_that_has_expired_is_not_sent_any_more() {
    let sink = SmtpSink::without_tls().await;
    let app = by_smtp(format!("smtp://{}", sink.address), None).start().await;
    let _ = app.stranger("ada").register().await.expect(201);

    app.clock.advance(minutes(15));
    app.upkeep().await;

    assert_eq!((sink.received().len(), app.audited(Event::MailUndelivered).await), (0, 1));
}

#[tokio::test]
async fn a_server_that_is_down_delays_mail_and_nobody() {
    let sink = SmtpSink::without_tls().await;
    let address = sink.address;
    drop(sink);
    let app = by_smtp(format!("smtp://{address}"), None).start().await;

    let ada = app.member("ada").await;
    app.upkeep().await;

    let _ = ada.refresh().await.expect(200);
    assert_eq!(waiting(&app).await, 1);
}

#[tokio::test]
async fn mail_goes_by_tls_to_a_server_that_is_who_it_says() {
    let (wrapped, upgraded) = (SmtpSink::with_tls().await, SmtpSink::start().await);
    let folder = tempfile::tempdir().unwrap();
    for (sink, scheme) in [(&wrapped, "smtps"), (&upgraded, "smtp")] {
        let authority = folder.path().join(scheme);
        std::fs::write(&authority, &sink.certificate).unwrap();
        let url = format!("{scheme}://localhost:{}", sink.address.port());
        let trusting = by_smtp(url.clone(), Some(authority)).start().await;
        let _ = trusting.member("ada").await;
        trusting.upkeep().await;
        let received = sink.received();
        assert!(received.len() == 1 && received[0].is_encrypted, "{scheme}: {received:?}");

        let doubting = by_smtp(url, None).start().await;
        let _ = doubting.member("ada").await;
        doubting.upkeep().await;
        assert_eq!(
            (sink.received().len(), waiting(&doubting).await),
            (1, 1),
            "{scheme}: an unknown certificate gets nothing"
        );
    }
}

#[tokio::test]
async fn a_directory_receives_one_file_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mails) = (folder.path().join("data"), folder.path().join("mail"));
    let to = mails.clone();
    let app =
        TestApp::builder().with(move |builder| builder.mail(Mailer::directory(to))).on_data_dir(&path).start().await;

    let ada = app.member("ada").await;
    let _ = ada.elsewhere().sign_in().await.expect(200);
    app.upkeep().await;

    let mut files: Vec<_> = std::fs::read_dir(&mails).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    assert_eq!(files.len(), 2);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(text.contains("To: ada@example.com") && text.contains("From: no-reply@auth.example.com"), "{text}");
    assert_eq!(files[0].extension().and_then(|extension| extension.to_str()), Some("eml"));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&mails).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn two_workers_send_a_mail_once() {
    let sink = SmtpSink::without_tls().await;
    let app = by_smtp(format!("smtp://{}", sink.address), None).start().await;
    let beside = by_smtp(format!("smtp://{}", sink.address), None).beside(&app).start().await;
    for name in ["ada", "bob", "eve"] {
        let _ = app.stranger(name).register().await.expect(201);
    }

    let (app, beside) = (Arc::new(app), Arc::new(beside));
    let workers = [&app, &beside, &app, &beside].map(|app| {
        let app = Arc::clone(app);
        tokio::spawn(async move { app.system.deliver_mail().await.unwrap() })
    });
    for worker in workers {
        worker.await.unwrap();
    }

    let mut to: Vec<String> = sink.received().into_iter().flat_map(|mail| mail.to).collect();
    to.sort_unstable();
    assert_eq!(to, ["ada@example.com", "bob@example.com", "eve@example.com"]);
}

#[tokio::test]
async fn the_database_holds_no_link_and_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let app = TestApp::builder().with_mail().on_data_dir(&path).start().await;
    let _ = app.member("ada").await;
    let _ = app.visitor().post("/api/auth/password/forgot", json!({"email": "ada@example.com"})).await.expect(202);
    let everything = || -> Vec<u8> {
        let files = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|file| file.is_file()).flat_map(|file| std::fs::read(file).unwrap()).collect()
    };
    let before = everything();

    let letters = app.mails_to("ada@example.com").await;

    assert_eq!(letters.len(), 2);
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&before, "reset_password"), "the search finds what is there");
    for letter in letters {
        for bytes in [&before, &everything()] {
            assert!(
                !holds(bytes, &letter.token())
                    && !holds(bytes, &letter.code())
                    && !holds(bytes, &letter.code().replace('-', ""))
            );
        }
    }
}

#[tokio::test]
async fn a_system_that_must_confirm_addresses_does_not_start_without_mail() {
    use countersign::{Auth, AuthExt as _};
    let folder = tempfile::tempdir().unwrap();
    let builder = Auth::builder().public_url("https://auth.example.com").data_dir(folder.path());

    let refused = builder.clone().require_verified_email(true).build().await.unwrap_err();

    assert!(refused.to_string().contains("MAIL__SMTP_URL"), "{refused}");
    let mailer = Mailer::directory(folder.path().join("mail")).from("nonsense");
    assert!(builder.mail(mailer).build().await.unwrap_err().to_string().contains("nonsense"));
}
