//! A service that reaches nobody: keys and revocations from files.

use std::fs;
use std::time::Duration;

use countersign_guard::Verifier;
use countersign_guard::testing::TestIssuer;
use countersign_kernel::Lifetime;
use serde_json::json;

use crate::stage::{code, until};

#[tokio::test(start_paused = true)]
async fn keys_and_revocations_come_from_files_and_new_files_are_read() {
    let issuer = TestIssuer::start();
    let folder = tempfile::tempdir().unwrap();
    let (keys, revoked) = (folder.path().join("jwks.json"), folder.path().join("revocations.json"));
    let [gone, second, token] = [(); 3].map(|()| issuer.token("ada").claim("exp", 1_767_225_600 + 86_400).mint());
    let jti = |token: &str| {
        let payload = countersign_jose::base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&payload).unwrap()["jti"].clone()
    };
    let ended = |token: &str| json!({"revocations": [{"jti": jti(token), "effect": "ended"}]}).to_string();
    fs::write(&keys, issuer.jwks()).unwrap();
    fs::write(&revoked, ended(&gone)).unwrap();
    issuer.go_down();

    let settings = Verifier::discover(issuer.url()).audience(issuer.audience()).env(issuer.env().clone());
    let verifier = settings.keys_file(&keys).revocations_file(&revoked).build().await.unwrap();

    assert_eq!((code(&verifier, &token).await, code(&verifier, &gone).await), ("ok", "TOKEN_REVOKED"));
    assert!(verifier.status().is_ready());
    issuer.rotate();
    fs::write(&keys, issuer.jwks()).unwrap();
    fs::write(&revoked, ended(&second)).unwrap();
    let fresh = issuer.token("ada").mint();
    issuer.clock().advance(Lifetime::from_seconds(31));
    assert_eq!(code(&verifier, &fresh).await, "ok", "an unknown key is looked for in the file");
    until("the new revocation is known", || verifier.status().feed.unwrap().held == 2).await;
    assert_eq!((code(&verifier, &second).await, code(&verifier, &gone).await), ("TOKEN_REVOKED", "TOKEN_REVOKED"));

    fs::remove_file(&keys).unwrap();
    fs::write(&revoked, "half a fi").unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!((code(&verifier, &token).await, code(&verifier, &gone).await), ("ok", "TOKEN_REVOKED"));
}

#[tokio::test]
async fn a_file_that_holds_something_else_is_a_mistake_at_the_start() {
    let issuer = TestIssuer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.json");
    fs::write(&file, "{}").unwrap();
    let settings = || Verifier::discover(issuer.url()).audience("orders");

    let error = settings().keys_file(&file).build().await.unwrap_err().to_string();
    assert!(error.ends_with("is not what it should be: key set refused: no list of keys"), "{error}");
    let keys = folder.path().join("jwks.json");
    fs::write(&keys, issuer.jwks()).unwrap();
    let error = settings().keys_file(&keys).revocations_file(&file).build().await.unwrap_err().to_string();
    assert!(error.ends_with("is not what it should be: no list of revocations"), "{error}");
}
