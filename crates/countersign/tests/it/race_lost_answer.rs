//! Races that other systems lost: an answer that never arrives, or arrives and is not kept.

use countersign::{Builder, Lifetime};
use countersign_testkit::{Actor, Event, Loot, TestApp, Value, days, hours, json, minutes, seconds};

/// Attempt ids, in their order.
const IDS: [&str; 3] = ["AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg"];

/// A kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// A browser whose page has no storage.
    Browser,
    /// A browser that stores its attempt id before it sends it.
    Sdk,
    /// A program that keeps its refresh token itself.
    Program,
}

const CLIENTS: [Client; 3] = [Client::Browser, Client::Sdk, Client::Program];

impl Client {
    async fn join(self, app: &TestApp, name: &str) -> Actor {
        let actor = app.stranger(name);
        let actor = if self == Self::Program { actor.into_program() } else { actor };
        let _ = actor.register().await.expect(201);
        actor
    }

    /// The body of its attempt of this number.
    fn body(self, attempt: usize) -> Value {
        if self == Self::Sdk { json!({"attemptId": IDS.get(attempt)}) } else { Value::Null }
    }
}

/// It goes on as if nothing had been.
async fn goes_on(app: &TestApp, actor: &Actor, reason: &str) {
    assert_eq!(actor.get("/api/user/profile").await.status(), 200, "{reason}");
    for _ in 0..3 {
        app.clock.advance(hours(2));
        assert_eq!(actor.refresh_as_sdk().await.status(), 200, "{reason}");
        assert_eq!(actor.get("/api/user/profile").await.status(), 200, "{reason}");
    }
    assert_eq!(app.audited(Event::RefreshReused).await, 0, "{reason}");
}

/// How long until the client tries again.
fn delays() -> [Lifetime; 5] {
    [seconds(0), seconds(15), minutes(5), hours(2), days(6) + hours(23)]
}

/// Whatever became of the first answer, each client tries again after each delay, and goes on.
async fn survives(lose_an_answer: impl AsyncFn(&Actor, Value)) {
    let app = TestApp::start().await;
    for (number, delay) in delays().into_iter().enumerate() {
        for client in CLIENTS {
            let reason = format!("{client:?} after {delay:?}");
            let actor = client.join(&app, &format!("{client:?}{number}").to_lowercase()).await;
            app.clock.advance(minutes(1));
            lose_an_answer(&actor, client.body(0)).await;

            app.clock.advance(delay);
            let again = actor.refresh_with(client.body(0)).await;

            assert_eq!(again.status(), 200, "{reason}: {again}");
            goes_on(&app, &actor, &reason).await;
        }
    }
}

// race 2
#[tokio::test]
async fn an_answer_that_is_lost_after_the_commit_signs_nobody_out_however_late_it_is_noticed() {
    survives(async |actor, body| drop(actor.refresh_call(body).send_and_lose().await.expect(200))).await;
}

// race 2
#[tokio::test]
async fn an_answer_that_is_lost_because_the_server_fell_signs_nobody_out() {
    for delay in [seconds(0), hours(2)] {
        let app = TestApp::start().await;
        let mut clients = Vec::new();
        for client in CLIENTS {
            let actor = client.join(&app, &format!("{client:?}").to_lowercase()).await;
            let _ = actor.refresh_call(client.body(0)).send_and_lose().await.expect(200);
            clients.push((client, actor));
        }
        let next = TestApp::builder().beside(&app);
        drop(app);
        let app = next.start().await;
        app.clock.advance(delay);

        for (client, actor) in clients {
            let actor = app.meet_again(&actor);
            let again = actor.refresh_with(client.body(0)).await;
            assert_eq!(again.status(), 200, "{client:?} after {delay:?}: {again}");
            goes_on(&app, &actor, &format!("{client:?}")).await;
        }
    }
}

// race 2
#[tokio::test]
async fn thirteen_days_are_bridged_where_a_session_may_be_idle_for_so_long_and_said_to_be_over_where_not() {
    for (idle, expected) in [(days(14), "200"), (days(7), "401 TOKEN_EXPIRED")] {
        let settings = move |builder: Builder| builder.session_lifetime(idle, days(30));
        let app = TestApp::builder().with(settings).start().await;
        // A browser would have dropped the cookie by itself.
        let actor = Client::Program.join(&app, "ada").await;
        let _ = actor.refresh_call(json!({})).send_and_lose().await.expect(200);

        app.clock.advance(days(13));
        let again = actor.refresh().await;

        assert!(again.to_string().starts_with(expected), "{idle:?}: {again}");
        assert_eq!(app.audited(Event::RefreshReused).await, 0);
    }
}

/// Takes a full answer up and forgets all of it again: a crash before the first write to storage.
async fn use_and_forget(actor: &Actor, body: Value) -> Loot {
    let stored = actor.loot();
    let _ = actor.refresh_with(body).await.expect(200);
    let _ = actor.get("/api/user/profile").await.expect(200);
    stored
}

// race 3
#[tokio::test]
async fn a_client_that_used_the_new_access_token_and_crashed_before_it_stored_the_pair_stays_signed_in() {
    survives(async |actor, body| actor.take(&use_and_forget(actor, body).await)).await;
}

// race 3
#[tokio::test]
async fn whoever_presents_a_token_before_storing_it_needs_ids_to_survive_a_crash() {
    let app = TestApp::start().await;
    for client in CLIENTS {
        let actor = client.join(&app, &format!("{client:?}").to_lowercase()).await;
        app.clock.advance(minutes(1));
        let stored = use_and_forget(&actor, client.body(0)).await;
        // The new token is presented, later than any answer could be, and still nothing but the attempt id is stored.
        app.clock.advance(minutes(1));
        let _ = use_and_forget(&actor, client.body(1)).await;

        app.clock.advance(minutes(5));
        actor.take(&stored);
        let again = actor.refresh_with(client.body(1)).await;

        // Without an id this is what a thief's use of a copy looks like.
        let expected = if client == Client::Sdk { "6-repeated" } else { "9-theft" };
        assert_eq!(again.refresh_case(), expected, "{client:?}: {again}");
    }
    assert_eq!(app.audited(Event::RefreshReused).await, 2);
}
