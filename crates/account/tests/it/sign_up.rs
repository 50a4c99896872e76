use countersign_account::{SignInDoor, SignUp, SignUpVerdict};
use countersign_kernel::Secret;
use countersign_store::Delivery;

use crate::world::{PASSWORD, World, door, secret, sign_up};

fn codes(verdict: &SignUpVerdict) -> Vec<(&'static str, &'static str)> {
    match verdict {
        SignUpVerdict::Invalid(errors) => errors.iter().map(|e| (e.field, e.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_person_gets_an_account_and_a_session() {
    let world = World::start().await;
    let ada = world.member("Ada@Example.COM").await;

    assert_eq!((ada.user.email.as_str(), ada.user.email_verified), ("Ada@example.com", false));
    assert!(ada.user.roles.is_empty(), "nobody begins with rights");
    let identity = world.identity(&ada);
    assert_eq!((identity.user, identity.session), (ada.user.id, ada.issued.session.id));
    assert_eq!(identity.amr, ["pwd"]);
    assert!(ada.issued.refresh.is_some() && ada.issued.csrf.is_some() && ada.issued.device.is_some());
    world.signed_in("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn one_address_has_one_account_however_it_is_written() {
    let world = World::start().await;
    world.member("ada@b\u{fc}cher.example").await;
    for again in ["ada@b\u{fc}cher.example", "ADA@B\u{dc}CHER.EXAMPLE", "Ada@xn--bcher-kva.example"] {
        assert!(matches!(world.sign_up(again, PASSWORD).await, SignUpVerdict::EmailTaken), "{again}");
    }
    // A look-alike is somebody else.
    world.member("\u{430}da@b\u{fc}cher.example").await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_makes_nothing() {
    let world = World::start().await;
    let request = SignUp { name: " ".to_owned(), ..sign_up("nonsense", "short") };
    let (verdict, _) = world.accounts.sign_up(request, &world.home()).await.unwrap();

    assert_eq!(codes(&verdict), [("email", "INVALID"), ("name", "BLANK"), ("password", "TOO_SHORT")]);
    assert_eq!(world.hashes(), 0, "no work for what cannot be accepted");
    assert_eq!(world.trail().await, Vec::<String>::new());
}

#[tokio::test]
async fn weak_passwords_are_refused_with_their_reason() {
    let world = World::start().await;
    for (password, code) in [
        ("password1", "TOO_COMMON"),
        ("ada.lovelace", "CONTAINS_CONTEXT"),
        ("auth.example.com", "CONTAINS_CONTEXT"),
        ("Somebody12", "CONTAINS_CONTEXT"),
        ("          ", "BLANK"),
        (&"k".repeat(257), "TOO_LONG"),
    ] {
        let verdict = world.sign_up("ada.lovelace@example.org", password).await;
        assert!(codes(&verdict).contains(&("password", code)), "{password}: {verdict:?}");
    }
}

#[tokio::test]
async fn addresses_that_could_do_harm_in_a_header_make_no_account() {
    let world = World::start().await;
    for address in [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada\n@example.com",
        "ada\u{200b}@example.com",
        "ada@exam\u{200b}ple.com",
        "Ada <ada@example.com>",
        "ada@example.com,eve@example.com",
        "\"ada\"@example.com",
    ] {
        assert_eq!(codes(&world.sign_up(address, PASSWORD).await), [("email", "INVALID")], "{address:?}");
    }
}

#[tokio::test]
async fn a_taken_address_costs_the_work_of_a_free_one() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    let one = world.hashes();
    assert!(matches!(world.sign_up("ada@example.com", PASSWORD).await, SignUpVerdict::EmailTaken));
    assert_eq!((one, world.hashes()), (1, 2));
}

#[tokio::test]
async fn registrations_from_one_address_are_limited_and_mistakes_are_free() {
    let world = World::start().await;
    for n in 0..20 {
        assert!(matches!(world.sign_up(&format!("a{n}@example.com"), "short").await, SignUpVerdict::Invalid(_)));
    }
    world.member("ada@example.com").await;
    for _ in 0..9 {
        assert!(matches!(world.sign_up("ada@example.com", PASSWORD).await, SignUpVerdict::EmailTaken));
    }

    let verdict = world.sign_up("bob@example.com", PASSWORD).await;
    assert!(matches!(&verdict, SignUpVerdict::Limited(refused) if refused.name == "register_address"), "{verdict:?}");
    let elsewhere = world.from("203.0.113.9");
    let (verdict, _) = world.accounts.sign_up(sign_up("bob@example.com", PASSWORD), &elsewhere).await.unwrap();
    assert!(matches!(verdict, SignUpVerdict::Opened(_)));
}

#[tokio::test]
async fn names_and_passwords_are_kept_as_they_were_written() {
    let world = World::start().await;
    for (n, text) in ["'; DROP TABLE users;--", "{\"$gt\":\"\"}", "<img src=x onerror=alert(1)>", "${7*7}", "*)(uid=*"]
        .iter()
        .enumerate()
    {
        let email = format!("a{n}@example.com");
        let request = SignUp {
            name: (*text).to_owned(),
            password: Secret::new(format!("{text} and more")),
            ..sign_up(&email, "")
        };
        let (verdict, _) = world.accounts.sign_up(request, &world.home()).await.unwrap();
        let SignUpVerdict::Opened(opened) = verdict else { panic!("{text}: {verdict:?}") };
        assert_eq!(opened.user.name, *text);
        world.signed_in(&email, &format!("{text} and more")).await;
    }
}

#[tokio::test]
async fn signing_up_ends_the_session_whose_cookie_came_along() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let refresh = ada.issued.refresh.as_ref().unwrap();
    let replaces = world.sessions.read_refresh(refresh.expose(), Delivery::Cookie);
    assert_eq!(replaces, Some(ada.issued.session.id));

    let request = SignUp {
        door: SignInDoor { replaces, ..door() },
        password: secret(PASSWORD),
        ..sign_up("bob@example.com", "")
    };
    let (verdict, _) = world.accounts.sign_up(request, &world.home()).await.unwrap();

    assert!(matches!(verdict, SignUpVerdict::Opened(_)));
    assert!(world.check(&ada).is_err());
    assert!(world.sessions.list(ada.user.id).await.unwrap().is_empty());
}
