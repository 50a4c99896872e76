//! Nodes are restarted and upgraded, and keys change, while people go on: nobody's request fails who tries once more, and nobody is
//! signed out.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_testkit::{Actor, Reply, json};

use super::fleet::{Client, Crowd, Fleet, NODES};
use super::place::Place;
use crate::support::soon;

const CROWD: usize = 4;

/// Everybody goes on at every node.
async fn all_are_signed_in(clients: &[Client]) {
    assert_eq!(clients.len(), CROWD);
    for (n, client) in clients.iter().enumerate() {
        for node in 0..NODES {
            let _ = client.at(n + node).refresh_as_sdk().await.expect(200);
            let _ = client.at(node).get("/api/auth/verify").await.expect(200);
        }
    }
}

/// Refreshes until that brings a new token. Whoever has refreshed without a pause keeps the one he has for the next windows, and nodes
/// that have just started let none of those pass.
async fn rotate(client: &Client) {
    let is_rotated = |reply: &Reply| {
        assert!(["5-rotated", "5-crowded"].contains(&reply.refresh_case().as_str()), "{reply}");
        reply.refresh_case() == "5-rotated"
    };
    let _ = soon(|| client.at(0).refresh_as_sdk(), is_rotated).await.expect(200);
}

async fn begin(fleet: &Fleet) -> Crowd {
    let crowd = fleet.crowd(CROWD).await;
    crowd.refreshes(CROWD * 2).await;
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request_of_a_client_that_tries_once_more() {
    let Some(place) = Place::make().await else { return };
    let mut fleet = Fleet::start(&place.url()).await;
    let crowd = begin(&fleet).await;

    fleet.restart_in_turn().await;
    crowd.refreshes(CROWD * 2).await;

    let again = crowd.seen.again.load(Ordering::Relaxed);
    assert!(again > 0, "nobody met a node that was away");
    all_are_signed_in(&crowd.rest().await).await;
    drop(fleet);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_this_release_serve_on_while_the_next_one_expands_the_schema() {
    let Some(place) = Place::make().await else { return };
    let fleet = Fleet::start(&place.url()).await;
    let crowd = begin(&fleet).await;

    // What a first node of another release does under those that run: more columns everywhere, an index, a table. One table that
    // is in use a transaction, as every migration of ours has it: whoever holds one and waits for another waits for them in a ring.
    place
        .change(
            "DO $$ DECLARE name text; BEGIN
                FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE '\\_sqlx%' LOOP
                    EXECUTE format('ALTER TABLE %I ADD COLUMN of_the_next_release BIGINT NOT NULL DEFAULT 7, \
                                    ADD COLUMN unknown_to_this_one TEXT', name);
                    COMMIT;
                END LOOP;
            END $$",
        )
        .await;
    place.change("CREATE INDEX of_the_next_release ON sessions (of_the_next_release)").await;
    place.change("CREATE TABLE next_release_things (id UUID PRIMARY KEY)").await;
    crowd.refreshes(CROWD * 4).await;

    // What else people do, at each of them.
    for (n, node) in fleet.0.iter().enumerate() {
        let zoe = node.member(&format!("zoe{n}")).await;
        let _ = zoe.patch("/api/user/profile", json!({"name": "Zoe"})).await.expect(200);
        let _ = zoe.set_up_app().await;
        let _ = zoe.sign_out().await.expect(200);
        let _ = zoe.sign_in().await.expect(401);
    }
    assert_eq!(fleet.0[0].run(&["audit", "verify"]).code, Some(0));
    let clients = crowd.rest().await;
    all_are_signed_in(&clients).await;
    for node in &fleet.0 {
        assert!(!node.log().contains("\"ERROR\"") && !node.log().contains("upkeep fails"), "{}", node.log());
    }
    drop(fleet);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_change_under_load_and_no_request_fails() {
    let Some(place) = Place::make().await else { return };
    let fleet = Fleet::start(&place.url()).await;
    let crowd = begin(&fleet).await;
    let old = fleet.client("old").await;
    let kid = |actor: &Actor| header(&actor.access_token());
    let first = kid(old.at(0));

    for node in &fleet.0 {
        let _ = node.run(&["keys", "rotate"]).expect(0);
        crowd.refreshes(CROWD * 2).await;
    }

    let states: Vec<_> = fleet.0[0].run(&["keys", "list", "--json"]).expect(0).json()["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states.iter().filter(|state| *state == "retired").count(), 3, "{states:?}");
    // A token of three keys ago is good at every node, and its owner is given one of the present key.
    for node in 0..NODES {
        let _ = old.at(node).get("/api/auth/verify").await.expect(200);
    }
    assert_eq!(kid(old.at(0)), first);
    let _ = old.at(1).refresh_as_sdk().await.expect(200);
    assert_ne!(kid(old.at(0)), first);
    all_are_signed_in(&crowd.rest().await).await;
    drop(fleet);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mac_keys_change_under_load_and_no_request_fails() {
    let Some(Ending { place, mut fleet, crowd, asleep, before, boundary }) = Ending::in_time().await else { return };
    assert_eq!(i64::from(mac_period(&asleep.at(0).refresh_token())), before);
    let env = Env::system();
    while env.now() < boundary {
        crowd.refreshes(1).await;
    }
    crowd.refreshes(CROWD * 4).await;
    fleet.restart_in_turn().await;
    crowd.refreshes(CROWD * 2).await;

    // Who slept over the change goes on with the token of the period before, and is given one of this.
    assert_eq!(asleep.at(2).refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated");
    assert_eq!(i64::from(mac_period(&asleep.at(0).refresh_token())), before + 1);
    let clients = crowd.rest().await;
    all_are_signed_in(&clients).await;
    for client in &clients {
        rotate(client).await;
        assert_eq!(i64::from(mac_period(&client.at(0).refresh_token())), before + 1);
    }
    drop(fleet);
    place.drop().await;
}

/// Nodes that are at work, some seconds before a period of MAC keys ends.
struct Ending {
    place: Place,
    fleet: Fleet,
    crowd: Crowd,
    asleep: Client,
    before: i64,
    boundary: Timestamp,
}

impl Ending {
    /// As close to the end as this machine can: on one that needs long to begin, the end is twice as far away the next time.
    async fn in_time() -> Option<Self> {
        let mut lead = Lifetime::from_seconds(6);
        loop {
            let ending = Self::begin(Place::make().await?, lead).await;
            if Env::system().now() < ending.boundary {
                return Some(ending);
            }
            let _ = ending.crowd.rest().await;
            drop(ending.fleet);
            ending.place.drop().await;
            lead = Lifetime::from_micros(lead.as_micros() * 2);
        }
    }

    /// The database believes that a period ends after `lead`. Nodes go by its clock, which is weeks from their own.
    async fn begin(mut place: Place, lead: Lifetime) -> Self {
        let period = Lifetime::from_days(90).as_micros();
        let now = Env::system().now().as_micros();
        place.set_ahead(period - now % period - lead.as_micros()).await;
        let boundary = Timestamp::from_micros(now + lead.as_micros());
        let fleet = Fleet::start(&place.url()).await;
        let asleep = fleet.client("asleep").await;
        let crowd = begin(&fleet).await;
        Self { place, fleet, crowd, asleep, before: now / period, boundary }
    }
}

/// The header of a token, as its text.
fn header(token: &str) -> String {
    token.split('.').next().unwrap().to_owned()
}

/// The period in a refresh token: four bytes behind version and delivery.
fn mac_period(token: &str) -> u32 {
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
    u32::from_be_bytes(bytes[2..6].try_into().unwrap())
}
