//! Sessions that are used from elsewhere than they began, as their owners and their thieves see it.

use countersign::{BindPolicy, OnChange};
use countersign_testkit::{Actor, AddressTable, Event, Method, PASSWORD, Record, Reply, TestApp, json, minutes};

use crate::answer::{refused, said};

const PHONE: &str = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0";
const LAPTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const UPDATED: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
const CAFE: &str = "198.51.100.7";

/// What a test moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    UserAgent,
    Network,
}

impl Kind {
    fn policy(self, on_change: OnChange) -> BindPolicy {
        // The other kind is judged by another policy, which must not matter.
        let other = if on_change == OnChange::End { OnChange::Audit } else { OnChange::End };
        match self {
            Self::UserAgent => BindPolicy { user_agent: on_change, network: other },
            Self::Network => BindPolicy { user_agent: other, network: on_change },
        }
    }

    /// The same person, with the same cookies, elsewhere.
    fn moved(self, actor: &Actor) -> Actor {
        match self {
            Self::UserAgent => actor.clone().using(PHONE),
            Self::Network => actor.clone().at(CAFE.parse().unwrap()),
        }
    }

    fn name(self) -> &'static str {
        if self == Self::UserAgent { "user_agent" } else { "network" }
    }
}

async fn app(policy: BindPolicy) -> TestApp {
    TestApp::builder().with(move |builder| builder.bind_sessions(policy)).start().await
}

async fn ada(app: &TestApp) -> Actor {
    let ada = app.stranger("ada").using(LAPTOP);
    let _ = ada.register().await.expect(201);
    ada
}

/// What somebody hears who asks for something dangerous, with a password that is wrong on purpose.
async fn dangerous(actor: &Actor) -> String {
    let body = json!({"currentPassword": "not-this-one-77", "newPassword": "lint-borq-waxe-77"});
    actor.post("/api/user/password", body).await.code()
}

async fn moves(app: &TestApp) -> Vec<Record> {
    app.audit_records().await.into_iter().filter(|record| record.event == Event::SessionMoved).collect()
}

/// Each policy, for each kind: what the refresh answers, what is dangerous there, and what is written down.
// bug S45
#[tokio::test]
async fn each_policy_answers_a_moved_session_in_its_own_way() {
    for kind in [Kind::UserAgent, Kind::Network] {
        for (on_change, danger, records) in [
            (OnChange::Ignore, "AUTH_FAILED", 0),
            (OnChange::Audit, "AUTH_FAILED", 1),
            (OnChange::StepUp, "STEP_UP_REQUIRED", 1),
        ] {
            let app = app(kind.policy(on_change)).await;
            let home = ada(&app).await;
            let _ = home.clone().using(UPDATED).at("192.0.2.200".parse().unwrap()).refresh().await.expect(200);
            assert_eq!(dangerous(&home).await, "AUTH_FAILED", "an update, and another address at home, are no change");
            assert!(moves(&app).await.is_empty(), "{kind:?} {on_change:?}");

            let away = kind.moved(&home);
            for round in 0..3 {
                app.clock.advance(minutes(1));
                let reply = away.refresh().await.expect(200);
                assert_eq!(reply.refresh_case(), "5-rotated", "{kind:?} {on_change:?} {round}");
            }
            assert_eq!(dangerous(&away).await, danger, "{kind:?} {on_change:?}");
            let _ = away.get("/api/user/profile").await.expect(200);
            let moves = moves(&app).await;
            assert_eq!(moves.len(), records, "once, not once a refresh: {kind:?} {on_change:?}");
            for record in moves {
                assert_eq!(record.reason.as_deref(), Some(kind.name()));
                assert_eq!(record.session.map(|id| id.to_string()), Some(home.session_id()));
            }

            let _ = home.refresh().await.expect(200);
            assert_eq!(dangerous(&home).await, "AUTH_FAILED", "at home all is as it was: {kind:?} {on_change:?}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_ends_sessions_signs_out_whoever_comes_from_elsewhere_and_nobody_else() {
    for kind in [Kind::UserAgent, Kind::Network] {
        let app = app(kind.policy(OnChange::End)).await;
        let home = ada(&app).await;
        let tablet = home.elsewhere();
        let _ = tablet.sign_in().await.expect(200);
        let _ = home.clone().using(UPDATED).refresh().await.expect(200);

        refused(&kind.moved(&home).refresh().await, "TOKEN_REVOKED", kind.name());

        assert_eq!(
            said(&home.get("/api/user/profile").await),
            (401, "TOKEN_REVOKED".to_owned()),
            "its access token is dead"
        );
        refused(&home.refresh().await, "TOKEN_REVOKED", "and its owner must sign in again");
        let _ = tablet.refresh().await.expect(200);
        let _ = home.sign_in().await.expect(200);
        let ended: Vec<Record> =
            app.audit_records().await.into_iter().filter(|record| record.event == Event::SessionEnded).collect();
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0].reason.as_deref(), Some("binding"));
        let (from, to) = (format!("{}_from", kind.name()), format!("{}_to", kind.name()));
        let expected = match kind {
            Kind::UserAgent => ("Firefox on Linux", "Firefox on Android"),
            Kind::Network => ("192.0.2.0/24", "198.51.100.0/24"),
        };
        assert_eq!((ended[0].detail[&from].as_str(), ended[0].detail[&to].as_str()), expected);
    }
}

/// The way out of `STEP_UP_REQUIRED`, and how far it leads.
#[tokio::test]
async fn a_proof_opens_the_place_where_it_is_given_and_no_other() {
    for kind in [Kind::UserAgent, Kind::Network] {
        let app = app(kind.policy(OnChange::StepUp)).await;
        let home = ada(&app).await;
        let away = kind.moved(&home);
        let _ = away.refresh().await.expect(200);
        assert_eq!(away.claims()["auth_time"], 0, "other services can tell as well");
        let thief = app.visitor().using(LAPTOP).at("203.0.113.9".parse().unwrap());
        thief.take(&home.loot());

        let refusal = away.post("/api/user/password", json!({"currentPassword": "x", "newPassword": "y"})).await;
        assert_eq!(said(&refusal), (401, "STEP_UP_REQUIRED".to_owned()));
        assert!(refusal.header("www-authenticate").contains("insufficient_user_authentication"));
        let _ = away.step_up().await.expect(200);
        assert_eq!(dangerous(&away).await, "AUTH_FAILED", "{kind:?}");
        let _ = away.refresh().await.expect(200);
        assert_eq!(dangerous(&away).await, "AUTH_FAILED", "and so for what is refreshed there: {kind:?}");
        assert_eq!(moves(&app).await.len(), 1);

        if kind == Kind::Network {
            // Within the window a copy is still answered: the proof that was given elsewhere is none here.
            let _ = thief.refresh().await.expect(200);
            assert_eq!(dangerous(&thief).await, "STEP_UP_REQUIRED");
        }
        app.clock.advance(minutes(11));
        let _ = away.refresh().await.expect(200);
        assert_eq!(dangerous(&away).await, "STEP_UP_REQUIRED", "a proof grows old here as anywhere");
    }
}

/// Nobody is signed out, or asked for anything, because a phone changes networks; and the trail is not flooded by it.
#[tokio::test]
async fn by_default_a_phone_on_the_move_is_written_down_once_a_network_and_left_alone() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for _ in 0..10 {
        for address in ["192.0.2.1", CAFE, "2001:db8:1:2::3", "2001:db8:1:9::9"] {
            app.clock.advance(minutes(2));
            let _ = ada.clone().at(address.parse().unwrap()).refresh_as_sdk().await.expect(200);
        }
    }
    let to: Vec<String> = moves(&app).await.iter().map(|record| record.detail["network_to"].clone()).collect();
    assert_eq!(to, ["198.51.100.0/24", "2001:db8:1::/48"]);
    assert_eq!(dangerous(&ada).await, "STEP_UP_REQUIRED", "eighty minutes after the sign-in");
    let _ = ada.step_up().await.expect(200);
    assert_eq!(dangerous(&ada).await, "AUTH_FAILED");
}

/// A native client that keeps its token itself is bound like a browser.
#[tokio::test]
async fn a_session_without_cookies_is_bound_as_well() {
    let app = app(Kind::UserAgent.policy(OnChange::End)).await;
    let wallet = app.stranger("ada").into_program().using("Wallet/12 CFNetwork/1410 Darwin/22.6");
    let _ = wallet.register().await.expect(201);
    let _ = wallet.clone().using("Wallet/13 CFNetwork/1498 Darwin/23.1").refresh().await.expect(200);

    refused(&wallet.clone().using("curl/8.17.0").refresh().await, "TOKEN_REVOKED", "another program");
}

/// The list of one's own sessions, for people.
#[tokio::test]
async fn the_list_names_browser_system_and_places() {
    let table = AddressTable::of(&[
        ("192.0.2.0/24", "DE", 64_500, "Example Net"),
        ("198.51.100.0/24", "FR", 64_501, "Café Net"),
    ]);
    let path = table.path();
    let app = TestApp::builder().with(move |builder| builder.geo(Some(path.clone()), Some(path))).start().await;
    let ada = ada(&app).await;
    let first = |reply: &Reply| reply.json()["sessions"][0].clone();

    let listed = first(&ada.get("/api/user/sessions").await.expect(200));
    for (member, expected) in [
        ("label", json!("Firefox on Linux")),
        ("userAgent", json!(LAPTOP)),
        ("ipAddress", json!("192.0.2.1")),
        ("firstIpAddress", json!("192.0.2.1")),
        ("country", json!("DE")),
        ("asn", json!(64_500)),
        ("network", json!("Example Net")),
    ] {
        assert_eq!(listed[member], expected, "{member}");
    }
    assert!(listed["device"].as_str().unwrap().starts_with("dev_"));

    let away = Kind::Network.moved(&ada);
    let _ = away.refresh().await.expect(200);
    let listed = first(&away.get("/api/user/sessions").await.expect(200));
    assert_eq!((&listed["ipAddress"], &listed["firstIpAddress"]), (&json!(CAFE), &json!("192.0.2.1")));
    assert_eq!((&listed["country"], &listed["network"]), (&json!("FR"), &json!("Café Net")));
    let record = moves(&app).await.remove(0);
    assert_eq!((record.detail["country"].as_str(), record.detail["asn"].as_str()), ("FR", "64501"));

    // A new file counts within a minute, for what is shown as well.
    table.rewrite(&[("198.51.100.0/24", "CH", 64_502, "Bergnetz")]);
    app.upkeep().await;
    assert_eq!(first(&away.get("/api/user/sessions").await)["country"], "CH");
    table.damage();
    assert!(app.system.upkeep().await.is_err());
    assert_eq!(first(&away.get("/api/user/sessions").await)["country"], "CH", "a damaged one changes nothing");
}

/// What is unknown is null, and nothing is asked of anybody.
#[tokio::test]
async fn without_a_table_nothing_is_said_of_countries() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let listed = ada.get("/api/user/sessions").await.json()["sessions"][0].clone();
    for member in ["label", "country", "asn", "network"] {
        assert_eq!(listed[member], json!(null), "{member}");
    }
    assert!(app.audit_records().await.iter().all(|record| !record.detail.contains_key("country")));
}

/// A carrier with many prefixes is one network where the table says so, and a new table moves nobody.
#[tokio::test]
async fn a_table_makes_one_network_of_a_carriers_prefixes() {
    let table = AddressTable::of(&[
        ("192.0.2.0/24", "DE", 64_500, "Carrier"),
        ("2001:db8::/32", "DE", 64_500, "Carrier"),
        ("198.51.100.0/24", "DE", 64_501, "Other"),
    ]);
    let path = table.path();
    let policy = Kind::Network.policy(OnChange::End);
    let builder = TestApp::builder().with(move |builder| builder.bind_sessions(policy).geo(None, Some(path)));
    let app = builder.start().await;
    let ada = ada(&app).await;
    let _ = ada.clone().at("2001:db8:7::1".parse().unwrap()).refresh().await.expect(200);

    table.rewrite(&[("192.0.2.0/24", "DE", 64_777, "Renamed"), ("2001:db8::/32", "DE", 64_777, "Renamed")]);
    app.upkeep().await;
    let _ = ada.clone().at("2001:db8:7::1".parse().unwrap()).refresh().await.expect(200);
    let _ = ada.refresh().await.expect(200);

    refused(&Kind::Network.moved(&ada).refresh().await, "TOKEN_REVOKED", "another operator");
}

/// Sign-ins beyond the bound, one after the other and at once.
#[tokio::test]
async fn a_sign_in_beyond_the_bound_ends_the_session_unused_the_longest() {
    let app = TestApp::builder().with(|builder| builder.max_sessions_per_user(3)).start().await;
    let first = app.member("ada").await;
    app.clock.advance(minutes(2));
    let (second, third) = (first.elsewhere(), first.elsewhere());
    let _ = second.sign_in().await.expect(200);
    app.clock.advance(minutes(2));
    let _ = third.sign_in().await.expect(200);
    app.clock.advance(minutes(2));
    let _ = first.refresh().await.expect(200);

    let fourth = first.elsewhere();
    let _ = fourth.sign_in().await.expect(200);

    assert_eq!(said(&second.get("/api/user/profile").await), (401, "TOKEN_REVOKED".to_owned()), "at once");
    refused(&second.refresh().await, "TOKEN_REVOKED", "unused the longest");
    for (name, actor) in [("first", &first), ("third", &third), ("fourth", &fourth)] {
        let _ = actor.get("/api/user/profile").await.expect(200);
        assert_eq!(
            actor.get("/api/user/sessions").await.json()["sessions"].as_array().map(Vec::len),
            Some(3),
            "{name}"
        );
    }
    let ended: Vec<Record> =
        app.audit_records().await.into_iter().filter(|record| record.event == Event::SessionEnded).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(
        (ended[0].reason.as_deref(), ended[0].session.map(|id| id.to_string())),
        (Some("too_many_sessions"), Some(second.session_id()))
    );

    app.clock.advance(minutes(2));
    let racers: Vec<Actor> = (0..3).map(|_| first.elsewhere()).collect();
    let tasks: Vec<_> = racers
        .iter()
        .map(|racer| {
            let racer = racer.clone();
            tokio::spawn(async move { racer.sign_in().await.status() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    for racer in &racers {
        let _ = racer.get("/api/user/profile").await.expect(200);
        let _ = racer.refresh().await.expect(200);
    }
    assert_eq!(racers[0].get("/api/user/sessions").await.json()["sessions"].as_array().map(Vec::len), Some(3));
}

/// A limit that counts a whole network, or a country, out of devices that the account does not know.
#[tokio::test]
async fn failed_sign_ins_are_limited_by_network_and_by_country_where_the_operator_says_so() {
    for (is_network, name) in [(true, "sign_in_network"), (false, "sign_in_country")] {
        let table = AddressTable::of(&[
            ("198.51.100.0/24", "FR", 64_501, "Botnet"),
            ("203.0.113.0/24", "FR", 64_501, "Botnet"),
            ("192.0.2.0/24", "DE", 64_500, "Home"),
        ]);
        let path = table.path();
        let mut limits = countersign::Policies::default();
        let quota = if is_network { &mut limits.sign_in_network } else { &mut limits.sign_in_country };
        (quota.limit, quota.window) = (4, minutes(60));
        let builder = TestApp::builder().with(|builder| builder.limits(limits));
        let app = builder.with(move |builder| builder.geo(Some(path.clone()), Some(path))).start().await;
        let ada = app.member("ada").await;
        let from = |address: &str| ada.elsewhere().at(address.parse().unwrap());
        for n in 0..4 {
            let bot = from(&format!("198.51.100.{n}"));
            assert_eq!(bot.sign_in_with("not-this-one-77").await.code(), "AUTH_FAILED", "{n}");
        }

        let stopped = from("203.0.113.1").sign_in().await;
        assert_eq!(said(&stopped), (429, "RATE_LIMITED".to_owned()));
        assert!(stopped.header("ratelimit").contains(name), "{}", stopped.header("ratelimit"));
        let _ = from("192.0.2.77").sign_in().await.expect(200);
        let _ = from("10.0.0.1").sign_in().await.expect(200);
        let known = ada.clone().at("198.51.100.9".parse().unwrap());
        let _ = known.sign_in().await.expect(200);
    }
}

/// Everything that a thief of a running session would do first, by `auth_time`.
#[tokio::test]
async fn every_dangerous_act_asks_for_a_recent_sign_in() {
    let acts = [
        (
            Method::POST,
            "/api/user/password",
            json!({"currentPassword": PASSWORD, "newPassword": "lint-borq-waxe-77"}),
            200,
        ),
        (Method::DELETE, "/api/user", json!({"currentPassword": PASSWORD}), 204),
    ];
    for (method, path, body, status) in acts {
        let app = TestApp::start().await;
        let ada = app.member("ada").await;
        app.clock.advance(minutes(11));
        let act = || ada.call(method.clone(), path).json(body.clone()).send();

        let before = app.audit_records().await.len();
        let refusal = act().await;
        assert_eq!(said(&refusal), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
        assert_eq!(app.audit_records().await.len(), before, "nothing has happened: {path}");
        let _ = ada.sign_in().await.expect(200);
        app.clock.advance(minutes(11));
        let _ = ada.step_up().await.expect(200);
        let _ = act().await.expect(status);
    }
}
