//! The Token Status List, as a verifier of another make reads it (docs/design/status-list.md).
//!
//! How indexes are given out under a race, and that the list grows once, are promises of the store (`store-contract`); that a full
//! one grows is tested on the binary, which may be given a small one (`crates/server/tests/it/status_list.rs`).

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::WhenStale;
use countersign_audit::Actor::Operator;
use countersign_testkit::{Actor, Method, TestApp, TestAppBuilder, Value, minutes, seconds};
use flate2::read::ZlibDecoder;

const PATH: &str = "/.well-known/status-list";

fn with_list() -> TestAppBuilder {
    TestApp::builder().with(|builder| builder.status_list(true))
}

/// Where an actor's access token says that its status is.
fn place(actor: &Actor) -> Value {
    actor.claims().pointer("/status/status_list").cloned().unwrap_or_default()
}

fn part(jwt: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

/// The list as it is a few seconds later: its claims, and its bytes.
async fn list(app: &TestApp) -> (Value, Vec<u8>) {
    app.clock.advance(seconds(3));
    let jwt = app.visitor().get(PATH).await.expect(200).text();
    let claims = part(&jwt, 1);
    let packed = URL_SAFE_NO_PAD.decode(claims.pointer("/status_list/lst").unwrap().as_str().unwrap()).unwrap();
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    (claims, bytes)
}

/// The bit of a place.
async fn bit(app: &TestApp, place: &Value) -> u8 {
    let index = usize::try_from(place.get("idx").and_then(Value::as_u64).unwrap()).unwrap();
    let (_, bytes) = list(app).await;
    (bytes.get(index / 8).unwrap() >> (index % 8)) & 1
}

#[tokio::test]
async fn without_the_setting_there_is_neither_claim_nor_list() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    assert_eq!(ada.claims().get("status"), None);
    assert_eq!(app.visitor().get(PATH).await.code(), "NOT_FOUND");
    assert_eq!(app.store().snapshot().await.unwrap().status_list_size().await.unwrap().taken, 0);
}

#[tokio::test]
async fn a_list_is_a_token_of_its_own_kind_that_may_be_kept() {
    let app = with_list().start().await;
    let ada = app.member("ada").await;
    let (claims, bytes) = list(&app).await;

    let uri = "https://auth.example.com/.well-known/status-list";
    assert_eq!((&claims["sub"], &claims["ttl"], &claims["status_list"]["bits"]), (&uri.into(), &30.into(), &1.into()));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(place(&ada)["uri"], uri);
    assert!(place(&ada)["idx"].as_u64().unwrap() < bytes.len() as u64 * 4, "the other half is there to grow into");
    let reply = app.visitor().get(PATH).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/statuslist+jwt");
    assert_eq!(reply.header("cache-control"), "public, max-age=30");
    let header = part(&reply.text(), 0);
    assert_eq!(header["typ"], "statuslist+jwt");
    let keys = app.visitor().get("/.well-known/jwks.json").await.expect(200).text();
    assert!(keys.contains(header["kid"].as_str().unwrap()));
    let again = app.visitor().call(Method::GET, PATH).header("if-none-match", reply.header("etag")).send().await;
    assert_eq!((again.status(), again.text().as_str()), (304, ""));
    let presented = app.visitor().call(Method::GET, "/api/auth/verify").bearer(&reply.text()).send().await;
    assert_eq!(presented.code(), "TOKEN_INVALID", "it is no access token");
}

#[tokio::test]
async fn each_token_has_an_index_of_its_own_and_a_refresh_leaves_the_old_one_good() {
    let app = with_list().start().await;
    let ada = app.member("ada").await;
    let first = place(&ada);
    let _ = ada.refresh().await.expect(200);

    assert_ne!(place(&ada), first);
    assert_eq!((bit(&app, &first).await, bit(&app, &place(&ada)).await), (0, 0));
}

#[tokio::test]
async fn what_was_revoked_has_its_bit_and_nobody_else_has() {
    let app = with_list().start().await;
    let [ada, bob, eve, carl] =
        [app.member("ada").await, app.member("bob").await, app.member("eve").await, app.member("carl").await];
    app.set_role("editor", &[]).await;
    let places = [&ada, &bob, &eve, &carl].map(place);

    let _ = ada.sign_out().await.expect(200);
    app.give_roles(&bob, &["editor"]).await;
    let accounts = app.system.auth().accounts();
    let _ = accounts.disable_user(eve.user_id().parse().unwrap(), Operator, &app.local()).await.unwrap();

    let mut bits = Vec::new();
    for place in &places {
        bits.push(bit(&app, place).await);
    }
    assert_eq!(bits, [1, 1, 1, 0]);
    let _ = bob.refresh().await.expect(200);
    assert_eq!(bit(&app, &place(&bob)).await, 0, "his rights of now");
    assert_eq!(list(&app).await.1.iter().map(|byte| byte.count_ones()).sum::<u32>(), 3);
}

#[tokio::test]
async fn tokens_of_a_withdrawn_key_have_their_bits() {
    let app = with_list().start().await;
    let ada = app.member("ada").await;
    let old = place(&ada);
    let token = ada.access_token();
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    let _ = app.system.keyring().withdraw(&kid, None, Operator, &app.local()).await.unwrap();
    app.upkeep().await;

    assert_eq!(bit(&app, &old).await, 1);
    let _ = ada.refresh().await.expect(200);
    assert_eq!(bit(&app, &place(&ada)).await, 0);
}

#[tokio::test]
async fn a_list_is_made_once_in_a_few_seconds() {
    let app = with_list().start().await;
    let ada = app.member("ada").await;
    let first = app.visitor().get(PATH).await.expect(200).text();
    let _ = ada.sign_out().await.expect(200);

    assert_eq!(app.visitor().get(PATH).await.expect(200).text(), first);
    app.clock.advance(seconds(3));
    assert_ne!(app.visitor().get(PATH).await.expect(200).text(), first);
}

#[tokio::test]
async fn whoever_refuses_tokens_because_he_knows_too_little_makes_no_list_of_them() {
    let app = with_list().with(|builder| builder.staleness_policy(seconds(60), WhenStale::Refuse)).start().await;
    let other = with_list().beside(&app).start().await;
    let ada = other.member("ada").await;
    let _ = list(&app).await;
    let _ = ada.sign_out().await.expect(200);

    app.clock.advance(seconds(61));
    let unknown = app.visitor().get(PATH).await.expect(503);
    assert_eq!(unknown.code(), "OVERLOADED");
    app.system.pulse().await.unwrap();

    assert_eq!(bit(&app, &place(&ada)).await, 1);
}

#[tokio::test]
async fn an_index_goes_when_its_token_has_died() {
    let app = with_list().start().await;
    let ada = app.member("ada").await;
    let _ = ada.sign_out().await.expect(200);
    let taken = async || app.store().snapshot().await.unwrap().status_list_size().await.unwrap().taken;

    app.clock.advance(minutes(16));
    app.upkeep().await;
    assert_eq!(taken().await, 1, "somebody's clock may be slow");
    app.clock.advance(minutes(4));
    app.upkeep().await;

    assert_eq!(taken().await, 0);
    assert_eq!(list(&app).await.1.iter().map(|byte| byte.count_ones()).sum::<u32>(), 0);
}

#[tokio::test]
async fn two_nodes_say_the_same_of_every_token() {
    let app = with_list().start().await;
    let other = with_list().beside(&app).start().await;
    let (ada, bob) = (app.member("ada").await, other.member("bob").await);
    let _ = ada.sign_out().await.expect(200);
    other.system.pulse().await.unwrap();

    let (here, there) = (list(&app).await.1, list(&other).await.1);
    assert!(here == there);
    assert_eq!((bit(&other, &place(&ada)).await, bit(&app, &place(&bob)).await), (1, 0));
}
