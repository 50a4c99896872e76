//! What a start refuses, and what it says then.

use std::path::Path;

use countersign::{Auth, AuthExt as _, Builder, Error, HasherConfig, Lifetime, Params, Secret};
use insta::assert_snapshot;
use tempfile::tempdir;

fn lawful(place: &Path) -> Builder {
    Auth::builder().public_url("https://auth.example.com").data_dir(place.join("data")).without_janitor()
}

async fn refusal(builder: Builder) -> Error {
    builder.build().await.expect_err("such settings are refused")
}

#[tokio::test]
async fn nothing_starts_with_an_unsafe_or_missing_setting() {
    let place = tempdir().unwrap();
    let lawful = || lawful(place.path());
    let weak = Params { memory_kib: 8, iterations: 1, parallelism: 1 };
    let key = || Secret::new("c2FibGUtb3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci0".to_owned());
    let url = |url: &str| lawful().public_url(url);

    let texts = [
        refusal(Auth::builder().data_dir(place.path().join("data"))).await,
        refusal(Auth::builder().public_url("https://auth.example.com")).await,
        refusal(Auth::builder().public_url("https://auth.example.com").database("sqlite://app.db")).await,
        refusal(url("http://auth.example.com")).await,
        refusal(url("https://auth.example.com/sso")).await,
        refusal(lawful().database("mysql://db/auth")).await,
        refusal(lawful().database("postgres://ada:canary@db/auth?sslmod=require").master_key(key())).await,
        refusal(lawful().master_key(Secret::new("secret".to_owned()))).await,
        refusal(lawful().allowed_origins(["https://app.example.org"])).await,
        refusal(lawful().allowed_origins(["*"])).await,
        refusal(lawful().hashing(HasherConfig { params: weak, ..HasherConfig::default() })).await,
        refusal(lawful().access_lifetime(Lifetime::from_seconds(0))).await,
    ]
    .map(|error| error.to_string())
    .join("\n");

    assert_snapshot!(texts, @r#"
    the public URL is missing: call public_url with the address that browsers use, for example https://app.example.com
    the database is missing: call data_dir with a directory, or database with sqlite://PATH or postgres://…
    the master key is missing: call data_dir, or master_key with a key of your own
    the public URL "http://auth.example.com" cannot be used: plain http sends passwords and cookies readably; use https (http is for localhost only)
    the public URL "https://auth.example.com/sso" cannot be used: expected an origin alone, without path, query, fragment or user, like https://auth.example.com
    the database must be named as sqlite://PATH or postgres://user:password@host:port/database
    the address of the database is not valid: it has an option that is not known; known are sslmode, sslrootcert, sslcert, sslkey, application_name, options and those of the address itself; in user and password, encode ? as %3F, # as %23, / as %2F and @ as %40
    the master key must be 256 bits: 43 characters of base64url, or a file of 32 bytes; `countersign keys generate-master` makes one
    "https://app.example.org" cannot be an allowed origin: it is not same-site with the public URL
    "*" cannot be an allowed origin: it is not an origin as browsers send it
    passwords: hashes must cost at least 19 MiB of memory and two passes
    unusable session policy: access tokens must live 1 second to 24 hours
    "#);
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let place = tempdir().unwrap();
    let system = lawful(place.path()).build_system().await.unwrap();
    system.shut_down().await;

    let other = Secret::new("c2FibGUtb3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci0".to_owned());
    let refused = refusal(lawful(place.path()).master_key(other)).await;

    assert_snapshot!(refused, @"root refresh was sealed under another master key: this is not the key that belongs to this database; restore the right one, which all of its nodes have in common; nothing has been changed");
}

#[tokio::test]
async fn a_lost_master_key_is_not_replaced() {
    let place = tempdir().unwrap();
    let system = lawful(place.path()).build_system().await.unwrap();
    system.shut_down().await;
    std::fs::remove_file(place.path().join("data/master.key")).unwrap();

    let refused = refusal(lawful(place.path())).await;

    assert!(matches!(refused, Error::MasterKeyMissing { .. }), "{refused}");
    assert!(!place.path().join("data/master.key").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_start_makes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempdir().unwrap();

    let system = lawful(place.path()).build_system().await.unwrap();

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = place.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    system.shut_down().await;
}
