//! What is configured: shown with its origin, refused by name.

use countersign_testkit::{AddressTable, json};

use crate::support::{run, server};

#[test]
fn serve_without_a_public_url_says_what_to_do() {
    let ran = run(&["serve"]).expect(2);
    assert!(ran.err.contains("PUBLIC_URL is not set"), "{}", ran.err);
    assert!(ran.err.contains("COUNTERSIGN_PUBLIC_URL") && ran.err.contains("countersign dev"), "{}", ran.err);
}

#[test]
fn an_address_that_nobody_can_connect_to_is_refused_by_name_and_not_repeated() {
    for command in ["serve", "dev"] {
        let ran = server().setting("VALKEY", "redis://user:canary@cache?tls").run(&[command], "").expect(2);
        assert!(ran.err.contains("VALKEY") && ran.err.contains("rediss://"), "{command}: {}", ran.err);
        assert!(!ran.err.contains("canary") && !ran.out.contains("canary"), "{command} shows the secret");
    }
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    for (name, nearest) in [
        ("TOKENS__ACESS_SECONDS", "COUNTERSIGN_TOKENS__ACCESS_SECONDS"),
        ("PUBLIC_URI", "COUNTERSIGN_PUBLIC_URL"),
        ("REFRESH_WINDOW_SECONDS", "COUNTERSIGN_REFRESH__WINDOW_SECONDS"),
    ] {
        let ran = server().setting(name, "1").run(&["serve"], "").expect(2);
        assert!(ran.err.contains(&format!("did you mean {nearest}?")), "{}", ran.err);
    }
    let ran = run(&["config", "show", "--set", "limits.enable=false"]).expect(2);
    assert!(ran.err.contains("did you mean limits.enabled?"), "{}", ran.err);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let ran = server()
        .mode("dev")
        .setting("VALKEY", "memcached://x")
        .setting("TOKENS__ACCESS_SECONDS", "soon")
        .setting("LISTNE", "127.0.0.1:1")
        .run(&["serve"], "")
        .expect(2);
    for named in ["VALKEY", "TOKENS__ACCESS_SECONDS", "LISTNE", "PUBLIC_URL"] {
        assert!(ran.err.contains(named), "{named}: {}", ran.err);
    }
}

#[test]
fn show_names_the_origin_of_each_value_and_hides_secrets() {
    let mut server = server().setting("TOKENS__ACCESS_SECONDS", "60").setting("MASTER_KEY", &"A".repeat(43));
    let shown = server.run(&["config", "show", "--json", "--set", "log.level=debug"], "").expect(0);
    let json = shown.json();
    let setting = |key: &str| {
        let all = json["settings"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|s| s["key"] == key).unwrap_or_default()
    };
    assert_eq!(setting("tokens.access_seconds")["value"], "60");
    assert_eq!(setting("tokens.access_seconds")["origin"], "COUNTERSIGN_TOKENS__ACCESS_SECONDS");
    assert_eq!(setting("log.level")["origin"], "--set");
    assert_eq!(
        setting("refresh.window_seconds"),
        json!({"key": "refresh.window_seconds", "value": "30", "origin": "default"})
    );
    assert!(!shown.out.contains("AAAA"), "{}", shown.out);
}

#[test]
fn a_file_is_read_and_the_environment_wins() {
    let mut server = server().setting("STEP_UP__MAX_AGE_SECONDS", "120");
    let _ = server.run(&["config", "check"], "").expect(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[step_up]\nmax_age_seconds = 60\n[refresh]\nwindow_seconds = 20\n").unwrap();
    let shown = server.run(&["config", "show", "--json", "--config", file.to_str().unwrap()], "").expect(0);
    assert!(
        shown.out.contains(
            r#""key":"step_up.max_age_seconds","origin":"COUNTERSIGN_STEP_UP__MAX_AGE_SECONDS","value":"120""#
        )
    );
    assert!(shown.out.contains(&format!(r#""origin":"{} line 4","value":"20""#, file.display())), "{}", shown.out);
}

#[test]
fn check_says_whether_serve_would_start() {
    let ran = server().run(&["config", "check", "--json"], "").expect(0);
    assert_eq!(ran.json()["ok"], true);
    let ran = server().setting("TOKENS__ALGORITHM", "none").run(&["config", "check"], "").expect(2);
    assert!(ran.err.contains("EdDSA"), "{}", ran.err);
}

#[tokio::test]
async fn limits_that_are_off_are_logged_loudly() {
    let server = server().setting("LIMITS__ENABLED", "false").start().await;
    let line =
        server.log().lines().find(|line| line.contains("LIMITS__ENABLED")).map(str::to_owned).unwrap_or_default();
    assert!(line.contains("WARN") && line.contains("EVERY LIMIT IS OFF"), "{}", server.log());
}

#[test]
fn a_check_tells_all_that_is_wrong_at_once_also_what_does_not_fit_together() {
    let mut wrong = server()
        .setting("CORS__ALLOWED_ORIGINS", "https://app.example.org")
        .setting("MASTER_KEY", &"A".repeat(43))
        .public_url("https://auth.example.com");

    let ran = wrong.run(&["config", "check", "--json"], "").expect(2);

    let problems = ran.json()["problems"].as_array().cloned().unwrap_or_default();
    assert_eq!((problems.len(), ran.json()["ok"].clone()), (2, json!(false)), "{}", ran.out);
    assert!(ran.err.contains("same-site") && ran.err.contains("not random"), "{}", ran.err);
    assert!(!ran.err.contains("AAAA"), "{}", ran.err);
    let ran = run(&["config", "check", "--json", "--set", "tokens.access_seconds=soon"]).expect(2);
    let problems = ran.json()["problems"].as_array().cloned().unwrap_or_default();
    assert_eq!(problems.len(), 2, "PUBLIC_URL and the seconds: {}", ran.out);
}

#[test]
fn show_can_be_narrowed_to_where_values_came_from() {
    let mut server = server().setting("STEP_UP__MAX_AGE_SECONDS", "120");
    let mut keys = |origin: &str| {
        let ran = server.run(&["config", "show", "--json", "--set", "log.level=debug", "--origin", origin], "");
        let json = ran.expect(0).json();
        let settings = json["settings"].as_array().cloned().unwrap_or_default();
        settings.iter().filter_map(|s| s["key"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };

    assert_eq!(keys("flag"), ["log.level"]);
    assert!(keys("environment").contains(&"step_up.max_age_seconds".to_owned()));
    assert!(keys("file").is_empty());
    assert!(!keys("default").contains(&"log.level".to_owned()));
}

#[test]
fn the_schema_is_one_json_document() {
    let schema = run(&["config", "schema"]).expect(0).json();
    assert_eq!(schema["properties"]["public_url"]["type"], "string", "{schema}");
    assert_eq!(schema["additionalProperties"], false);
}

/// A file of addresses that is missing or damaged, by the setting of either kind.
#[tokio::test]
async fn a_table_of_addresses_is_read_at_start_or_refused_by_name() {
    let table = AddressTable::of(&[("127.0.0.0/8", "DE", 64_500, "Example Net")]);
    let path = table.path();
    let good = path.to_str().unwrap();
    let running = server().setting("GEO__COUNTRY_FILE", good).setting("GEO__ASN_FILE", good).start().await;
    let ada = running.stranger("ada");
    let _ = ada.register().await.expect(201);
    let session = ada.get("/api/user/sessions").await.json()["sessions"][0].clone();
    assert_eq!((&session["country"], &session["network"]), (&json!("DE"), &json!("Example Net")));

    table.damage();
    for setting in ["GEO__COUNTRY_FILE", "GEO__ASN_FILE"] {
        let ran = server().mode("dev").setting(setting, good).run(&["dev"], "").expect(2);
        assert!(ran.err.contains(good) && ran.err.contains("no sound MaxMind-format file"), "{}", ran.err);
        let ran = server().mode("dev").setting(setting, "/nowhere/a.mmdb").run(&["dev"], "").expect(2);
        assert!(ran.err.contains("could not read /nowhere/a.mmdb"), "{}", ran.err);
        let ran = server().setting(setting, good).run(&["config", "check"], "").expect(2);
        assert!(ran.err.contains("no sound MaxMind-format file"), "{}", ran.err);
    }
}

#[test]
fn words_and_numbers_of_session_binding_are_checked() {
    for (setting, wrong, expected) in [
        ("SESSION__BIND_USER_AGENT", "kill", "ignore, audit, step_up, end"),
        ("SESSION__BIND_NETWORK", "stepup", "ignore, audit, step_up, end"),
        ("SESSION__MAX_PER_USER", "0", "1 to 10000"),
        ("LIMITS__SIGN_IN_NETWORK", "many", "5/15m"),
    ] {
        let ran = server().setting(setting, wrong).run(&["config", "check"], "").expect(2);
        assert!(ran.err.contains(setting) && ran.err.contains(expected), "{setting}: {}", ran.err);
    }
    let warned = server().setting("SESSION__BIND_NETWORK", "end").run(&["config", "check"], "").expect(0);
    let said = format!("{}{}", warned.out, warned.err);
    assert!(said.contains("SESSION__BIND_NETWORK") && said.contains("GEO__ASN_FILE"), "{said}");
}
