//! Attacks on the limits, through the front door: guessing, spraying, floods, and locking others out.
//!
//! Each attack is held against somebody who does the same in good faith and gets through. The memory of the limiter is a test
//! of `countersign-limit`.

use std::net::{IpAddr, Ipv4Addr};

use countersign::{Policies, TrustedProxies};
use countersign_testkit::{Event, Outcome, Reply, TestApp, Value, json, minutes, seconds};
use tokio::task::JoinSet;

use crate::answer::said;

const SIGN_IN: &str = "/api/auth/login";
const ATTACKER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

fn failed() -> (u16, String) {
    (401, "AUTH_FAILED".to_owned())
}

fn limited() -> (u16, String) {
    (429, "RATE_LIMITED".to_owned())
}

fn challenged() -> (u16, String) {
    (428, "CHALLENGE_REQUIRED".to_owned())
}

fn wrong(email: &str) -> Value {
    json!({"email": email, "password": "not the password"})
}

async fn guess(app: &TestApp, from: IpAddr, email: &str) -> Reply {
    app.visitor().at(from).post(SIGN_IN, wrong(email)).await
}

async fn fail(app: &TestApp, from: IpAddr, email: &str, times: usize) {
    for n in 0..times {
        assert_eq!(said(&guess(app, from, email).await), failed(), "{n} of {times}");
    }
}

fn address(n: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, n])
}

// attack 108
// bug S78, S85
#[tokio::test]
async fn the_sixth_guess_is_told_to_wait_and_exactly_how_long() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    fail(&app, ATTACKER, &ada.email, 4).await;
    let last = guess(&app, ATTACKER, &ada.email).await;
    assert_eq!(said(&last), failed());
    assert!(
        last.header("ratelimit").contains(r#""sign_in_address_account";r=0;t=900"#),
        "{}",
        last.header("ratelimit")
    );
    assert!(last.header("ratelimit-policy").contains(r#""sign_in_address_account";q=5;w=900"#));

    let refused = guess(&app, ATTACKER, &ada.email).await;

    assert_eq!(said(&refused), limited());
    assert_eq!((refused.header("retry-after").as_str(), &refused.json()["retryAfter"]), ("900", &json!(900)));
    for name in ["ratelimit", "ratelimit-policy"] {
        assert!(refused.header(name).contains("sign_in_address_account"), "{name}: {}", refused.header(name));
    }
    let right = ada.elsewhere().at(ATTACKER);
    assert_eq!(said(&right.sign_in().await), limited(), "the right password is not tried either");
    let _ = ada.elsewhere().sign_in().await.expect(200);
    assert_eq!(app.audited(Event::SignInFailed).await, 5);
    assert_eq!(app.audited(Event::LimitReached).await, 1, "once a window");

    app.clock.advance(seconds(899));
    assert_eq!(right.sign_in().await.header("retry-after"), "1");
    app.clock.advance(seconds(1));
    let _ = right.sign_in().await.expect(200);
}

// attack 109, 110
// bug S79, S80
// race 15
#[tokio::test]
async fn what_a_client_says_of_itself_is_no_fresh_bucket() {
    let app = TestApp::start().await;

    for (n, name) in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-originating-ip",
        "x-remote-addr",
        "cf-connecting-ip",
        "true-client-ip",
        "fastly-client-ip",
        "via",
        "user-agent",
        "accept-language",
        "x-device-id",
        "cookie",
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{n}@example.com");
        let from = address(u8::try_from(n).unwrap());
        for try_ in 0..6 {
            let value = match name {
                "forwarded" => format!("for=192.0.2.{try_}"),
                "user-agent" => format!("agent {try_}"),
                "cookie" => format!("__Secure-deviceId=forged{try_}"),
                _ => format!("192.0.2.{try_}"),
            };
            let call = app.visitor().at(from).call(http::Method::POST, SIGN_IN).without("user-agent");
            let reply = call.header(name, value).json(wrong(&email)).send().await;
            assert_eq!(said(&reply), if try_ < 5 { failed() } else { limited() }, "{name} {try_}");
        }
        fail(&app, address(100), &email, 1).await;
    }
}

// attack 109
// bug S80
#[tokio::test]
async fn behind_a_named_proxy_each_client_has_its_own_bucket_and_cannot_choose_it() {
    let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    let app = TestApp::builder().with(|builder| builder.trusted_proxies(proxies)).start().await;
    let through = async |chain: String| {
        let call = app.visitor().at([10, 0, 0, 1].into()).call(http::Method::POST, SIGN_IN);
        said(&call.header("x-forwarded-for", chain).json(wrong("ada@example.com")).send().await)
    };

    for n in 0..6 {
        let forged = format!("192.0.2.{n}, 198.51.100.7");
        assert_eq!(
            through(forged).await,
            if n < 5 { failed() } else { limited() },
            "{n}: the left end is his own text"
        );
    }
    assert_eq!(through("10.9.9.9, 198.51.100.7".to_owned()).await, limited(), "nor is he a proxy himself");
    assert_eq!(through("198.51.100.8".to_owned()).await, failed(), "his neighbour behind the same proxy");
    assert_eq!(said(&guess(&app, ATTACKER, "ada@example.com").await), limited(), "the same client past the proxy");
}

// attack 111
#[tokio::test]
async fn one_password_over_many_accounts_is_stopped_at_the_address() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for n in 0..30 {
        fail(&app, ATTACKER, &format!("person{n}@example.com"), 1).await;
    }

    let refused = guess(&app, ATTACKER, "person30@example.com").await;

    assert_eq!(said(&refused), limited());
    assert_eq!(refused.header("retry-after"), "900");
    assert_eq!(said(&ada.elsewhere().at(ATTACKER).sign_in().await), limited(), "an account that he has not tried yet");
    fail(&app, address(1), "person30@example.com", 1).await;
}

// attack 112
// bug S81
// race 15
#[tokio::test]
async fn many_addresses_at_one_account_are_counted_at_the_account() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let mut judged = 0;

    for n in 0..110 {
        let reply = guess(&app, address(n), &ada.email).await;
        assert!([failed(), challenged()].contains(&said(&reply)), "{n}: {reply}");
        judged += usize::from(reply.status() == 401);
    }

    assert_eq!(judged, 20, "passwords tried in the hour without a proof of work");
    assert_eq!(said(&guess(&app, address(200), "bob@example.com").await), failed(), "another account");
}

// attack 113
#[tokio::test]
async fn spellings_of_one_address_share_their_buckets() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let spellings = [
        "ada@example.com",
        "ADA@example.com",
        "Ada@EXAMPLE.com",
        "ada@Example.Com",
        "ada@ex\u{ff41}mple.com",
        "ada@example\u{3002}com",
        " ada@example.com",
        "ada@example.com.",
        "\"ada\"@example.com",
        "ada+x@example.com",
        "a.da@example.com",
        "\u{ff41}da@example.com",
        "ada@example.com\u{0}",
    ];
    let right = |email: &str| json!({"email": email, "password": ada.password});
    let mut hers = Vec::new();
    for spelling in spellings {
        let reply = app.visitor().at(address(1)).post(SIGN_IN, right(spelling)).await;
        match reply.status() {
            200 => hers.push(spelling),
            status => assert!([400, 401].contains(&status), "{spelling}: {reply}"),
        }
        app.clock.advance(minutes(60));
    }
    assert!(hers.len() >= 4, "{hers:?}");

    for n in 0..5 {
        fail(&app, ATTACKER, hers[n % hers.len()], 1).await;
    }

    for spelling in hers {
        let reply = app.visitor().at(ATTACKER).post(SIGN_IN, right(spelling)).await;
        assert_eq!(said(&reply), limited(), "{spelling}");
    }
}

// attack 114
/// Mallory floods Ada's account from everywhere, and solves challenges too. Ada notices nothing where she is signed in, nothing
/// on her own device, and elsewhere a moment's work of her browser.
#[tokio::test]
async fn whoever_floods_an_account_keeps_its_owner_out_of_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let own_device = app.visitor();
    own_device.take(&ada.loot());
    for n in 0..60 {
        let asked = guess(&app, address(n), &ada.email).await;
        if asked.status() == 428 {
            let body = with(wrong(&ada.email), "challengeResponse", asked.solution());
            assert_eq!(said(&app.visitor().at(address(n)).post(SIGN_IN, body).await), failed(), "{n}");
        }
    }

    let _ = ada.get("/api/user/profile").await.expect(200);
    let _ = ada.refresh().await.expect(200);
    let _ = ada.step_up().await.expect(200);
    assert_eq!(said(&ada.sign_in_with("not the password").await), failed(), "a known device is judged");
    let _ = ada.sign_in().await.expect(200);
    let new_device = ada.elsewhere().at(address(250));
    assert_eq!(said(&new_device.sign_in().await), challenged());
    let _ = new_device.sign_in_solving().await.expect(200);
    let _ = new_device.get("/api/user/profile").await.expect(200);
    let _ = new_device.sign_in().await.expect(200);
    assert_eq!(app.audited(Event::SessionEnded).await, 2, "each replaced by its own next sign-in");
}

// attack 67, 114
#[tokio::test]
async fn a_challenge_looks_the_same_for_everyone() {
    let app = TestApp::start().await;
    let _ = app.member("ada").await;
    let mut seen = Vec::new();
    for (email, first) in [("ada@example.com", 0), ("nobody@example.com", 100)] {
        for n in 0..20 {
            fail(&app, address(first + n), email, 1).await;
        }
        let asked = guess(&app, address(200), email).await;
        assert_eq!(said(&asked), challenged());
        assert_eq!(asked.header("retry-after"), "", "waiting is not what is asked");
        let solved = with(wrong(email), "challengeResponse", asked.solution());
        let judged = app.visitor().at(address(first + 50)).post(SIGN_IN, solved).await;
        assert_eq!(said(&judged), failed());
        seen.push([asked, judged].map(|reply| shape(&reply)));
    }
    assert_eq!(seen[0], seen[1]);
    let [asked, judged] = &seen[0];
    assert!(asked.contains(r#""sign_in_account";r=0"#), "{asked}");
    assert!(judged.contains(r#""challenge_account";r=63"#), "{judged}");
}

/// What an asker sees of a refusal, save what chance and the clock put there.
fn shape(reply: &Reply) -> String {
    let mut body = reply.json();
    let members = body.as_object_mut().unwrap();
    members.remove("requestId");
    if let Some(challenge) = members.get_mut("challenge").and_then(Value::as_object_mut) {
        for name in ["challenge", "salt", "signature"] {
            let text = challenge[name].as_str().unwrap().replace(|c: char| c.is_ascii_hexdigit(), "x");
            challenge.insert(name.to_owned(), text.into());
        }
    }
    let mut headers: Vec<String> =
        reply.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.retain(|line| !line.starts_with("x-request-id") && !line.starts_with("date"));
    format!("{} {body}\n{}", reply.status(), headers.join("\n"))
}

// attack 126
#[tokio::test]
async fn a_solution_is_worth_one_try_at_one_account_in_time() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for n in 0..20 {
        fail(&app, address(n), &ada.email, 1).await;
        fail(&app, address(n), &bob.email, 1).await;
    }
    let new_device = ada.elsewhere().at(ATTACKER);
    let right = |response: &str| {
        let body = json!({"email": ada.email, "password": ada.password});
        with(body, "challengeResponse", response)
    };
    let solve = async || new_device.sign_in().await.expect(428).solution();

    let good = solve().await;
    let of_bob = bob.elsewhere().at(ATTACKER).sign_in().await.expect(428).solution();
    let half = &good[..good.len() / 2];
    for (response, reason) in [
        (of_bob.as_str(), "of another account"),
        (half, "cut"),
        ("", "empty"),
        ("not base64", "no base64"),
        (&"A".repeat(20_000), "far too long"),
    ] {
        let refused = new_device.post(SIGN_IN, right(response)).await;
        assert_eq!(said(&refused), challenged(), "{reason}");
        assert_ne!(refused.solution(), good, "{reason}: a fresh one");
    }
    let _ = new_device.elsewhere().post(SIGN_IN, right(&good)).await.expect(200);
    assert_eq!(said(&new_device.elsewhere().post(SIGN_IN, right(&good)).await), challenged(), "used");

    let late = solve().await;
    app.clock.advance(seconds(300));
    assert_eq!(said(&new_device.post(SIGN_IN, right(&late)).await), challenged(), "late");
    let in_time = solve().await;
    app.clock.advance(seconds(299));
    let _ = new_device.post(SIGN_IN, right(&in_time)).await.expect(200);

    let body = with(right(""), "challengeResponse", 7);
    assert_eq!(said(&new_device.elsewhere().post(SIGN_IN, body).await), (400, "VALIDATION_FAILED".to_owned()));
}

// attack 126
/// Nodes share the key of challenges: one asks, another judges. So does the same node after a restart.
#[tokio::test]
async fn a_challenge_outlives_the_process_that_asked() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let other = TestApp::builder().beside(&app).start().await;
    for n in 0..20 {
        fail(&app, address(n), &ada.email, 1).await;
        fail(&other, address(n), &ada.email, 1).await;
    }
    let asked = ada.elsewhere().sign_in().await.expect(428);

    let body = json!({"email": ada.email, "password": ada.password, "challengeResponse": asked.solution()});
    let _ = other.visitor().post(SIGN_IN, body).await.expect(200);
}

fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body.as_object_mut().unwrap().insert(name.to_owned(), value.into());
    body
}

// attack 114
#[tokio::test]
async fn a_known_device_is_one_of_this_account_and_is_limited_itself() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    for n in 0..20 {
        fail(&app, address(n), &ada.email, 1).await;
    }

    let hers = eve.call(http::Method::POST, SIGN_IN).anonymous().json(wrong(&ada.email)).send().await;
    assert_eq!(said(&hers), challenged(), "a device that Eve's account knows is a stranger to Ada's");

    for n in 0..11 {
        let reply = ada.sign_in_with("not the password").await;
        assert_eq!(said(&reply), if n < 10 { failed() } else { limited() }, "{n}");
    }
}

// attack 115
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parallel_burst_gets_exactly_the_limit() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let mut burst = JoinSet::new();
    for _ in 0..50 {
        let one = app.visitor().at(ATTACKER);
        let body = wrong(&ada.email);
        burst.spawn(async move { said(&one.post(SIGN_IN, body).await) });
    }

    let mut answers = burst.join_all().await;

    answers.sort();
    let expected: Vec<_> = std::iter::repeat_n(failed(), 5).chain(std::iter::repeat_n(limited(), 45)).collect();
    assert_eq!(answers, expected);
    assert_eq!(app.audited(Event::SignInFailed).await, 5);
}

// attack 116
#[tokio::test]
async fn ones_own_success_between_guesses_resets_nothing() {
    let app = TestApp::start().await;
    let (ada, mallory) = (app.member("ada").await, app.member("mallory").await);
    let own = mallory.elsewhere().at(ATTACKER);

    for _ in 0..5 {
        fail(&app, ATTACKER, &ada.email, 1).await;
        let _ = own.elsewhere().sign_in().await.expect(200);
    }
    assert_eq!(said(&guess(&app, ATTACKER, &ada.email).await), limited());

    for n in 5..30 {
        fail(&app, ATTACKER, &format!("person{n}@example.com"), 1).await;
        if n % 5 == 0 {
            let _ = own.sign_in().await.expect(200);
        }
    }
    assert_eq!(said(&guess(&app, ATTACKER, "person@example.com").await), limited());
}

// bug S83
#[tokio::test]
async fn an_office_that_signs_in_forty_times_is_not_locked_out() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for n in 0..40 {
        assert_eq!(ada.elsewhere().at(ATTACKER).sign_in().await.status(), 200, "{n}");
    }
    fail(&app, ATTACKER, &ada.email, 5).await;
}

// attack 117
// bug S86
#[tokio::test]
async fn floods_of_registrations_are_stopped_at_the_address() {
    let app = TestApp::start().await;
    let register = async |n: u32, from: IpAddr| app.stranger(&format!("flood{n}")).at(from).register().await;
    for n in 0..10 {
        let _ = register(n, ATTACKER).await.expect(201);
    }

    let refused = register(10, ATTACKER).await;

    assert_eq!(said(&refused), limited());
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    assert_eq!(said(&app.stranger("flood10").sign_in().await), failed(), "there is no such account");
    let _ = register(11, address(1)).await.expect(201);
    app.clock.advance(minutes(60));
    let _ = register(12, ATTACKER).await.expect(201);
}

// attack 117
// bug S84, S86
#[tokio::test]
async fn a_flood_of_refreshes_is_stopped_at_its_session_and_signs_nobody_out() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    for _ in 0..60 {
        let _ = ada.refresh().await.expect(200);
    }

    let refused = ada.refresh().await;

    assert_eq!(said(&refused), limited());
    assert!(!refused.header("retry-after").is_empty() && refused.header("ratelimit").contains("refresh_session"));
    assert_eq!(refused.set_cookies(), Vec::<String>::new());
    let _ = phone.refresh().await.expect(200);
    let _ = ada.elsewhere().sign_in().await.expect(200);
    let _ = ada.get("/api/auth/verify").await.expect(200);
    app.clock.advance(minutes(1));
    let _ = ada.refresh().await.expect(200);
}

// bug S84
#[tokio::test]
async fn refreshing_goes_on_where_signing_in_is_limited() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await.at(ATTACKER);
    for n in 0..30 {
        fail(&app, ATTACKER, &format!("person{n}@example.com"), 1).await;
    }

    assert_eq!(said(&ada.elsewhere().sign_in().await), limited());
    for _ in 0..40 {
        let _ = ada.refresh().await.expect(200);
    }
}

// attack 118
#[tokio::test]
async fn a_variant_of_the_path_is_the_same_bucket_or_no_path() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let attacker = ada.elsewhere().at(ATTACKER);
    let right = json!({"email": ada.email, "password": ada.password});
    let variants = [
        ("/api/auth/login", 200),
        ("/api/auth/login?x=1", 200),
        ("/api/auth/login?", 200),
        ("/api/auth/login/", 404),
        ("//api/auth/login", 404),
        ("/api//auth/login", 404),
        ("/api/auth/./login", 404),
        ("/api/auth/x/../login", 404),
        ("/API/auth/login", 404),
        ("/api/auth/LOGIN", 404),
        ("/api/auth/%6cogin", 404),
        ("/api/auth/login%20", 404),
        ("/api/auth/login%00", 404),
        ("/api/auth/login;x=1", 404),
        ("/api/auth/login.json", 404),
    ];
    for (path, status) in variants {
        assert_eq!(attacker.elsewhere().post(path, right.clone()).await.status(), status, "{path} before");
    }
    for (n, path) in ["/api/auth/login?a", "/api/auth/login", "/api/auth/login?b"].iter().cycle().take(5).enumerate() {
        assert_eq!(said(&attacker.post(path, wrong(&ada.email)).await), failed(), "{n}");
    }

    for (path, status) in variants {
        let reply = attacker.elsewhere().post(path, right.clone()).await;
        assert_eq!(reply.status(), if status == 200 { 429 } else { 404 }, "{path} after");
    }
}

// attack 119
#[tokio::test]
async fn one_attacker_uses_up_his_own_buckets_and_nobody_elses() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for n in 0..40 {
        let _ = guess(&app, ATTACKER, &format!("person{n}@example.com")).await;
        let _ = app.stranger(&format!("flood{n}")).at(ATTACKER).register().await;
    }
    assert_eq!(said(&guess(&app, ATTACKER, "x@example.com").await), limited());

    let neighbour = IpAddr::from([198, 51, 100, 8]);
    let _ = ada.elsewhere().at(neighbour).sign_in().await.expect(200);
    let _ = app.stranger("bob").at(neighbour).register().await.expect(201);
    let _ = ada.refresh().await.expect(200);
    let _ = ada.elsewhere().at(neighbour).sign_in().await.expect(200);
    fail(&app, neighbour, "person1@example.com", 5).await;
}

// attack 120
// race 15
#[tokio::test]
async fn addresses_of_one_ipv6_network_are_one_bucket() {
    let policies = |limit| {
        let mut policies = Policies::default();
        policies.sign_in_address.limit = limit;
        policies
    };
    let app = TestApp::builder().with(move |builder| builder.limits(policies(8))).start().await;
    let v6 = |text: String| -> IpAddr { text.parse().unwrap() };

    for n in 0..6 {
        let reply = guess(&app, v6(format!("2001:db8:1:2:{n:x}::{n:x}")), "ada@example.com").await;
        assert_eq!(said(&reply), if n < 5 { failed() } else { limited() }, "{n}: one /64, one account");
    }
    for n in 0..4 {
        let reply = guess(&app, v6(format!("2001:db8:1:2::{n:x}")), &format!("person{n}@example.com")).await;
        assert_eq!(said(&reply), if n < 3 { failed() } else { limited() }, "{n}: one /64, many accounts");
    }
    for n in 0..25 {
        let reply = guess(&app, v6(format!("2001:db8:1:1{n:02}::1")), &format!("other{n}@example.com")).await;
        assert_eq!(said(&reply), if n < 24 { failed() } else { limited() }, "{n}: one /48, many /64");
    }
    fail(&app, v6("2001:db8:2::1".to_owned()), "ada@example.com", 1).await;
    fail(&app, v6("::ffff:192.0.2.200".to_owned()), "bob@example.com", 5).await;
    let plain = guess(&app, [192, 0, 2, 200].into(), "bob@example.com").await;
    assert_eq!(said(&plain), limited(), "a mapped address is the IPv4 one");
}

// bug S91
#[tokio::test]
async fn each_decision_is_one_event_with_its_outcome_and_its_person() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (laptop, thief) = (ada.elsewhere(), app.visitor());
    let signed_in = laptop.sign_in().await;
    thief.take(&ada.loot());
    for _ in 0..2 {
        let _ = ada.refresh().await.expect(200);
        app.clock.advance(minutes(5));
    }
    let (done, refused) = (Outcome::Success, Outcome::Refused);
    let acts = [
        (Event::SignInFailed, refused, "wrong_password", guess(&app, ATTACKER, &ada.email).await),
        (Event::SignedIn, done, "", signed_in),
        (Event::StepUpFailed, refused, "wrong_password", ada.post("/api/auth/step-up", wrong_password()).await),
        (Event::SteppedUp, done, "", ada.step_up().await),
        (Event::ProfileChanged, done, "", ada.patch("/api/user/profile", json!({"name": "Ada L."})).await),
        (Event::SignedOut, done, "", laptop.sign_out().await),
        (Event::RefreshReused, refused, "theft", thief.refresh().await),
    ];

    let records = app.audit_records().await;
    for (event, outcome, reason, reply) in acts {
        let id = Some(reply.header("x-request-id"));
        let of_this: Vec<_> = records.iter().filter(|r| r.request.map(|r| r.to_string()) == id).collect();
        let told: Vec<_> = of_this.iter().map(|r| (r.event, r.outcome, r.reason.as_deref().unwrap_or(""))).collect();
        assert_eq!(told, [(event, outcome, reason)]);
        assert!(of_this.iter().all(|r| r.subject.is_some_and(|s| s.to_string() == ada.user_id())), "{event:?}");
    }
}

fn wrong_password() -> Value {
    json!({"password": "not the password"})
}
