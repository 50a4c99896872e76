use countersign_account::{CreateUser, CreateVerdict, Managed, PageRequest, RoleVerdict, SignInVerdict};
use countersign_audit::Actor;
use countersign_kernel::{Lifetime, UserId};
use countersign_session::TokenError;
use countersign_store::{Delivery, UserStatus};

use crate::world::{PASSWORD, World, secret};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn new_user(email: &str) -> CreateUser {
    CreateUser {
        email: email.to_owned(),
        email_verified: true,
        name: "Ada".to_owned(),
        password: Some(secret(PASSWORD)),
        roles: vec![],
    }
}

#[tokio::test]
async fn an_operator_makes_accounts_with_roles() {
    let world = World::start().await;
    let request = CreateUser { roles: names(&["admin", "admin"]), ..new_user("Ada@example.com") };
    let verdict = world.accounts.create_user(request, Actor::Operator, &world.home()).await.unwrap();
    let CreateVerdict::Created(user) = verdict else { panic!("{verdict:?}") };
    assert_eq!((user.roles.clone(), user.email_verified), (names(&["admin"]), true));
    assert_eq!(world.identity(&world.signed_in("ada@example.com", PASSWORD).await).roles, ["admin"]);

    let again = world.accounts.create_user(new_user("ADA@example.com"), Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(again, CreateVerdict::EmailTaken));
    let request = CreateUser { roles: names(&["nobody-made-this"]), ..new_user("bob@example.com") };
    let unknown = world.accounts.create_user(request, Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(unknown, CreateVerdict::UnknownRole(name) if name == "nobody-made-this"));
    assert!(world.accounts.find_user("bob@example.com").await.unwrap().is_none(), "nothing half made");
}

#[tokio::test]
async fn an_account_without_a_password_lets_nobody_in() {
    let world = World::start().await;
    let request = CreateUser { password: None, ..new_user("ada@example.com") };
    world.accounts.create_user(request, Actor::Operator, &world.home()).await.unwrap();
    let before = world.hashes();
    for password in ["", PASSWORD] {
        assert!(matches!(world.sign_in("ada@example.com", password).await, SignInVerdict::Failed));
    }
    assert_eq!(world.hashes() - before, 2, "and the work is the same");
}

#[tokio::test]
async fn disabling_revokes_at_once_and_enabling_brings_no_session_back() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let verdict = world.accounts.disable_user(ada.user.id, Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(&verdict, Managed::Done(user) if user.status == UserStatus::Disabled), "{verdict:?}");
    assert_eq!(world.check(&ada).unwrap_err(), TokenError::Revoked);
    assert!(matches!(world.sign_in("ada@example.com", PASSWORD).await, SignInVerdict::Failed));
    let again = world.accounts.disable_user(ada.user.id, Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(again, Managed::Unchanged(_)));

    let verdict = world.accounts.enable_user(ada.user.id, Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(verdict, Managed::Done(_)));
    assert_eq!(world.check(&ada).unwrap_err(), TokenError::Revoked);
    assert!(world.check(&world.signed_in("ada@example.com", PASSWORD).await).is_ok());
}

#[tokio::test]
async fn a_change_of_roles_supersedes_tokens_and_ends_no_session() {
    let world = World::start().await;
    world.accounts.set_role("clerk", &names(&["orders:read"]), Actor::Operator, &world.home()).await.unwrap();
    let ada = world.member("ada@example.com").await;

    let verdict =
        world.accounts.set_user_roles(ada.user.id, &names(&["clerk"]), Actor::Operator, &world.home()).await.unwrap();

    assert!(matches!(&verdict, Managed::Done(user) if user.permissions == ["orders:read"]), "{verdict:?}");
    assert_eq!(world.check(&ada).unwrap_err(), TokenError::Expired);
    assert_eq!(world.sessions.list(ada.user.id).await.unwrap().len(), 1);
    let same =
        world.accounts.set_user_roles(ada.user.id, &names(&["clerk"]), Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(same, Managed::Unchanged(_)), "nothing is superseded for nothing");
    let refresh = ada.issued.refresh.as_ref().unwrap();
    let ids = countersign_session::AttemptIds::default();
    let rotated = world.sessions.rotate(refresh.expose(), Delivery::Cookie, ids, &world.home()).await.unwrap();
    assert!(format!("{:?}", rotated.verdict).starts_with("Full"), "{rotated:?}");
}

#[tokio::test]
async fn a_change_of_a_role_reaches_everyone_who_has_it() {
    let world = World::start().await;
    world.accounts.set_role("clerk", &names(&["orders:read"]), Actor::Operator, &world.home()).await.unwrap();
    let ada = world.member("ada@example.com").await;
    world.accounts.set_user_roles(ada.user.id, &names(&["clerk"]), Actor::Operator, &world.home()).await.unwrap();
    let bob = world.member("bob@example.com").await;
    let ada = world.signed_in(&ada.user.email, PASSWORD).await;

    let verdict =
        world.accounts.set_role("clerk", &names(&["b:x", "a:x", "b:x"]), Actor::Operator, &world.home()).await.unwrap();
    assert_eq!(verdict, RoleVerdict::Done(1));
    assert_eq!(world.check(&ada).unwrap_err(), TokenError::Expired);
    assert!(world.check(&bob).is_ok());
    assert_eq!(world.accounts.profile(ada.user.id).await.unwrap().unwrap().permissions, ["a:x", "b:x"]);

    assert_eq!(
        world.accounts.delete_role("clerk", Actor::Operator, &world.home()).await.unwrap(),
        RoleVerdict::Done(1)
    );
    assert!(world.accounts.profile(ada.user.id).await.unwrap().unwrap().roles.is_empty());
    assert_eq!(
        world.accounts.delete_role("clerk", Actor::Operator, &world.home()).await.unwrap(),
        RoleVerdict::NotFound
    );
    assert_eq!(
        world.accounts.delete_role("admin", Actor::Operator, &world.home()).await.unwrap(),
        RoleVerdict::Protected
    );
}

#[tokio::test]
async fn names_of_roles_and_permissions_are_plain_words() {
    let world = World::start().await;
    for (role, permission) in [
        ("", "a"),
        ("Admin", "a"),
        ("a b", "a"),
        ("a\n", "a"),
        (&"a".repeat(65), "a"),
        ("a", ""),
        ("a", "Orders"),
        ("a", "a b"),
    ] {
        let verdict =
            world.accounts.set_role(role, &names(&[permission]), Actor::Operator, &world.home()).await.unwrap();
        assert!(matches!(verdict, RoleVerdict::Invalid(_)), "{role:?} {permission:?}");
    }
    assert_eq!(world.accounts.list_roles().await.unwrap().len(), 1, "admin alone");
}

#[tokio::test]
async fn somebody_can_always_administer() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await.user.id;
    let bob = world.member("bob@example.com").await.user.id;
    let admin = names(&["admin"]);
    world.accounts.set_user_roles(ada, &admin, Actor::Operator, &world.home()).await.unwrap();
    let (accounts, home) = (&world.accounts, world.home());

    assert!(matches!(accounts.disable_user(ada, Actor::Operator, &home).await.unwrap(), Managed::LastAdmin));
    assert!(matches!(accounts.delete_user(ada, Actor::Operator, &home).await.unwrap(), Managed::LastAdmin));
    assert!(matches!(accounts.set_user_roles(ada, &[], Actor::Operator, &home).await.unwrap(), Managed::LastAdmin));
    accounts.set_user_roles(bob, &admin, Actor::Operator, &home).await.unwrap();
    accounts.disable_user(bob, Actor::Operator, &home).await.unwrap();
    assert!(
        matches!(accounts.delete_user(ada, Actor::Operator, &home).await.unwrap(), Managed::LastAdmin),
        "a disabled one does not count"
    );
    accounts.enable_user(bob, Actor::Operator, &home).await.unwrap();
    assert!(matches!(accounts.delete_user(ada, Actor::Operator, &home).await.unwrap(), Managed::Done(_)));
}

#[tokio::test]
async fn accounts_are_found_by_id_and_by_address_and_listed_in_pages() {
    let world = World::start().await;
    let ada = world.member("Ada@example.com").await.user;
    // Ids of one moment have no order.
    world.advance(Lifetime::from_millis(1));
    let bob = world.member("bob@example.com").await.user;
    for text in [ada.id.to_string(), "ada@EXAMPLE.com".to_owned()] {
        assert_eq!(world.accounts.find_user(&text).await.unwrap().unwrap().id, ada.id);
    }
    for text in ["nobody@example.com", "nonsense", "usr_00000000000000000000000000"] {
        assert!(world.accounts.find_user(text).await.unwrap().is_none());
    }
    let first = world.accounts.list_users("", &PageRequest::first(1)).await.unwrap();
    let second = world.accounts.list_users("", &PageRequest::after(first.next.unwrap(), 1)).await.unwrap();
    assert_eq!([first.items[0].id, second.items[0].id], [ada.id, bob.id]);
    let by_prefix = world.accounts.list_users("ADA", &PageRequest::first(9)).await.unwrap();
    assert_eq!(by_prefix.items.iter().map(|u| u.id).collect::<Vec<_>>(), [ada.id]);
}

#[tokio::test]
async fn an_operator_signs_a_person_out_everywhere() {
    let world = World::start().await;
    let first = world.member("ada@example.com").await;
    let second = world.signed_in("ada@example.com", PASSWORD).await;
    let ended = world.accounts.revoke_sessions(first.user.id, Actor::Operator, &world.home()).await.unwrap();
    assert_eq!(ended, Some(2));
    for opened in [&first, &second] {
        assert_eq!(world.check(opened).unwrap_err(), TokenError::Revoked);
    }
    let nobody = UserId::new(&world.env);
    assert_eq!(world.accounts.revoke_sessions(nobody, Actor::Operator, &world.home()).await.unwrap(), None);
}
