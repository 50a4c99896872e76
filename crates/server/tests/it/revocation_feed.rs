//! The revocation feed over a real socket, with keys made on the command line.

use std::time::Duration;

use countersign_testkit::{FeedLine, FeedReader, FeedStream, json};

use crate::support::{server, soon};

/// The next event of this kind. It comes within a second; the bound is wider because the machine may be busy.
async fn next(feed: &mut FeedStream, kind: &str) -> FeedLine {
    let wait = async {
        loop {
            let event = feed.next().await.unwrap();
            if event.kind == kind {
                return event;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap()
}

#[tokio::test]
async fn a_sign_out_is_heard_by_a_service_and_a_signal_lets_it_go() {
    let mut server = server().start().await;
    let made = server.run(&["machine", "create", "orders", "--json"]).expect(0).json();
    let key = made["key"].as_str().unwrap();
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let jwks = ada.get("/.well-known/revocations/jwks.json").await.expect(200).text();
    let mut reader = FeedReader::new("http://localhost:8420", &jwks);
    let mut feed = FeedStream::over(server.address, key, None).await.unwrap();
    reader.take(&next(&mut feed, "heartbeat").await).unwrap();

    let _ = ada.sign_out().await.expect(200);
    let told = next(&mut feed, "revoked").await;
    assert_eq!((&told.json()["sid"], &told.json()["effect"]), (&json!(ada.session_id()), &json!("ended")));
    // By a command, which is another process.
    let _ = server.run(&["session", "revoke", &bob.session_id()]).expect(0);
    let told_too = next(&mut feed, "revoked").await;
    assert_eq!(told_too.json()["sid"], json!(bob.session_id()));
    let beat = next(&mut feed, "heartbeat").await;
    for event in [&told, &told_too, &beat] {
        reader.take(event).unwrap();
    }
    assert!(reader.is_current && reader.held.len() == 2);
    drop(feed);

    let _ = bob.sign_in().await.expect(200);
    let _ = bob.sign_out().await.expect(200);
    reader.connect_again();
    let mut feed = FeedStream::over(server.address, key, reader.last.as_deref()).await.unwrap();
    let missed = next(&mut feed, "revoked").await;
    assert_eq!(missed.json()["sid"], json!(bob.session_id()));
    reader.take(&missed).unwrap();
    reader.take(&next(&mut feed, "heartbeat").await).unwrap();

    server.signal("TERM");
    let ended = tokio::time::timeout(Duration::from_secs(20), async { while feed.next().await.is_some() {} }).await;
    assert!(ended.is_ok(), "the stream is closed, not waited for");
    assert_eq!(server.terminate().code(), Some(0));
    assert!(!server.log().contains("did not finish in time"), "{}", server.log());
    assert!(!server.log().contains(key), "the key is in no log");

    let server = server.restart().await;
    let mut feed = FeedStream::over(server.address, key, reader.last.as_deref()).await.unwrap();
    assert_eq!(feed.next().await.expect("at once").kind, "heartbeat", "ids outlive the process");
}

#[tokio::test]
async fn machines_are_made_listed_and_revoked_on_the_command_line() {
    let mut machine = server();
    let key = machine.run(&["machine", "create", "orders"], "").expect(0).out.trim().to_owned();
    assert!(key.starts_with("countersign_machine_"), "{key}");
    let made = machine.run(&["machine", "create", "mails", "--json"], "").expect(0).json();
    let id = made["machine"]["id"].as_str().unwrap_or_default().to_owned();

    let _ = machine.run(&["machine", "create", "orders"], "").expect(4);
    let _ = machine.run(&["machine", "create", "two words"], "").expect(2);
    let listed = machine.run(&["machine", "list", "--json"], "").expect(0);
    let names: Vec<_> =
        listed.json()["machines"].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["orders", "mails"]);
    assert!(!listed.out.contains(&key), "it was shown once");

    let _ = machine.run(&["machine", "revoke", &id], "").expect(0);
    let _ = machine.run(&["machine", "revoke", "mails"], "").expect(3);
    let server = machine.start().await;
    let _ = server.run(&["machine", "revoke", "orders"]).expect(0);
    let refused = soon(
        || server.stranger("orders").call(countersign_testkit::Method::GET, "/api/revocations").bearer(&key).send(),
        |reply| reply.status() == 401,
    )
    .await;
    assert_eq!(refused.code(), "TOKEN_INVALID");
    let told = server.run(&["audit", "query", "--event", "machine_revoked", "--json"]).expect(0).json();
    assert_eq!(told["data"].as_array().map(Vec::len), Some(2));
}
