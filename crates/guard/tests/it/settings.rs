//! What cannot be meant is an error at the start, and never at a request.

use std::time::Duration;

use countersign_guard::testing::TestIssuer;
use countersign_guard::{Builder, Feed, Verifier};

async fn error(settings: Builder) -> String {
    settings.build().await.map(|_| "built".to_owned()).unwrap_or_else(|error| error.to_string())
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_named() {
    let issuer = TestIssuer::start();
    let at = |url: &str| Verifier::discover(url).audience("orders").served_by(issuer.router());
    let good = || issuer.settings_without_feed();
    let secs = Duration::from_secs;
    let missing = std::env::temp_dir().join("countersign-guard-that-is-not-there");
    let table = [
        (at("http://auth.example.com"), "the issuer is not an address that can be trusted: plain http"),
        (at("https://auth.test/"), "the issuer is not an address that can be trusted: it is the server's public URL"),
        (at("auth.example.com"), "the issuer is not an address"),
        (at(""), "the issuer is not an address"),
        (Verifier::discover("https://auth.test").audience(""), "audience: it is empty"),
        (good().keys_url("http://keys.example.com"), "keys_url is not an address"),
        (good().leeway(secs(31)), "leeway: it is 30 s at most"),
        (good().cool_down(secs(9)), "cool_down: it is 10 s at least"),
        (good().timeout(secs(0)), "timeout:"),
        (good().root_certificates("no certificate"), "built"),
        (good().feed(Feed::key("")), "the feed's key: it is not a machine key"),
        (good().feed(Feed::key("two words")), "the feed's key:"),
        (good().feed(Feed::key("a\nb")), "the feed's key:"),
        (good().feed(Feed::key_file(&missing)), "could not read"),
        (good().feed(Feed::key("k").url("http://mirror.example.com")), "the feed's url is not an address"),
        (good().feed(Feed::key("k").keys_url("http://a.example.com")), "the feed's keys_url is not an address"),
        (good().feed(Feed::key("k").max_staleness(secs(1))), "max_staleness: it is 2 s at least"),
        (good().keys_file(&missing), "could not read"),
        (good().revocations_file(&missing), "could not read"),
        (good(), "built"),
    ];
    for (settings, wanted) in table {
        let error = error(settings).await;
        assert!(error.starts_with(wanted), "{error}: {wanted}");
    }
    let network = Verifier::discover("https://auth.test").audience("orders").root_certificates("no certificate");
    assert_eq!(error(network).await, "a root certificate cannot be read");
}

#[tokio::test]
async fn no_key_is_in_what_is_printed() {
    let feed = Feed::key("countersign_machine_secret");
    assert!(!format!("{feed:?}").contains("secret"));
}
