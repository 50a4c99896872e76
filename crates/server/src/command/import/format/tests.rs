//! One entry of each system, as it writes them.

use serde_json::{Value, json};

use super::*;

fn entry(value: Value) -> Entry {
    match value {
        Value::Object(members) => Entry::new(members),
        other => panic!("{other}"),
    }
}

fn reading() -> Reading {
    let signer_key = Some(Arc::new(Secret::new(b"signer key".to_vec())));
    let firebase = FirebaseProject { signer_key, salt_separator: "Bw==".to_owned(), rounds: 8, mem_cost: 14 };
    Reading { firebase, pepper: Some(Arc::new(Secret::new(b"pepper".to_vec()))), today: "2030-06-15".to_owned() }
}

/// Recognised as what it is, and read.
#[track_caller]
fn read(format: Format, value: Value) -> ImportUser {
    let entry = entry(value);
    assert_eq!(Format::detect(&entry), Some(format));
    format.read(&entry, &reading()).unwrap_or_else(|why| panic!("{}", why.code))
}

fn text(user: &ImportUser) -> Option<&str> {
    user.hash.as_ref().map(|hash| hash.text.expose().as_str())
}

#[test]
fn a_row_of_supabase() {
    let row = |more: Value| {
        let mut row = json!({
            "instance_id": "00000000-0000-0000-0000-000000000000", "id": "x", "aud": "authenticated",
            "role": "authenticated", "email": "ada@example.com", "encrypted_password": "$2a$10$x",
            "email_confirmed_at": "2024-01-02 03:04:05+00", "raw_user_meta_data": "{\"full_name\": \"Ada\"}",
        });
        if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
            row.extend(more);
        }
        row
    };
    let ada = read(Format::Supabase, row(json!({})));
    assert_eq!((ada.email.as_str(), ada.name.as_deref(), ada.is_verified), ("ada@example.com", Some("Ada"), true));
    assert_eq!((text(&ada), ada.is_disabled, ada.roles.len()), (Some("$2a$10$x"), false, 0));
    for (until, is_disabled) in
        [("2030-06-15 12:00:00+00", true), ("2123-01-01T00:00:00Z", true), ("2030-06-14 23:59:59+00", false)]
    {
        assert_eq!(read(Format::Supabase, row(json!({"banned_until": until}))).is_disabled, is_disabled, "{until}");
    }
    let unconfirmed = row(json!({"email_confirmed_at": null, "raw_user_meta_data": {"name": "Ada"}}));
    let unconfirmed = read(Format::Supabase, unconfirmed);
    assert_eq!((unconfirmed.is_verified, unconfirmed.name.as_deref()), (false, Some("Ada")));
    let deleted = Format::Supabase.read(&entry(row(json!({"deleted_at": "2024-01-01"}))), &reading());
    assert_eq!(deleted.err().map(|why| why.code), Some("USER_DELETED"));
}

#[test]
fn a_hash_that_supabase_had_from_firebase_brings_its_signer_key() {
    let row = json!({"email": "a@example.com", "instance_id": "x",
        "encrypted_password": "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=c2lnbmVy$c2FsdA==$aGFzaA=="});
    let hash = read(Format::Supabase, row).hash.unwrap();
    assert_eq!(hash.text.expose(), "$fbscrypt$ln=14,r=8,ss=Bw==$c2FsdA==$aGFzaA==");
    assert_eq!(hash.secret.unwrap().expose(), b"signer");
}

#[test]
fn entries_of_auth0() {
    let exported = json!({"_id": {"$oid": "x"}, "email": "ada@example.com", "email_verified": true, "tenant": "t",
        "connection": "c", "passwordHash": "$2b$10$x", "_tmp_is_unique": true});
    let ada = read(Format::Auth0, exported);
    assert_eq!((ada.is_verified, ada.name.as_deref(), text(&ada)), (true, None, Some("$2b$10$x")));

    let social =
        json!({"user_id": "google-oauth2|1", "email": "bob@example.com", "given_name": "Bob", "blocked": true});
    let bob = read(Format::Auth0, social);
    assert_eq!((bob.name.as_deref(), bob.is_disabled, text(&bob)), (Some("Bob"), true, None));

    for (custom, expected) in [
        (json!({"algorithm": "bcrypt", "hash": {"value": "$2b$10$x"}}), "$2b$10$x"),
        (
            json!({"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-sha256$i=1,l=32$x$y"}}),
            "$pbkdf2-sha256$i=1,l=32$x$y",
        ),
        (
            json!({"algorithm": "scrypt", "hash": {"value": "00ff", "encoding": "hex"},
                "salt": {"value": "c2FsdA==", "encoding": "base64"}, "cost": 1024, "blockSize": 4, "keylen": 2}),
            "$scrypt$ln=10,r=4,p=1$c2FsdA$AP8",
        ),
        (
            json!({"algorithm": "scrypt", "hash": {"value": "AP8=", "encoding": "base64"}, "salt": {"value": "salt"}}),
            "$scrypt$ln=14,r=8,p=1$c2FsdA$AP8",
        ),
        (json!({"algorithm": "scrypt", "hash": {"value": "0", "encoding": "hex"}, "salt": {"value": "s"}}), "$scrypt$"),
        (json!({"algorithm": "md5", "hash": {"value": "5f4dcc3b5aa765d61d8327deb882cf99"}}), ""),
    ] {
        let user = read(Format::Auth0, json!({"email": "a@example.com", "custom_password_hash": custom}));
        assert_eq!(text(&user), Some(expected));
    }
}

#[test]
fn users_of_keycloak() {
    let user = |credential: Value| {
        json!({"id": "x", "createdTimestamp": 1, "username": "ada", "enabled": false, "emailVerified": true,
            "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
            "credentials": [{"type": "otp"}, credential],
            "realmRoles": ["default-roles-x", "offline_access", "editor"]})
    };
    let credential = json!({"type": "password",
        "secretData": "{\"value\":\"aGFzaA==\",\"salt\":\"c2FsdA==\",\"additionalParameters\":{}}",
        "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"});
    let ada = read(Format::Keycloak, user(credential));
    assert_eq!(text(&ada), Some("$pbkdf2-sha256$i=27500$c2FsdA==$aGFzaA=="));
    assert_eq!((ada.name.as_deref(), ada.is_disabled, ada.is_verified), (Some("Ada Lovelace"), true, true));
    assert_eq!(ada.roles, ["editor"]);

    let argon2 = json!({"type": "password",
        "secretData": "{\"value\":\"aGFzaA==\",\"salt\":\"c2FsdA==\",\"additionalParameters\":{}}",
        "credentialData": "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\
            \"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"});
    let ada = read(Format::Keycloak, user(argon2));
    assert_eq!(text(&ada), Some("$argon2id$v=19$m=7168,t=5,p=1$c2FsdA$aGFzaA"));

    let old = json!({"type": "password", "hashedSaltedValue": "aGFzaA==", "salt": "c2FsdA==", "hashIterations": 1,
        "algorithm": "pbkdf2"});
    assert_eq!(text(&read(Format::Keycloak, user(old))), Some("$pbkdf2$i=1$c2FsdA==$aGFzaA=="));
    assert_eq!(text(&read(Format::Keycloak, user(json!({"type": "password"})))), Some(""), "damaged, not missing");
    assert_eq!(text(&read(Format::Keycloak, user(json!({"type": "webauthn"})))), None);
}

#[test]
fn a_user_of_firebase() {
    let user = json!({"localId": "x", "email": "ada@example.com", "emailVerified": true, "passwordHash": "aGFzaA==",
        "salt": "c2FsdA==", "displayName": "Ada", "disabled": false, "providerUserInfo": []});
    let ada = read(Format::Firebase, user);
    assert_eq!(text(&ada), Some("$fbscrypt$ln=14,r=8,ss=Bw==$c2FsdA==$aGFzaA=="));
    assert!(ada.hash.unwrap().secret.is_some() && ada.is_verified);
    assert!(Format::Firebase.names_without_header(b"x,ada@example.com,true,aGFzaA==,c2FsdA==,Ada").is_some());
    assert!(Format::Firebase.names_without_header(b"localId,email").is_none());
    assert!(Format::Devise.names_without_header(b"x,ada@example.com").is_none());
}

#[test]
fn rows_of_tables() {
    let devise =
        json!({"id": "1", "email": "ada@example.com", "encrypted_password": "$2a$12$x", "confirmed_at": "2024-01-01"});
    let ada = read(Format::Devise, devise);
    assert_eq!((ada.is_verified, text(&ada)), (true, Some("$2a$12$x")));
    assert!(ada.hash.unwrap().secret.is_some(), "the pepper belongs to it");

    let django = json!({"id": "1", "password": "pbkdf2_sha256$1$s$h", "is_superuser": "t", "username": "ada",
        "email": "ada@example.com", "is_active": "f"});
    let ada = read(Format::Django, django);
    assert_eq!((ada.name.as_deref(), ada.is_disabled, text(&ada)), (Some("ada"), true, Some("pbkdf2_sha256$1$s$h")));
    let unusable = json!({"password": "!x", "is_staff": "0", "email": "ada@example.com"});
    assert_eq!(text(&read(Format::Django, unusable)), None);

    let asp_net = json!({"Id": "x", "UserName": "ada", "Email": "ada@example.com", "EmailConfirmed": "1",
        "PasswordHash": "AQAA", "SecurityStamp": "x"});
    let ada = read(Format::AspNet, asp_net);
    assert_eq!((ada.is_verified, text(&ada)), (true, Some("AQAA")));

    let plain = json!({"email": "ada@example.com", "name": "Ada", "password_hash": "$5$x", "roles": "editor, author"});
    let ada = read(Format::Plain, plain);
    assert_eq!(
        (ada.roles.as_slice(), text(&ada)),
        (["editor".to_owned(), "author".to_owned()].as_slice(), Some("$5$x"))
    );
}

#[test]
fn what_is_nobodys_format_is_not_guessed() {
    for value in [json!({}), json!({"login": "ada"}), json!({"username": "ada"}), json!({"password": "x"})] {
        assert_eq!(Format::detect(&entry(value.clone())), None, "{value}");
    }
}
