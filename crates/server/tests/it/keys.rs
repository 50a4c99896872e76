//! `countersign keys`, beside a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_testkit::{Method, Process, Value, json};

use crate::support::{server, soon};

/// RFC 8037 appendix A.1.
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"from-elsewhere",
"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn states(server: &Process) -> Vec<(String, String)> {
    let json = server.run(&["keys", "list", "--json"]).expect(0).json();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let keys = json["keys"].as_array().cloned().unwrap_or_default();
    keys.iter().map(|k| (text(&k["kid"]), text(&k["state"]))).collect()
}

fn kid_of(state: &str, keys: &[(String, String)]) -> String {
    keys.iter().find(|(_, s)| s == state).map(|(kid, _)| kid.clone()).unwrap_or_default()
}

fn kid_in(token: &str) -> String {
    let header = token.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    header["kid"].as_str().unwrap_or_default().to_owned()
}

// race 16
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotating_fails_no_request_and_the_new_key_signs_within_a_second() {
    let server = server().setting("LIMITS__ENABLED", "false").start().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let before = states(&server);
    let next = kid_of("next", &before);
    assert_eq!(kid_in(&ada.access_token()), kid_of("active", &before));

    let done = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (ada, done) = (ada.clone(), Arc::clone(&done));
        async move {
            let mut served = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(ada.get("/api/auth/verify").await.status(), 200);
                assert_eq!(ada.refresh().await.status(), 200);
                served += 1;
            }
            served
        }
    });
    let _ = tokio::task::block_in_place(|| server.run(&["keys", "rotate"])).expect(0);
    let _ = soon(|| bob.refresh(), |reply| kid_in(&reply.text_at("/accessToken")) == next).await;
    done.store(true, Ordering::Relaxed);
    let served = traffic.await.unwrap();

    assert!(served > 0);
    let published = ada.get("/.well-known/jwks.json").await.text();
    let after = states(&server);
    assert_eq!(after.len(), 3, "{after:?}");
    for (kid, _) in &after {
        assert!(published.contains(kid.as_str()), "{kid} is not published");
    }
}

#[tokio::test]
async fn an_imported_key_signs_when_it_is_activated() {
    // Without limits: refreshing is how it is seen.
    let server = server().setting("LIMITS__ENABLED", "false").start().await;
    let ada = server.member("ada").await;
    let file = server.folder().join("key.jwk");
    std::fs::write(&file, JWK).unwrap();

    let imported = server.run(&["keys", "import", file.to_str().unwrap(), "--activate", "--json"]).expect(0).json();

    assert_eq!(imported["key"]["kid"], "from-elsewhere");
    assert_eq!(imported["key"]["state"], "active");
    assert!(!imported.to_string().contains("nWGx"), "the private half is not printed");
    let reply = soon(|| ada.refresh(), |reply| kid_in(&reply.text_at("/accessToken")) == "from-elsewhere").await;
    assert_eq!(
        ada.call(Method::GET, "/api/auth/verify").bearer(&reply.text_at("/accessToken")).send().await.status(),
        200
    );
}

#[tokio::test]
async fn a_key_is_imported_from_standard_input_under_another_name() {
    let server = server().start().await;
    let imported = server.run_with(&["keys", "import", "-", "--kid", "mine", "--json"], JWK).expect(0).json();
    assert_eq!((&imported["key"]["kid"], &imported["key"]["state"]), (&json!("mine"), &json!("next")));
    let again = server.run_with(&["keys", "import", "-", "--kid", "mine"], JWK).expect(4);
    assert!(again.err.contains("there already"), "{}", again.err);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let server = server().start().await;
    for (text, code) in [("", 2), ("not a key", 2), (r#"{"kty":"oct","k":"AAAA"}"#, 2)] {
        let ran = server.run_with(&["keys", "import", "-"], text).expect(code);
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    let _ = server.run(&["keys", "import", "missing.pem"]).expect(3);
    let _ = server.run(&["keys", "import", "missing.pem", "--algorithm", "RS1"]).expect(3);
    let _ = server.run_with(&["keys", "import", "-", "--algorithm", "RS1"], JWK).expect(2);
}

#[tokio::test]
async fn a_withdrawn_key_sends_clients_to_refresh_and_signs_nobody_out() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let kid = kid_in(&ada.access_token());

    let _ = server.run(&["keys", "withdraw", &kid]).expect(0);

    let refused = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_EXPIRED");
    assert_eq!(ada.refresh().await.status(), 200);
    assert_eq!(ada.get("/api/user/profile").await.status(), 200);
    let _ = server.run(&["keys", "withdraw", &kid]).expect(0);
    let _ = server.run(&["keys", "withdraw", "nobody"]).expect(3);
}

#[test]
fn a_generated_master_key_is_256_bits_and_new_each_time() {
    let generate = || server().run(&["keys", "generate-master", "--json"], "").expect(0).json()["masterKey"].clone();
    let (one, two) = (generate(), generate());
    assert_eq!(one.as_str().map(str::len), Some(43));
    assert_ne!(one, two);
}

#[tokio::test]
async fn secrets_are_sealed_anew_while_the_server_runs() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let (phone, _) = ada.set_up_app().await;

    let rotated = server.run(&["keys", "rotate-data", "--json"]).expect(0).json();

    assert_eq!(rotated, json!({"key": 2, "resealed": 1}));
    // The server has not heard of the key, and finds it when it meets it. The present code is spent.
    let home = ada.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step(&asked, "totp", &phone.code_away(1)).await.expect(200);
}
