//! The revocation feed, as services read it (docs/design/revocation-feed.md).
//!
//! Time does not move by itself and nothing happens by itself: a round of upkeep reads the log and strikes.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use countersign_audit::Actor::Operator;
use countersign_kernel::{Env, Lifetime, MachineId, TokenId};
use countersign_session::{CreateMachineVerdict, Named};
use countersign_store::{Effect, NewRevocation, Target};
use countersign_testkit::{
    Event, FeedLine, FeedReader, FeedStream, Method, SeededEntropy, StatusCode, TestApp, Value, json, minutes, seconds,
};
use insta::assert_snapshot;
use tower::ServiceExt as _;

const PATH: &str = "/api/revocations";

#[expect(clippy::panic, reason = "a helper of tests fails its test")]
async fn key(app: &TestApp, name: &str) -> String {
    let sessions = app.system.auth().sessions();
    match sessions.create_machine(name, Operator, &app.local()).await.unwrap() {
        CreateMachineVerdict::Created(_, key) => key.expose().clone(),
        other => panic!("{other:?}"),
    }
}

/// A reader that knows nothing yet.
async fn reader(app: &TestApp) -> FeedReader {
    let jwks = app.visitor().get("/.well-known/revocations/jwks.json").await.expect(200).text();
    FeedReader::new("https://auth.example.com", &jwks)
}

/// Kinds and ids, one a line.
fn lines(events: &[FeedLine]) -> String {
    let line = |event: &FeedLine| {
        let seq = event.id.as_deref().and_then(|id| id.split_once('-')).map(|(seq, _)| seq);
        seq.map_or_else(|| event.kind.clone(), |seq| format!("{} {seq}", event.kind))
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A second later: the log has been read, and whoever listens is told so.
async fn second(app: &TestApp) {
    app.clock.advance(seconds(1));
    app.system.pulse().await.unwrap();
}

/// Revokes so many tokens that nobody has; their ids.
async fn revoke(app: &TestApp, count: usize) -> Vec<String> {
    let mut tx = app.store().begin().await.unwrap();
    let tokens: Vec<TokenId> = (0..count).map(|_| TokenId::new(app.env())).collect();
    for token in &tokens {
        tx.revoke(NewRevocation {
            target: Target::Token(*token),
            effect: Effect::Ended,
            at: tx.now(),
            until: tx.now() + Lifetime::from_hours(1),
            reason: "revoked".to_owned(),
        });
    }
    tx.commit().await.unwrap();
    tokens.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn each_kind_of_revocation_is_told_with_what_a_verifier_needs() {
    let app = TestApp::builder().without_limits().start().await;
    let key = key(&app, "orders").await;
    let ada = app.member("ada").await;
    let (phone, tablet) = (ada.elsewhere(), ada.elsewhere());
    let _ = phone.sign_in().await.expect(200);
    let _ = tablet.sign_in().await.expect(200);
    let kid = app.system.keyring().list()[0].kid.clone();
    let mut feed = FeedStream::of(&app.router(), &key, None).await.unwrap();
    assert_eq!(lines(&feed.all().await), "heartbeat 0");

    let _ = phone.sign_out().await.expect(200);
    let body = json!({"currentPassword": ada.password, "newPassword": "another lantern on the river"});
    let _ = ada.post("/api/user/password", body).await.expect(200);
    app.give_roles(&ada, &[]).await;
    app.set_role("editor", &[]).await;
    app.give_roles(&ada, &["editor"]).await;
    let sessions = app.system.auth().sessions();
    let token = Named::Token(ada.claims()["jti"].as_str().unwrap().parse().unwrap());
    let _ = sessions.revoke(&token, None, Operator, &app.local()).await.unwrap();
    let named = Named::Key(kid.clone());
    let _ = sessions.revoke(&named, None, Operator, &app.local()).await.unwrap();
    app.system.pulse().await.unwrap();

    let events = feed.all().await;
    let told: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut told = event.json();
            let until = told.as_object_mut().unwrap().remove("until").unwrap();
            assert!(until.as_str().unwrap().ends_with('Z'), "{until}");
            told
        })
        .collect();
    let sub = ada.user_id();
    assert_eq!(
        told,
        [
            json!({"sid": phone.session_id(), "effect": "ended", "reason": "signed_out"}),
            json!({"sub": sub, "below": 2, "except": ada.session_id(), "effect": "ended", "reason": "password_changed"}),
            json!({"sub": sub, "below": 3, "effect": "superseded", "reason": "roles_assigned"}),
            json!({"jti": ada.claims()["jti"], "effect": "ended", "reason": "revoked"}),
            json!({"kid": kid, "effect": "superseded", "reason": "withdrawn"}),
        ]
    );
    let snapshot = FeedStream::of(&app.router(), &key, None).await.unwrap().all().await;
    assert_snapshot!(lines(&snapshot), @"
    snapshot
    heartbeat 5
    ");
    assert_eq!(snapshot[0].json()["revocations"].as_array().map(Vec::len), Some(5));
    assert!(!snapshot[0].data.contains("reason"));
}

#[tokio::test]
async fn only_a_machines_key_opens_the_feed_and_it_opens_nothing_else() {
    let app = TestApp::builder().without_limits().start().await;
    let key = key(&app, "orders").await;
    let ada = app.member("ada").await;
    let stranger = app.visitor().into_program();

    let missing = stranger.get(PATH).await;
    assert_snapshot!(missing, @"401 TOKEN_MISSING");
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    let of_person = ada.get(PATH).await;
    assert_snapshot!(of_person, @"401 TOKEN_INVALID");
    assert!(of_person.header("www-authenticate").contains("invalid_token"));
    // The secret may have the letter that stands before it.
    let (id, secret) = (&key[..46], &key[47..]);
    let other = format!("countersign_machine_{}", &MachineId::new(app.env()).to_string()[4..]);
    for wrong in [
        format!("{id}_{}", "A".repeat(43)),
        format!("{other}_{secret}"),
        secret.to_owned(),
        format!("{key}x"),
        key.to_uppercase(),
        "x".repeat(9_000),
    ] {
        let refused = stranger.call(Method::GET, PATH).bearer(&wrong).send().await;
        assert_eq!((refused.status(), refused.code().as_str()), (401, "TOKEN_INVALID"), "{wrong}");
    }
    let elsewhere = stranger.call(Method::GET, "/api/user/profile").bearer(&key).send().await;
    assert_snapshot!(elsewhere, @"401 TOKEN_INVALID");

    let feed = FeedStream::of(&app.router(), &key, None).await.unwrap();
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(feed.headers.get(name).unwrap(), value, "{name}");
    }
}

#[tokio::test]
async fn a_key_that_was_taken_away_ends_what_it_reads_here_and_elsewhere() {
    let app = TestApp::start().await;
    let node = TestApp::builder().beside(&app).start().await;
    let (orders, mails) = (key(&app, "orders").await, key(&app, "mails").await);
    let mut here = FeedStream::of(&app.router(), &orders, None).await.unwrap();
    let mut there = FeedStream::of(&node.router(), &orders, None).await.unwrap();
    let mut other = FeedStream::of(&node.router(), &mails, None).await.unwrap();
    for feed in [&mut here, &mut there, &mut other] {
        assert_eq!(lines(&feed.all().await), "heartbeat 0");
    }

    let sessions = app.system.auth().sessions();
    assert!(sessions.revoke_machine("orders", Operator, &app.local()).await.unwrap().is_some());
    assert!(sessions.revoke_machine("orders", Operator, &app.local()).await.unwrap().is_none());

    assert_eq!(here.now().await, (None, true), "at once");
    second(&node).await;
    assert_eq!(there.now().await, (None, true));
    assert_eq!(lines(&other.all().await), "heartbeat 0");
    assert_eq!(FeedStream::of(&node.router(), &orders, None).await.err(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!((app.audited(Event::MachineCreated).await, app.audited(Event::MachineRevoked).await), (2, 1));
    let trail = format!("{:?}", app.audit_records().await);
    assert!(trail.contains("orders") && !trail.contains(&orders[47..]), "the secret is nowhere");
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was_and_one_that_is_not_known_starts_over() {
    let app = TestApp::start().await;
    let key = key(&app, "orders").await;
    let elsewhere = TestApp::builder().seed(7).start().await;
    revoke(&elsewhere, 2).await;
    revoke(&app, 3).await;
    app.system.pulse().await.unwrap();
    let router = app.router();
    let all = FeedStream::of(&router, &key, Some("0-0000000000000000")).await.unwrap().all().await;
    assert_eq!(lines(&all), "revoked 1\nrevoked 2\nrevoked 3\nheartbeat 3");
    let id = |at: usize| all[at].id.clone().unwrap();
    elsewhere.system.pulse().await.unwrap();
    let foreign = elsewhere.system.auth().sessions().revocations().head().to_string();

    for (last, wanted) in [
        (id(0), "revoked 2\nrevoked 3\nheartbeat 3"),
        (id(2), "heartbeat 3"),
        (foreign, "reset\nsnapshot\nheartbeat 3"),
        (id(0).replacen('1', "2", 1), "reset\nsnapshot\nheartbeat 3"),
        ("9-0000000000000000".to_owned(), "reset\nsnapshot\nheartbeat 3"),
        ("no id".to_owned(), "reset\nsnapshot\nheartbeat 3"),
        (String::new(), "snapshot\nheartbeat 3"),
    ] {
        let mut feed = FeedStream::of(&router, &key, Some(&last)).await.unwrap();
        assert_eq!(lines(&feed.all().await), wanted, "{last}");
    }

    // The parameter, for whoever cannot set the header; the header counts before it.
    for (query, header, wanted) in [(id(1), None, "revoked 3\nheartbeat 3"), (id(0), Some(id(2)), "heartbeat 3")] {
        let mut request = http::Request::get(format!("{PATH}?lastEventId={query}"));
        request = request.header("authorization", format!("Bearer {key}"));
        if let Some(id) = header {
            request = request.header("last-event-id", id);
        }
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let mut feed = FeedStream::from(answer);
        assert_eq!(lines(&feed.all().await), wanted);
    }
}

#[tokio::test]
async fn what_another_node_revoked_comes_too_and_ids_are_good_on_every_node() {
    let app = TestApp::start().await;
    let node = TestApp::builder().beside(&app).start().await;
    let key = key(&app, "orders").await;
    let (mut here, mut there) = (
        FeedStream::of(&app.router(), &key, None).await.unwrap(),
        FeedStream::of(&node.router(), &key, None).await.unwrap(),
    );
    for feed in [&mut here, &mut there] {
        assert_eq!(lines(&feed.all().await), "heartbeat 0");
    }
    revoke(&node, 1).await;
    revoke(&app, 1).await;
    revoke(&node, 1).await;
    app.system.pulse().await.unwrap();

    let heard = here.all().await;
    assert_eq!(lines(&heard), "revoked 1\nrevoked 2\nrevoked 3", "in the order of the log");
    assert_eq!(there.all().await, [], "it has not looked yet");
    let last = heard[2].id.clone().unwrap();
    let mut moved = FeedStream::of(&node.router(), &key, Some(&last)).await.unwrap();
    assert_eq!(lines(&moved.all().await), "heartbeat 3", "a node that is behind looks first");
    assert_eq!(there.all().await, heard);
}

#[tokio::test]
async fn heartbeats_are_signed_and_a_stream_that_stands_still_or_leaves_something_out_is_found_out() {
    let app = TestApp::start().await;
    let key = key(&app, "orders").await;
    let ada = app.member("ada").await;
    let mut feed = FeedStream::of(&app.router(), &key, None).await.unwrap();
    let mut recorded = feed.all().await;
    for _ in 0..2 {
        revoke(&app, 1).await;
        second(&app).await;
        recorded.extend(feed.all().await);
    }
    assert_eq!(lines(&recorded), "heartbeat 0\nrevoked 1\nheartbeat 1\nrevoked 2\nheartbeat 2");
    let honest = {
        let mut honest = reader(&app).await;
        recorded.iter().for_each(|event| honest.take(event).unwrap());
        honest
    };
    let now = || app.env().now().as_seconds();
    assert_eq!((honest.held.len(), honest.heard), (2, now()));

    // A mirror plays it again an hour later.
    app.clock.advance(minutes(60));
    let mut late = reader(&app).await;
    recorded.iter().for_each(|event| late.take(event).unwrap());
    assert_eq!(now() - late.heard, 3_600, "events came, and the reader knows how old they are");

    let mut left_out = reader(&app).await;
    let rest = recorded.iter().filter(|event| lines(&[(*event).clone()]) != "revoked 2");
    let told: Result<Vec<()>, String> = rest.map(|event| left_out.take(event)).collect();
    assert_eq!(told.unwrap_err(), "something was left out");

    let beat = recorded.last().unwrap();
    let forged = |data: String| FeedLine { data, ..beat.clone() };
    let mut parts: Vec<&str> = beat.data.split('.').collect();
    let first: Vec<&str> = recorded[0].data.split('.').collect();
    parts[1] = first[1];
    for (why, data) in [
        ("other claims under its signature", parts.join(".")),
        ("an access token", ada.access_token()),
        ("nothing", String::new()),
    ] {
        let mut reader = reader(&app).await;
        assert!(reader.take(&forged(data)).is_err() && !reader.is_current, "{why}");
    }
    let public = app.visitor().get("/.well-known/jwks.json").await.text();
    let mut confused = FeedReader::new("https://auth.example.com", &public);
    assert!(confused.take(beat).is_err(), "the keys of access tokens sign no heartbeat");
    let as_token = app.visitor().call(Method::GET, "/api/user/profile").bearer(&beat.data);
    assert_snapshot!(as_token.send().await, @"401 TOKEN_INVALID");
}

#[tokio::test]
async fn places_are_bounded_and_a_node_that_stops_lets_everyone_go() {
    let app = TestApp::builder().with(|builder| builder.max_feed_subscribers(1)).start().await;
    let key = key(&app, "orders").await;
    let router = app.router();
    let mut first = FeedStream::of(&router, &key, None).await.unwrap();
    let refused = app.visitor().call(Method::GET, PATH).bearer(&key).send().await;
    assert_snapshot!(refused, @"503 OVERLOADED");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(app.system.readings().await.sessions.feed.subscribers, (1, 1));
    assert_eq!(lines(&first.all().await), "heartbeat 0");
    drop(first);
    let mut second = FeedStream::of(&router, &key, None).await.unwrap();
    assert_eq!(lines(&second.all().await), "heartbeat 0");

    app.system.drain();

    assert_eq!(second.now().await, (None, true));
    drop(second);
    assert_eq!(FeedStream::of(&router, &key, None).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

/// One of the readers of the test below.
struct Service {
    reader: FeedReader,
    feed: Option<FeedStream>,
    /// How many of the revocations it has, from the first one on without a gap.
    has: usize,
}

impl Service {
    /// Reads at most `most` events. At each heartbeat it must have all that the heartbeat says there are.
    async fn read(&mut self, most: usize, revoked: &[String]) {
        let Some(feed) = &mut self.feed else { return };
        for _ in 0..most {
            let (event, has_ended) = feed.now().await;
            if has_ended {
                self.feed = None;
                return;
            }
            let Some(event) = event else { return };
            self.reader.take(&event).unwrap();
            if event.kind == "heartbeat" {
                let seq: usize = event.id.unwrap().split_once('-').unwrap().0.parse().unwrap();
                for id in revoked.iter().take(seq).skip(self.has) {
                    let one = json!({"jti": id, "effect": "ended"}).to_string();
                    assert!(self.reader.held.contains_key(&one), "one of {seq} is missed");
                    self.has += 1;
                }
            }
        }
    }
}

#[tokio::test]
async fn whoever_joins_lags_and_loses_connections_at_random_misses_none_of_thousands() {
    let app = TestApp::start().await;
    let node = TestApp::builder().beside(&app).start().await;
    let key = key(&app, "orders").await;
    let (apps, routers) = ([&app, &node], [app.router(), node.router()]);
    let chance = Env::new(Arc::new(app.clock.clone()), Arc::new(SeededEntropy::new(4_217)));
    let below = |bound: u64| usize::try_from(chance.entropy().below(bound)).unwrap();
    let mut revoked: Vec<String> = Vec::new();
    let mut services = Vec::new();
    for _ in 0..6 {
        services.push(Service { reader: reader(&app).await, feed: None, has: 0 });
    }
    let mut seen = BTreeSet::new();

    for step in 0..1_600 {
        let at = below(2);
        match below(10) {
            // Once more than anybody is waited for.
            _ if step == 1_300 => revoked.extend(revoke(apps[at], 17_000).await),
            0 => revoked.extend(revoke(apps[at], 1 + below(20)).await),
            1 => apps[at].system.pulse().await.unwrap(),
            2 => second(apps[at]).await,
            3 => {
                // The connection breaks, at whatever it was.
                let service = &mut services[below(6)];
                service.feed = None;
            }
            4 => {
                let service = &mut services[below(6)];
                if below(20) == 0 {
                    // It is started anew and has forgotten everything.
                    service.reader = reader(&app).await;
                    service.has = 0;
                }
                service.reader.connect_again();
                let last = service.reader.last.clone();
                seen.insert(last.is_some());
                service.feed = Some(FeedStream::of(&routers[at], &key, last.as_deref()).await.unwrap());
            }
            _ => services[below(6)].read(1 + below(40), &revoked).await,
        }
    }
    for app in apps {
        second(app).await;
    }
    for (number, service) in services.iter_mut().enumerate() {
        service.reader.connect_again();
        let last = service.reader.last.clone();
        service.feed = Some(FeedStream::of(&routers[number % 2], &key, last.as_deref()).await.unwrap());
        service.read(usize::MAX, &revoked).await;
        assert!(service.reader.is_current);
        assert_eq!(service.has, revoked.len(), "service {number}");
    }
    assert!(revoked.len() > 18_000 && seen.len() == 2, "{}", revoked.len());
    let feeds = [app.system.readings().await.sessions.feed, node.system.readings().await.sessions.feed];
    assert!(feeds.iter().map(|feed| feed.cut_off).sum::<u64>() > 0, "somebody was too slow: {feeds:?}");
}
