//! `countersign import users`, beside a running server. How one entry of each system is read is tested beside its reader, what becomes
//! of accounts in `countersign-account`.

use std::fs;

use countersign_testkit::{Process, Value, json};
use rusqlite::Connection;

use crate::support::server;

/// What Firebase's documentation shows.
const SIGNER_KEY: &str = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u";
const KUZM: &str = "kuzm tevx";

/// Names and passwords.
type People = &'static [(&'static str, &'static str)];
/// A file's name, what is in it, options, and who is in it.
type Export = (&'static str, &'static str, &'static [&'static str], People);

/// Files as other systems export them.
const EXPORTS: &[Export] = &[
    (
        "plain.jsonl",
        r#"{"email":"bcrypt-a@example.com","password_hash":"$2a$04$abcdefghijklmnopqrstuuSN5YgeZE1/BqEveoZFje06SHteHyBH6"}
{"email":"bcrypt-b@example.com","password_hash":"$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"}
{"email":"bcrypt-x@example.com","password_hash":"$2x$04$abcdefghijklmnopqrstuu9L4iCfqwz8WmsCEK3JOlze1EFLJD9TS"}
{"email":"bcrypt-y@example.com","password_hash":"$2y$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u"}
{"email":"scrypt@example.com","password_hash":"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"}
{"email":"passlib@example.com","password_hash":"$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$VutafhGFbNQctM2Bu3zCXiWW9cypAKI8gp9EHU.vxmc"}
{"email":"argon2i@example.com","password_hash":"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"}
{"email":"sha256-crypt@example.com","password_hash":"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"}
{"email":"sha512-crypt@example.com","password_hash":"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"}
"#,
        &[],
        &[
            ("bcrypt-a", "\u{10d}erstv\u{fd} chl\u{e9}b"),
            ("bcrypt-b", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("bcrypt-x", "\u{10d}erstv\u{fd} chl\u{e9}b"),
            ("bcrypt-y", KUZM),
            ("scrypt", "pleaseletmein"),
            ("passlib", KUZM),
            ("argon2i", "password"),
            ("sha256-crypt", "Hello world!"),
            ("sha512-crypt", "Hello world!"),
        ],
    ),
    (
        "django.csv",
        "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n\
         1,pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=,,f,one,,,django-pbkdf2@example.com,f,t,2024-01-01\n\
         2,scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==,,f,two,,,django-scrypt@example.com,f,t,2024-01-01\n\
         3,bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuulyx/yrfLnuLCi6gwFG5mrkJjuQKpL6S,,f,three,,,django-bcrypt@example.com,f,t,2024-01-01\n",
        &[],
        &[("django-pbkdf2", "l\u{e8}tmein"), ("django-scrypt", "l\u{e8}tmein"), ("django-bcrypt", "l\u{e8}tmein")],
    ),
    (
        "aspnet.csv",
        "Id;UserName;Email;EmailConfirmed;PasswordHash\r\n\
         1;one;identity-2@example.com;1;AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==\r\n\
         2;two;identity-3@example.com;0;AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==\r\n",
        &[],
        &[("identity-2", "my password"), ("identity-3", "my password")],
    ),
    (
        "realm.json",
        r#"{
  "realm": "demo", "enabled": true, "clients": [{"clientId": "x", "secret": "y"}],
  "users": [ {
    "id": "1", "createdTimestamp": 1, "username": "keycloak", "email": "keycloak@example.com", "enabled": true,
    "credentials": [ { "type": "password",
      "secretData": "{\"value\":\"99TnGo4vnTbvaXdvkoknJT6PxiZmkfAEcxUXRFB2YVkpUgqSDSCFc/GMHH8RwVQMEkiINSmIxhM6HKqVHGBWPg==\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"additionalParameters\":{}}",
      "credentialData": "{\"hashIterations\":1000,\"algorithm\":\"pbkdf2-sha512\",\"additionalParameters\":{}}" } ]
  } ],
  "groups": []
}"#,
        &[],
        &[("keycloak", KUZM)],
    ),
    (
        "firebase.json",
        r#"{"users":[{"localId":"x","email":"firebase@example.com","emailVerified":true,"passwordHash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw=="}]}"#,
        &["--firebase-signer-key-file", "signer.key"],
        &[("firebase", "user1password")],
    ),
    (
        "firebase.csv",
        "y,firebase-table@example.com,true,lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==,42xEC+ixf3L2lw==,Ada,,,\n",
        &["--format", "firebase", "--firebase-signer-key-file", "signer.key"],
        &[("firebase-table", "user1password")],
    ),
    (
        "devise.csv",
        "id,email,encrypted_password,sign_in_count,confirmed_at\n\
         1,devise@example.com,$2a$04$abcdefghijklmnopqrstuu1SzQ.3msHgUpswK0c8E40K/CN36K916,3,2024-01-01 00:00:00\n",
        &["--devise-pepper-file", "pepper.txt"],
        &[("devise", KUZM)],
    ),
    (
        "supabase.csv",
        "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,raw_user_meta_data,banned_until\n\
         0,1,authenticated,authenticated,supabase@example.com,$2a$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u,2024-01-01,\"{\"\"full_name\"\": \"\"Ada, L.\"\"}\",\n",
        &["--keep-verified"],
        &[("supabase", KUZM)],
    ),
    (
        "auth0.json",
        r#"[{"user_id":"auth0|1","email":"auth0@example.com","email_verified":true,"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u"}}}]"#,
        &["--keep-verified"],
        &[("auth0", KUZM)],
    ),
];

fn put(server: &Process, name: &str, text: &str) {
    fs::write(server.folder().join(name), text).unwrap();
}

fn import(server: &Process, name: &str, options: &[&str]) -> Value {
    let arguments = [&["import", "users", name, "--json"], options].concat();
    let ran = server.run(&arguments).expect(0);
    for hash in [BCRYPT, "abcdefghijklmnop", "cCO9yzr9c0hGHA", "lSrfV15cpx95"] {
        assert!(!ran.out.contains(hash) && !ran.err.contains(hash), "{}{}", ran.out, ran.err);
    }
    ran.json()
}

fn stored(server: &Process) -> Vec<String> {
    let database = Connection::open(server.folder().join("countersign-data/countersign.db")).unwrap();
    let mut statement = database.prepare("SELECT phc FROM passwords").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn every_export_is_recognised_and_every_hash_lets_its_owner_in_once_and_is_ours_then() {
    let server = server().setting("LIMITS__SIGN_IN_ADDRESS", "100/15m").start().await;
    put(&server, "signer.key", SIGNER_KEY);
    put(&server, "pepper.txt", "a pepper of old\n");
    for (name, text, options, people) in EXPORTS {
        put(&server, name, text);
        let report = import(&server, name, options);
        let system = name.split('.').next().unwrap();
        let system = match system {
            "realm" => "keycloak",
            "aspnet" => "asp-net",
            other => other,
        };
        assert_eq!(report["format"], system, "{report}");
        assert_eq!((&report["imported"], &report["issues"]), (&json!(people.len()), &json!([])), "{name}: {report}");
        assert_eq!(report["withoutPassword"], 0, "{name}: {report}");
    }
    let people = || EXPORTS.iter().flat_map(|(_, _, _, people)| people.iter());
    assert!(stored(&server).iter().all(|hash| !hash.starts_with("$argon2id$")));

    for (name, password) in people() {
        let person = server.stranger(name);
        let wrong = format!("!{}", &password[..password.char_indices().last().unwrap().0]);
        assert_eq!(person.sign_in_with(&wrong).await.code(), "AUTH_FAILED", "{name}");
        assert_eq!(person.sign_in_with(password).await.status(), 200, "{name}");
    }

    let hashes = stored(&server);
    assert_eq!(hashes.len(), people().count());
    for hash in hashes {
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }
    for (name, password) in people() {
        assert_eq!(server.stranger(name).sign_in_with(password).await.status(), 200, "{name}, the second time");
    }
    let supabase = server.stranger("supabase");
    let reply = supabase.sign_in_with(KUZM).await.expect(200).json();
    assert_eq!((&reply["user"]["name"], &reply["user"]["emailVerified"]), (&json!("Ada, L."), &json!(true)));
    let other = server.stranger("devise").sign_in_with(KUZM).await.expect(200).json();
    assert_eq!(other["user"]["emailVerified"], false, "the file was not believed");
}

/// What did not fit, by line and reason; and a rehearsal says exactly the same.
#[tokio::test]
async fn what_did_not_fit_is_told_by_line_and_a_dry_run_tells_the_same() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let file = format!(
        r#"{{"email":"bob@example.com","name":"Bob","password_hash":"{BCRYPT}"}}
{{"email":"ada@example.com","password_hash":"{BCRYPT}"}}

{{"email":"BOB@example.com"}}
no json
["eve@example.com"]
{{"email":"not an address"}}
{{"email":"eve@example.com","password_hash":"$2b$31$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u"}}
{{"email":"carol@example.com","password_hash":"hunter2 in the clear","disabled":true}}
{{"email":"dan@example.com","name":"Dan","roles":["editor"]}}
"#
    );
    put(&server, "users.jsonl", &file);

    let mut rehearsed = import(&server, "users.jsonl", &["--dry-run", "--keep-roles"]);

    assert_eq!(server.run(&["user", "list", "--json"]).expect(0).json()["data"].as_array().unwrap().len(), 1);
    let told = import(&server, "users.jsonl", &["--keep-roles"]);
    assert_eq!((&rehearsed["dryRun"], &told["dryRun"]), (&json!(true), &json!(false)));
    rehearsed["dryRun"] = json!(false);
    assert_eq!(rehearsed, told);
    assert!(!told.to_string().contains("hunter2"), "{told}");
    let issues: Vec<_> = told["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (i["line"].as_u64().unwrap(), i["code"].as_str().unwrap(), i["imported"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        issues,
        [
            (2, "ADDRESS_TAKEN", false),
            (4, "ADDRESS_TWICE", false),
            (5, "ENTRY_INVALID", false),
            (6, "ENTRY_INVALID", false),
            (7, "ADDRESS_INVALID", false),
            (8, "HASH_OUT_OF_BOUNDS", true),
            (9, "HASH_UNKNOWN", true),
            (10, "ROLE_UNKNOWN", true),
        ]
    );
    let numbers =
        ["read", "imported", "skipped", "withoutPassword", "disabled"].map(|name| told[name].as_u64().unwrap());
    assert_eq!(numbers, [9, 4, 5, 3, 1]);
    assert_eq!(told["hashes"], json!({"bcrypt": 1}));
    assert_eq!(server.stranger("eve").sign_in_with(KUZM).await.code(), "AUTH_FAILED", "an account without a password");

    let ran = server.run(&["import", "users", "users.jsonl"]).expect(0);
    assert!(ran.out.starts_with("plain: 9 read, 0 imported"), "{}", ran.out);
    assert!(ran.out.contains("line") && ran.out.contains("ENTRY_INVALID"), "{}", ran.out);
}

#[tokio::test]
async fn the_shape_of_a_file_is_recognised_whatever_surrounds_it() {
    let server = server().start().await;
    for (number, (text, unit)) in [
        ("{\"email\":\"NAME\"}", "line"),
        ("\u{feff}{\"email\":\"NAME\"}\r\n\r\n", "line"),
        ("\n\n{\"email\":\"NAME\"}\n", "line"),
        ("[\n{\"email\":\"NAME\"}\n]", "entry"),
        ("{\"users\":[{\"email\":\"NAME\"}]}", "entry"),
        ("{\n\"version\":1,\n\"users\":\n[{\"email\":\"NAME\"}],\n\"more\":[{}]\n}", "entry"),
        ("email,name\nNAME,Ada", "line"),
        ("\u{feff}name;email;x\r\n\"Ada; L.\";NAME;\r\n", "line"),
        ("name\temail\nAda\tNAME\n", "line"),
        ("email\nNAME\n", "line"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = text.replace("NAME", &format!("user{number}@example.com"));
        // An address that is none, to see how entries are counted.
        let report = server.run_with(&["import", "users", "-", "--json"], &text).expect(0).json();
        assert_eq!((&report["imported"], &report["read"]), (&json!(1), &json!(1)), "{text}: {report}");
        let again = server.run_with(&["import", "users", "-", "--json", "--dry-run"], &text).expect(0).json();
        assert!(again["issues"][0][unit].is_u64(), "{text}: {again}");
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_leaves_what_came_before_and_says_where() {
    let server = server().start().await;
    let whole = r#"{"users":[{"email":"ada@example.com"},{"email":"bob@example.com"}]}"#;
    put(&server, "cut.json", &whole[..whole.len() - 12]);

    let ran = server.run(&["import", "users", "cut.json", "--json"]).expect(1);

    assert_eq!(ran.json()["imported"], 1, "{}", ran.out);
    assert!(ran.json()["broken"].is_string() && ran.err.contains("line 1 column"), "{}", ran.err);
    assert!(!ran.err.contains("bob"), "{}", ran.err);
    assert_eq!(server.run(&["user", "list", "--json"]).expect(0).json()["data"].as_array().unwrap().len(), 1);
    put(&server, "whole.json", whole);
    let report = import(&server, "whole.json", &[]);
    assert_eq!(
        (&report["imported"], &report["codes"]),
        (&json!(1), &json!({"ADDRESS_TAKEN": 1})),
        "the rest, once mended"
    );
}

#[tokio::test]
async fn an_entry_without_end_takes_no_memory_without_end() {
    let server = server().start().await;
    let long = "x".repeat(2 * 1024 * 1024);
    put(
        &server,
        "long.jsonl",
        &format!("{{\"email\":\"ada@example.com\"}}\n{{\"email\":\"{long}\"}}\n{{\"email\":\"bob@example.com\"}}\n"),
    );
    put(&server, "long.json", &format!("[{{\"email\":\"carol@example.com\"}},{{\"email\":\"{long}\"}}]"));
    put(&server, "long.csv", &format!("email,name\ndan@example.com,Dan\n\"{long}\n"));
    // What is not about people is read past, however long it is.
    let many: Vec<_> =
        (0..20_000).map(|n| format!("{{\"email\":\"user{n}@example.com\",\"x\":\"{}\"}}", "x".repeat(40))).collect();
    put(&server, "one-line.json", &format!("{{\"version\":1,\"users\":[{}]}}", many.join(",")));
    put(&server, "realm.json", &format!("{{\n\"keys\":\"{long}\",\n\"users\":[{{\"email\":\"eve@example.com\"}}]}}"));

    let lines = import(&server, "long.jsonl", &[]);
    assert_eq!((&lines["imported"], &lines["issues"][0]["code"]), (&json!(2), &json!("ENTRY_TOO_LONG")));
    for name in ["long.json", "long.csv"] {
        let ran = server.run(&["import", "users", name, "--json"]).expect(1);
        assert!(ran.err.contains("1 MiB") && ran.json()["imported"] == 1, "{name}: {}{}", ran.out, ran.err);
    }
    assert_eq!(import(&server, "realm.json", &[])["imported"], 1);
    let one_line = import(&server, "one-line.json", &["--dry-run"]);
    assert_eq!((&one_line["imported"], &one_line["issues"]), (&json!(20_000), &json!([])));
}

#[tokio::test]
async fn what_cannot_be_imported_at_all_is_refused_with_its_exit_code() {
    let server = server().start().await;
    put(&server, "users.jsonl", "{\"email\":\"ada@example.com\"}\n");
    put(&server, "logins.jsonl", "{\"login\":\"ada\"}\n");
    put(&server, "empty.csv", "\n");
    put(&server, "bad.key", "not base64!\n");
    for (arguments, code, told) in [
        (vec!["nowhere.json"], 3, "no such file"),
        (vec!["logins.jsonl"], 2, "--format"),
        (vec!["empty.csv"], 2, "nobody"),
        (vec!["users.jsonl", "--role", "pilot"], 3, "role set pilot"),
        (vec!["users.jsonl", "--format", "okta"], 2, "possible values"),
        (vec!["users.jsonl", "--firebase-signer-key-file", "bad.key"], 2, "signer key"),
        (vec!["users.jsonl", "--devise-pepper-file", "empty.csv"], 2, "pepper"),
    ] {
        let ran = server.run(&[&["import", "users"], arguments.as_slice()].concat()).expect(code);
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(server.run(&["user", "list", "--json"]).expect(0).json()["data"], json!([]));
}
