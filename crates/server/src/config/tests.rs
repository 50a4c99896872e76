use std::path::Path;

use super::limits::Allowance;
use super::mail::Taker;
use super::value::{Bounds, Raw, Value};
use super::*;

fn variables(pairs: &[(&str, &str)]) -> Sources {
    Sources {
        variables: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        directory: "/nonexistent".into(),
        ..Sources::default()
    }
}

fn with_file(directory: &Path, text: &str) -> Sources {
    std::fs::write(directory.join(DEFAULT_FILE), text).unwrap();
    Sources { directory: directory.to_owned(), ..Sources::default() }
}

/// Writes a secret as its owner should: nobody else can read it.
fn keep_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn refusal(sources: &Sources, purpose: Use) -> String {
    Config::load(sources, purpose).expect_err("refused").to_string()
}

fn shown(config: &Config, key: &str) -> (String, String) {
    let shown = config.shown.iter().find(|s| s.definition.key == key).unwrap();
    (shown.value.clone().unwrap_or_default(), shown.origin.to_string())
}

/// The table of API.md, "Starting it": these names and defaults never change.
#[test]
fn the_fixed_names_have_their_fixed_defaults() {
    let table = [
        ("LISTEN", Some("127.0.0.1:8420")),
        ("PUBLIC_URL", None),
        ("DATA_DIR", Some("./countersign-data")),
        ("DATABASE", None),
        ("VALKEY", None),
        ("ADMIN__LISTEN", None),
        ("LOG__FORMAT", Some("auto")),
        ("TOKENS__ACCESS_SECONDS", Some("900")),
        ("TOKENS__ALGORITHM", Some("EdDSA")),
        ("TOKENS__AUDIENCE", None),
        ("REFRESH__WINDOW_SECONDS", Some("30")),
        ("REFRESH__IDLE_SECONDS", Some("604800")),
        ("REFRESH__ABSOLUTE_SECONDS", Some("2592000")),
        ("REFRESH__UNDELIVERED", Some("tolerate")),
        ("LIMITS__ENABLED", Some("true")),
        ("MAIL__SMTP_URL", None),
        ("MAIL__DIRECTORY", None),
        ("MAIL__FROM", None),
        ("TRUSTED_PROXIES", Some("")),
        ("CORS__ALLOWED_ORIGINS", Some("")),
        ("MASTER_KEY", None),
        ("STEP_UP__MAX_AGE_SECONDS", Some("600")),
        ("TOKENS__EMAIL_CLAIM", Some("true")),
        ("TLS__CERTIFICATE", None),
        ("TLS__KEY", None),
        ("REGISTRATION__REQUIRE_VERIFIED_EMAIL", Some("false")),
    ];
    for (name, default) in table {
        let definition = definitions().find(|d| d.name() == name).unwrap_or_else(|| panic!("{name} exists"));
        assert_eq!(definition.default, default, "{name}");
    }
}

#[test]
fn the_defaults_are_acceptable_values() {
    let config = Config::load(&variables(&[]), Use::Dev).unwrap();
    assert_eq!(config.general.listen.to_string(), "127.0.0.1:8420");
    assert!(config.limits.enabled);
    assert_eq!(config.limits.sign_in_address_account.show(), "5/15m");
    for shown in &config.shown {
        assert_eq!(shown.origin, Origin::Default);
    }
}

#[test]
fn every_key_and_variable_is_its_own() {
    let mut keys: Vec<_> = definitions().map(|d| d.key).collect();
    keys.sort_unstable();
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_later_layer_wins_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut sources = with_file(
        directory.path(),
        "public_url = \"https://a.example.com\"\n[tokens]\naccess_seconds = 60\nalgorithm = \"ES256\"\n",
    );
    sources.variables = vec![("COUNTERSIGN_TOKENS__ACCESS_SECONDS".into(), "120".into())];
    sources.flags = vec![("--log-format".into(), "log.format".into(), "json".into())];

    let config = Config::load(&sources, Use::Serve).unwrap();

    let file = directory.path().join(DEFAULT_FILE);
    assert_eq!(shown(&config, "tokens.algorithm"), ("ES256".into(), format!("{} line 4", file.display())));
    assert_eq!(shown(&config, "tokens.access_seconds"), ("120".into(), "COUNTERSIGN_TOKENS__ACCESS_SECONDS".into()));
    assert_eq!(shown(&config, "log.format"), ("json".into(), "--log-format".into()));
    assert_eq!(shown(&config, "refresh.window_seconds"), ("30".into(), "default".into()));
    assert_eq!(config.tokens.access.as_seconds(), 120);
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_known_one() {
    for (name, near) in [
        ("COUNTERSIGN_TOKENS__ACCES_SECONDS", "COUNTERSIGN_TOKENS__ACCESS_SECONDS"),
        ("COUNTERSIGN_PUBLICURL", "COUNTERSIGN_PUBLIC_URL"),
        ("COUNTERSIGN_tokens__access_seconds", "COUNTERSIGN_TOKENS__ACCESS_SECONDS"),
        ("COUNTERSIGN_LISTEN_FILE", "COUNTERSIGN_LISTEN"),
    ] {
        let text = refusal(&variables(&[(name, "1")]), Use::Dev);
        assert!(text.contains(&format!("unknown setting {name}")), "{text}");
        assert!(text.contains(&format!("did you mean {near}?")), "{text}");
    }
    let directory = tempfile::tempdir().unwrap();
    let text = refusal(&with_file(directory.path(), "[refresh]\nwindow = 3\n"), Use::Dev);
    assert!(text.contains("unknown setting refresh.window"), "{text}");
    assert!(text.contains("line 2") && text.contains("did you mean refresh.window_seconds?"), "{text}");
}

#[test]
fn a_wrong_value_is_refused_with_name_origin_and_what_was_expected() {
    for (name, value, expected) in [
        ("COUNTERSIGN_TOKENS__ACCESS_SECONDS", "soon", "expected whole seconds from 1 to 86400, found \"soon\""),
        ("COUNTERSIGN_TOKENS__ACCESS_SECONDS", "90000", "expected whole seconds from 1 to 86400, found \"90000\""),
        ("COUNTERSIGN_TOKENS__ACCESS_SECONDS", "", "found \"\""),
        ("COUNTERSIGN_TOKENS__ALGORITHM", "none", "expected one of EdDSA, ES256, RS256, PS256, HS256"),
        ("COUNTERSIGN_TOKENS__ALGORITHM", "eddsa", "expected one of EdDSA"),
        ("COUNTERSIGN_LISTEN", "8420", "expected an IP address and a port"),
        ("COUNTERSIGN_LIMITS__ENABLED", "yes", "expected true or false"),
        ("COUNTERSIGN_LIMITS__SIGN_IN_ADDRESS", "5", "like 5/15m"),
        ("COUNTERSIGN_TRUSTED_PROXIES", "10.0.0.0/40", "expected a list of networks"),
        ("COUNTERSIGN_PASSWORDS__MEMORY_KIB", "1024", "from 19456"),
        ("COUNTERSIGN_DATABASE", "mysql://x", "expected sqlite://PATH"),
    ] {
        let text = refusal(&variables(&[(name, value)]), Use::Dev);
        assert!(text.contains(expected), "{text}");
        assert!(text.contains(name), "{text}");
    }
    let directory = tempfile::tempdir().unwrap();
    let text = refusal(&with_file(directory.path(), "[tokens]\naccess_seconds = \"900\"\n"), Use::Dev);
    assert!(text.contains("TOKENS__ACCESS_SECONDS") && text.contains("line 2"), "{text}");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let text = refusal(&variables(&[("COUNTERSIGN_LISTEN", "x"), ("COUNTERSIGN_LISTENS", "x")]), Use::Dev);
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn broken_toml_is_refused_with_its_line_and_without_its_text() {
    let directory = tempfile::tempdir().unwrap();
    let text = refusal(&with_file(directory.path(), "listen = \"127.0.0.1:1\"\nmaster_key = canary\n"), Use::Dev);
    assert!(text.contains("line 2"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn the_address_of_valkey_is_understood_and_its_password_never_shown() {
    let valkey = |url: &str| variables(&[("COUNTERSIGN_VALKEY", url)]);
    assert!(Config::load(&variables(&[]), Use::Dev).unwrap().general.valkey.is_none());
    for (url, is_warned_of) in [
        ("redis://:canary@127.0.0.1:6379/1", false),
        ("rediss://ada:canary@cache.internal", false),
        ("valkey://ada:canary@cache.internal", true),
    ] {
        let config = Config::load(&valkey(url), Use::Dev).unwrap();
        assert_eq!(config.warnings.iter().any(|warning| warning.contains("VALKEY")), is_warned_of, "{url}");
        assert!(!format!("{config:?}").contains("canary"));
        assert!(!shown(&config, "valkey").0.contains("canary"));
    }
    for url in ["canary", "http://ada:canary@host", "redis://ada:canary@host?db=1", "rediss://:canary@host#insecure"] {
        let text = refusal(&valkey(url), Use::Dev);
        assert!(text.contains("VALKEY") && text.contains("rediss://") && !text.contains("canary"), "{text}");
    }
}

#[test]
fn the_address_of_a_database_is_understood_and_its_password_never_shown() {
    let database = |url: &str| variables(&[("COUNTERSIGN_DATABASE", url)]);
    let config = Config::load(&database("postgres://ada:canary@db:6432/auth?sslmode=verify-full"), Use::Dev).unwrap();
    assert_eq!(config.general.database_shown(), "postgres://db:6432/auth");
    assert_eq!(config.general.database_file(), None);
    assert_eq!(config.warnings, Vec::<String>::new());
    assert!(!format!("{config:?}").contains("canary"));

    let config = Config::load(&database("postgres://ada:canary@db/auth"), Use::Dev).unwrap();
    assert!(config.warnings.iter().any(|warning| warning.contains("sslmode=verify-full")), "{:?}", config.warnings);
    assert!(!format!("{config:?}").contains("canary"));

    for url in
        ["postgres://ada:canary@db/auth?sslmod=verify-full", "postgres://ada:can?ary@db/auth", "mysql://ada:canary@db"]
    {
        let text = refusal(&database(url), Use::Dev);
        assert!(text.contains("DATABASE") && text.contains("%3F") && !text.contains("canary"), "{text}");
    }
}

#[test]
fn mail_goes_one_way_and_has_a_sender() {
    let smtp = ("COUNTERSIGN_MAIL__SMTP_URL", "smtp://user:canary@host");
    let (directory, from) = (("COUNTERSIGN_MAIL__DIRECTORY", "mail"), ("COUNTERSIGN_MAIL__FROM", "auth@example.com"));
    assert!(Config::load(&variables(&[]), Use::Dev).unwrap().mail.taker.is_none());
    assert!(matches!(Config::load(&variables(&[directory]), Use::Dev).unwrap().mail.taker, Some(Taker::Directory(_))));
    let config = Config::load(&variables(&[smtp, from]), Use::Dev).unwrap();
    assert!(matches!(config.mail.taker, Some(Taker::Smtp { .. })));
    assert!(!format!("{config:?}").contains("canary"));
    for (pairs, told) in [(&[smtp, directory, from][..], "MAIL__DIRECTORY"), (&[smtp][..], "MAIL__FROM")] {
        let text = refusal(&variables(pairs), Use::Dev);
        assert!(text.contains(told) && !text.contains("canary"), "{text}");
    }
}

#[test]
fn certificate_and_key_come_together_and_not_to_dev() {
    let tls = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().chain(&[("COUNTERSIGN_PUBLIC_URL", "https://a.example")]).copied().collect();
        variables(&pairs)
    };
    let both = [("COUNTERSIGN_TLS__CERTIFICATE", "c.pem"), ("COUNTERSIGN_TLS__KEY", "k.pem")];
    assert!(refusal(&tls(&both[..1]), Use::Serve).contains("it needs TLS__KEY"));
    assert!(refusal(&tls(&both[1..]), Use::Serve).contains("it needs TLS__CERTIFICATE"));
    assert!(refusal(&tls(&both), Use::Dev).contains("countersign serve"));
    let config = Config::load(&tls(&both), Use::Serve).unwrap();
    assert_eq!(config.tls.map(|files| files.key), Some("k.pem".into()));
    assert_eq!(Config::load(&tls(&[]), Use::Serve).unwrap().tls, None);
}

#[test]
fn a_secret_comes_from_its_file_and_is_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    keep_secret(&file, "canary\n");
    let named = [("COUNTERSIGN_MASTER_KEY_FILE", file.to_str().unwrap())];

    let config = Config::load(&variables(&named), Use::Dev).unwrap();

    assert_eq!(config.general.master_key.as_ref().map(|k| k.expose().as_str()), Some("canary"));
    assert_eq!(shown(&config, "master_key"), ("(set, not shown)".into(), format!("file {}", file.display())));
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn a_file_with_a_secret_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    keep_secret(&file, "canary");
    for mode in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let text = refusal(&variables(&[("COUNTERSIGN_MASTER_KEY_FILE", file.to_str().unwrap())]), Use::Dev);
        assert!(text.contains("run: chmod 600") && !text.contains("canary"), "{mode:o}: {text}");
    }
    let settings = with_file(directory.path(), "master_key = \"canary\"\n");
    std::fs::set_permissions(directory.path().join(DEFAULT_FILE), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(&settings, Use::Dev).contains("run: chmod 600"));
}

#[test]
fn what_weakens_a_default_is_warned_of() {
    let config = |pairs: &[(&str, &str)]| Config::load(&variables(pairs), Use::Dev).unwrap();
    assert!(config(&[]).warnings.is_empty());
    for (name, value) in [("COUNTERSIGN_LIMITS__ENABLED", "false"), ("COUNTERSIGN_TOKENS__ALGORITHM", "HS256")] {
        let warnings = config(&[(name, value)]).warnings;
        assert!(warnings.len() == 1 && name.ends_with(warnings[0].split(' ').next().unwrap()), "{warnings:?}");
    }
}

#[test]
fn a_secret_and_its_twin_contradict_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    keep_secret(&file, "x");
    let both = [("COUNTERSIGN_MASTER_KEY", "y"), ("COUNTERSIGN_MASTER_KEY_FILE", file.to_str().unwrap())];
    assert!(refusal(&variables(&both), Use::Dev).contains("are both set"));
}

#[test]
fn a_file_twin_in_the_file_is_relative_to_it() {
    let directory = tempfile::tempdir().unwrap();
    keep_secret(&directory.path().join("key"), "canary");
    let config = Config::load(&with_file(directory.path(), "master_key_file = \"key\"\n"), Use::Dev).unwrap();
    assert!(config.general.master_key.is_some());
}

#[test]
fn credentials_of_systemd_are_taken_and_the_environment_wins_over_them() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("master_key"), "from systemd").unwrap();
    let credentials = ("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap());

    let config = Config::load(&variables(&[credentials]), Use::Dev).unwrap();
    assert_eq!(config.general.master_key.as_ref().map(|k| k.expose().as_str()), Some("from systemd"));

    let config = Config::load(&variables(&[credentials, ("COUNTERSIGN_MASTER_KEY", "nearer")]), Use::Dev).unwrap();
    assert_eq!(config.general.master_key.as_ref().map(|k| k.expose().as_str()), Some("nearer"));
}

#[test]
fn a_secret_is_not_taken_from_the_command_line() {
    let sources = Sources { flags: vec![("--set".into(), "master_key".into(), "canary".into())], ..variables(&[]) };
    let text = refusal(&sources, Use::Dev);
    assert!(text.contains("MASTER_KEY_FILE") && !text.contains("canary"), "{text}");
}

#[test]
fn serve_wants_a_public_url_and_dev_does_not() {
    let text = refusal(&variables(&[]), Use::Serve);
    assert!(text.contains("PUBLIC_URL is not set") && text.contains("countersign dev"), "{text}");
    assert!(Config::load(&variables(&[]), Use::Dev).unwrap().general.public_url.is_none());
    assert!(Config::load(&variables(&[]), Use::Command).is_ok());
}

#[test]
fn plain_http_is_refused_off_the_loopback_hosts() {
    let text = refusal(&variables(&[("COUNTERSIGN_PUBLIC_URL", "http://auth.example.com")]), Use::Serve);
    assert!(text.contains("PUBLIC_URL") && text.contains("use https"), "{text}");
    assert!(Config::load(&variables(&[("COUNTERSIGN_PUBLIC_URL", "http://localhost:1")]), Use::Serve).is_ok());
}

#[test]
fn dev_listens_on_loopback_alone() {
    for address in ["0.0.0.0:8420", "[::]:8420", "192.0.2.1:8420"] {
        let text = refusal(&variables(&[("COUNTERSIGN_LISTEN", address)]), Use::Dev);
        assert!(text.contains("LISTEN") && text.contains("this machine only"), "{text}");
    }
    for address in ["127.0.0.1:0", "[::1]:0", "127.0.0.2:8420"] {
        assert!(Config::load(&variables(&[("COUNTERSIGN_LISTEN", address)]), Use::Dev).is_ok(), "{address}");
    }
}

#[test]
fn a_named_file_must_exist() {
    let sources = Sources { file: Some("missing.toml".into()), ..variables(&[]) };
    assert!(refusal(&sources, Use::Dev).contains("could not read"));
}

#[test]
fn allowances_read_back_from_what_they_show() {
    for (text, limit, seconds) in [("5/15m", 5, 900), ("30/1h", 30, 3_600), ("7/90s", 7, 90), ("1/24h", 1, 86_400)] {
        let read = Allowance::read(&Raw::Plain(text.into()), &Bounds::NONE).unwrap();
        assert_eq!((read.limit, read.window.as_seconds()), (limit, seconds), "{text}");
        assert_eq!(read.show(), text);
    }
    for text in ["0/1m", "5/", "5/m", "/1m", "5/1d", "5/25h", "5/-1m", "5/1é", "5/é"] {
        assert!(Allowance::read(&Raw::Plain(text.into()), &Bounds::NONE).is_none(), "{text}");
    }
}

#[test]
fn the_reference_page_is_the_one_in_the_repository() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == reference::markdown(), "stale: run `cargo run -- config reference > docs/reference/settings.md`");
}
