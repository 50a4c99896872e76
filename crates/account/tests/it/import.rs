//! People from other systems. Each kind of hash has its vectors in `countersign-password`.

use std::sync::Arc;

use countersign_account::{
    BeginImport, ImportHash, ImportNote, ImportOptions, ImportUser, Imported, SignInVerdict, UserStatus,
};
use countersign_audit::{Actor, Event};
use countersign_kernel::Secret;
use countersign_store::{AuditFilter, PageRequest, Store};

use crate::world::{OTHER, PASSWORD, World, secret};

const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u";
const PEPPERED: &str = "$2a$04$abcdefghijklmnopqrstuu1SzQ.3msHgUpswK0c8E40K/CN36K916";
const KUZM: &str = "kuzm tevx";

fn user(place: u64, email: &str) -> ImportUser {
    ImportUser {
        place,
        email: email.to_owned(),
        is_verified: false,
        name: None,
        is_disabled: false,
        roles: Vec::new(),
        hash: None,
    }
}

fn with_hash(place: u64, email: &str, hash: &str) -> ImportUser {
    ImportUser { hash: Some(ImportHash { text: secret(hash), secret: None }), ..user(place, email) }
}

fn peppered(place: u64, email: &str) -> ImportUser {
    let pepper = Some(Arc::new(Secret::new(b"a pepper of old".to_vec())));
    ImportUser { hash: Some(ImportHash { text: secret(PEPPERED), secret: pepper }), ..user(place, email) }
}

async fn import(world: &World, options: ImportOptions, users: Vec<ImportUser>) -> Vec<Imported> {
    let begun = world.accounts.begin_import(options, Actor::Operator, &world.home()).await.unwrap();
    let BeginImport::Begun(mut import) = begun else { panic!("{begun:?}") };
    import.take(users).await.unwrap()
}

fn codes(imported: &Imported) -> Vec<&'static str> {
    imported.notes.iter().map(ImportNote::code).collect()
}

async fn stored(world: &World, email: &str) -> Option<String> {
    let mut tx = world.store.snapshot().await.unwrap();
    let user = tx.find_user_by_email_key(email).await.unwrap()?;
    tx.find_password(user.id).await.unwrap().map(|hash| hash.0.expose().clone())
}

#[tokio::test]
async fn a_hash_from_elsewhere_lets_its_owner_in_and_is_ours_afterwards() {
    for world in World::start_each().await {
        let told = import(&world, ImportOptions::default(), vec![with_hash(1, "ada@example.com", BCRYPT)]).await;
        assert_eq!(told[0].made.unwrap().hash, Some("bcrypt"));
        assert_eq!(stored(&world, "ada@example.com").await.as_deref(), Some(BCRYPT));
        assert!(matches!(world.sign_in("ada@example.com", "kuzm tevy").await, SignInVerdict::Failed));
        assert_eq!(stored(&world, "ada@example.com").await.as_deref(), Some(BCRYPT), "a failure changes nothing");

        let ada = world.signed_in("ada@example.com", KUZM).await;

        let ours = stored(&world, "ada@example.com").await.unwrap();
        assert!(ours.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{ours}");
        assert!(matches!(world.sign_in("ada@example.com", "kuzm tevy").await, SignInVerdict::Failed));
        assert_eq!(world.signed_in("ada@example.com", KUZM).await.user.id, ada.user.id);
        assert_eq!(
            world.trail().await,
            [
                "account_imported by operator subject",
                "sign_in_failed!(wrong_password) by anonymous subject",
                "password_rehashed by system subject",
                "signed_in by user subject session",
                "sign_in_failed!(wrong_password) by anonymous subject",
                "signed_in by user subject session",
            ]
        );
    }
}

#[tokio::test]
async fn two_sign_ins_at_once_rehash_once_and_both_succeed() {
    for world in World::start_each().await {
        let _ = import(&world, ImportOptions::default(), vec![with_hash(1, "ada@example.com", BCRYPT)]).await;

        let (one, two) = tokio::join!(world.sign_in("ada@example.com", KUZM), world.sign_in("ada@example.com", KUZM));

        assert!(matches!((one, two), (SignInVerdict::SignedIn(_), SignInVerdict::SignedIn(_))));
        let rehashed = world.trail().await.iter().filter(|line| line.starts_with("password_rehashed")).count();
        assert_eq!(rehashed, 1);
    }
}

/// A check of a hash from elsewhere is never quicker than one of ours, and costs the same whether it succeeds or fails.
#[tokio::test]
async fn a_hash_from_elsewhere_costs_one_hash_more_right_or_wrong() {
    let world = World::start().await;
    let mut disabled = with_hash(2, "bob@example.com", BCRYPT);
    disabled.is_disabled = true;
    let _ = import(&world, ImportOptions::default(), vec![with_hash(1, "ada@example.com", BCRYPT), disabled]).await;
    for (email, password, hashes) in [
        ("nobody@example.com", KUZM, 1),
        ("ada@example.com", "wrong", 2),
        ("bob@example.com", KUZM, 2),
        ("bob@example.com", "wrong", 2),
        ("ada@example.com", KUZM, 2),
        ("ada@example.com", KUZM, 1),
    ] {
        let before = world.hashes();
        let _ = world.sign_in(email, password).await;
        assert_eq!(world.hashes() - before, hashes, "{email} {password}");
    }
}

#[tokio::test]
async fn a_pepper_is_sealed_kept_once_and_found_again() {
    for world in World::start_each().await {
        let users = vec![peppered(1, "ada@example.com"), peppered(2, "bob@example.com")];
        let _ = import(&world, ImportOptions::default(), users).await;
        let _ = import(&world, ImportOptions::default(), vec![peppered(1, "eve@example.com")]).await;

        let hash = stored(&world, "ada@example.com").await.unwrap();
        let name = hash.strip_prefix("$bcrypt-pepper$k=").and_then(|rest| rest.split('$').next()).unwrap();
        let kept = world.store.snapshot().await.unwrap().find_import_secret(name).await.unwrap().unwrap();
        assert!(!kept.sealed.windows(6).any(|six| six == b"pepper"));
        for email in ["ada@example.com", "bob@example.com", "eve@example.com"] {
            assert!(matches!(world.sign_in(email, "kuzm tevy").await, SignInVerdict::Failed));
            let _ = world.signed_in(email, KUZM).await;
            assert!(stored(&world, email).await.unwrap().starts_with("$argon2id$"));
        }
    }
}

#[tokio::test]
async fn a_known_address_is_left_as_it_is() {
    for world in World::start_each().await {
        let ada = world.member("ada@example.com").await;

        let told = import(&world, ImportOptions::default(), vec![with_hash(1, "ADA@example.com", BCRYPT)]).await;

        assert_eq!((told[0].made, codes(&told[0])), (None, vec!["ADDRESS_TAKEN"]));
        assert!(matches!(world.sign_in("ada@example.com", KUZM).await, SignInVerdict::Failed));
        let again = world.signed_in("ada@example.com", PASSWORD).await;
        assert_eq!((again.user.id, &again.user.name), (ada.user.id, &ada.user.name));
    }
}

#[tokio::test]
async fn a_rehearsal_tells_the_same_and_changes_nothing() {
    for world in World::start_each().await {
        let _ = world.member("eve@example.com").await;
        let users = || {
            vec![
                with_hash(1, "ada@example.com", BCRYPT),
                peppered(2, "bob@example.com"),
                with_hash(3, "carol@example.com", "{SSHA}AAAA"),
                with_hash(4, "eve@example.com", BCRYPT),
                user(5, "no address"),
                user(6, "ADA@EXAMPLE.COM"),
            ]
        };
        let before = world.trail().await;
        let rehearsal = ImportOptions { is_rehearsal: true, ..ImportOptions::default() };

        let rehearsed = import(&world, rehearsal, users()).await;

        assert_eq!(world.trail().await, before);
        assert_eq!(stored(&world, "ada@example.com").await, None);
        let told = import(&world, ImportOptions::default(), users()).await;
        let gist = |told: &[Imported]| -> Vec<_> {
            told.iter().map(|one| (one.place, one.made.map(|made| made.hash), codes(one))).collect()
        };
        assert_eq!(gist(&rehearsed), gist(&told));
        assert_eq!(
            gist(&told),
            [
                (1, Some(Some("bcrypt")), vec![]),
                (2, Some(Some("bcrypt")), vec![]),
                (3, Some(None), vec!["HASH_UNKNOWN"]),
                (4, None, vec!["ADDRESS_TAKEN"]),
                (5, None, vec!["ADDRESS_INVALID"]),
                (6, None, vec!["ADDRESS_TWICE"]),
            ]
        );
    }
}

#[tokio::test]
async fn one_address_is_brought_in_once_also_over_batches() {
    let world = World::start().await;
    let options = ImportOptions { is_rehearsal: true, ..ImportOptions::default() };
    let begun = world.accounts.begin_import(options, Actor::Operator, &world.home()).await.unwrap();
    let BeginImport::Begun(mut import) = begun else { panic!("{begun:?}") };
    let _ = import.take(vec![user(7, "ada@example.com")]).await.unwrap();

    for place in [8, 9] {
        let told = import.take(vec![user(place, "Ada@example.com")]).await.unwrap();
        assert_eq!(told[0].notes, [ImportNote::AddressTwice { first: 7 }]);
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_kept_leaves_an_account_without_a_password() {
    let world = World::start().await;
    let dear = "$2b$31$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u";
    let firebase = "$fbscrypt$ln=14,r=8,ss=Bw$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ";
    for (place, hash, code) in [
        (1, dear, "HASH_OUT_OF_BOUNDS"),
        (2, "$2b$12$", "HASH_DAMAGED"),
        (3, "kuzm tevx", "HASH_UNKNOWN"),
        (4, firebase, "SECRET_MISSING"),
    ] {
        let email = format!("user{place}@example.com");
        let told = import(&world, ImportOptions::default(), vec![with_hash(place, &email, hash)]).await;
        assert_eq!(codes(&told[0]), [code]);
        assert_eq!(told[0].made.unwrap().hash, None);
        let message = told[0].notes[0].message();
        assert!(
            !message.contains("kuzm") && !message.contains("abcdef") && message.contains("no password"),
            "{message}"
        );

        let before = world.hashes();
        assert!(matches!(world.sign_in(&email, KUZM).await, SignInVerdict::Failed));
        assert!(matches!(world.sign_in(&email, "").await, SignInVerdict::Failed));
        assert_eq!(world.hashes() - before, 2, "as for an unknown address");
    }
}

#[tokio::test]
async fn what_the_file_says_of_verification_and_roles_is_believed_on_request_alone() {
    let world = World::start().await;
    let permissions = ["articles:write".to_owned()];
    let _ = world.accounts.set_role("editor", &permissions, Actor::Operator, &world.home()).await.unwrap();
    let told_of = |place, email: &str, is_verified| ImportUser {
        is_verified,
        roles: vec!["editor".to_owned(), "admin".to_owned(), "pilot".to_owned()],
        name: Some(" Ada ".to_owned()),
        ..user(place, email)
    };
    let believing =
        ImportOptions { keep_verified: true, keep_roles: true, source: "plain".to_owned(), ..ImportOptions::default() };

    let plain = import(&world, ImportOptions::default(), vec![told_of(1, "ada@example.com", true)]).await;
    let believed = import(&world, believing.clone(), vec![told_of(2, "bob@example.com", true)]).await;
    let unverified = import(&world, believing, vec![told_of(3, "eve@example.com", false)]).await;

    assert_eq!(codes(&plain[0]), Vec::<&str>::new());
    assert_eq!(codes(&believed[0]), ["ROLE_WITHHELD", "ROLE_UNKNOWN"], "admin is given by hand");
    assert_eq!(codes(&unverified[0]), ["ROLE_WITHHELD", "ROLE_WITHHELD", "ROLE_UNKNOWN"]);
    for (email, is_verified, roles) in [
        ("ada@example.com", false, vec![]),
        ("bob@example.com", true, vec!["editor"]),
        ("eve@example.com", false, vec![]),
    ] {
        let user = world.accounts.find_user(email).await.unwrap().unwrap();
        assert_eq!(
            (user.email_verified, user.roles.iter().map(String::as_str).collect()),
            (is_verified, roles),
            "{email}"
        );
        assert_eq!(user.name, "Ada");
    }
}

#[tokio::test]
async fn roles_for_everyone_must_exist() {
    let world = World::start().await;
    let options = |role: &str| ImportOptions { roles: vec![role.to_owned()], ..ImportOptions::default() };
    let refused = world.accounts.begin_import(options("pilot"), Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(&refused, BeginImport::UnknownRole(role) if role == "pilot"), "{refused:?}");

    let told = import(&world, options("admin"), vec![user(1, "ada@example.com")]).await;
    assert_eq!(codes(&told[0]), Vec::<&str>::new());
    assert_eq!(world.accounts.find_user("ada@example.com").await.unwrap().unwrap().roles, ["admin"]);
}

#[tokio::test]
async fn who_was_locked_out_there_is_locked_out_here() {
    let world = World::start().await;
    let disabled = ImportUser { is_disabled: true, ..with_hash(1, "ada@example.com", BCRYPT) };

    let told = import(&world, ImportOptions::default(), vec![disabled]).await;

    assert!(told[0].made.unwrap().is_disabled);
    assert_eq!(world.accounts.find_user("ada@example.com").await.unwrap().unwrap().status, UserStatus::Disabled);
    assert!(matches!(world.sign_in("ada@example.com", KUZM).await, SignInVerdict::Failed));
    assert_eq!(stored(&world, "ada@example.com").await.as_deref(), Some(BCRYPT));
}

#[tokio::test]
async fn a_name_that_is_none_gives_way_to_the_address() {
    let world = World::start().await;
    for (place, name, shown, expected) in [
        (1, None, "ada1", vec![]),
        (2, Some("  "), "ada2", vec![]),
        (3, Some("Ada\nBcc: x"), "ada3", vec!["NAME_REPLACED"]),
        (4, Some("Ada Lovelace"), "Ada Lovelace", vec![]),
    ] {
        let email = format!("ada{place}@example.com");
        let one = ImportUser { name: name.map(str::to_owned), ..user(place, &email) };
        let told = import(&world, ImportOptions::default(), vec![one]).await;
        assert_eq!(codes(&told[0]), expected);
        assert_eq!(world.accounts.find_user(&email).await.unwrap().unwrap().name, shown);
    }
}

/// The password of an imported account is proven and changed like any other.
#[tokio::test]
async fn an_imported_password_can_be_changed_and_the_old_one_is_gone() {
    let world = World::start().await;
    let _ = import(&world, ImportOptions::default(), vec![peppered(1, "ada@example.com")]).await;
    let ada = world.signed_in("ada@example.com", KUZM).await;
    let identity = world.identity(&ada);

    let (verdict, _) =
        world.accounts.change_password(&identity, &secret(KUZM), &secret(OTHER), &world.home()).await.unwrap();

    assert!(matches!(verdict, countersign_account::ChangePasswordVerdict::Changed(0)), "{verdict:?}");
    assert!(matches!(world.sign_in("ada@example.com", KUZM).await, SignInVerdict::Failed));
    let _ = world.signed_in("ada@example.com", OTHER).await;
}

#[tokio::test]
async fn the_trail_says_where_an_account_came_from_and_nothing_of_its_hash() {
    let world = World::start().await;
    let options = ImportOptions { source: "devise".to_owned(), ..ImportOptions::default() };
    let _ = import(&world, options, vec![peppered(1, "ada@example.com"), user(2, "bob@example.com")]).await;
    let _ = world.signed_in("ada@example.com", KUZM).await;

    let filter = AuditFilter { events: vec![Event::AccountImported], ..AuditFilter::default() };
    let mut tx = world.store.snapshot().await.unwrap();
    let mut records = tx.list_audit_records(&filter, &PageRequest::first(10)).await.unwrap().items;
    records.reverse();
    let details: Vec<_> =
        records.iter().map(|r| (r.record.detail["source"].as_str(), r.record.detail["hash"].as_str())).collect();
    assert_eq!(details, [("devise", "bcrypt"), ("devise", "none")]);
    let filter = AuditFilter { events: vec![Event::PasswordRehashed], ..AuditFilter::default() };
    let rehashed = tx.list_audit_records(&filter, &PageRequest::first(10)).await.unwrap().items;
    assert_eq!(rehashed[0].record.detail["from"], "bcrypt");
}
