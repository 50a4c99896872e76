//! Acts that happen at the same moment, on each engine.

use std::sync::Arc;

use countersign_account::{ChangePasswordVerdict, ClaimVerdict, Managed, SignInVerdict, SignUpVerdict};
use countersign_audit::Actor;
use countersign_password::Params;
use countersign_session::TokenError;
use tokio::task::JoinSet;

use crate::world::{OTHER, PASSWORD, World, secret, sign_up};

/// Attack 88.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_sign_ups_of_one_address_make_one_account() {
    for world in World::start_each().await {
        let verdicts = join_all((0..20).map(|n| {
            let world = Arc::clone(&world);
            // Each from an address of its own, so that no limit decides.
            let origin = world.from(&format!("198.51.100.{n}"));
            let email = if n % 2 == 0 { "ada@example.com" } else { "ADA@EXAMPLE.COM" };
            async move { world.accounts.sign_up(sign_up(email, PASSWORD), &origin).await.unwrap().0 }
        }))
        .await;

        let opened = verdicts.iter().filter(|v| matches!(v, SignUpVerdict::Opened(_))).count();
        let taken = verdicts.iter().filter(|v| matches!(v, SignUpVerdict::EmailTaken)).count();
        assert_eq!((opened, taken), (1, 19));
    }
}

/// A sign-in and the act that ends all sessions come one wholly after the other, in whatever order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_of_a_disabled_person_survives() {
    for world in World::start_each().await {
        for n in 0..10 {
            let (email, origin) = (format!("a{n}@example.com"), world.from(&format!("198.51.100.{n}")));
            let (verdict, _) = world.accounts.sign_up(sign_up(&email, PASSWORD), &origin).await.unwrap();
            let SignUpVerdict::Opened(member) = verdict else { panic!("{verdict:?}") };
            let signing_in = (0..4).map(|_| {
                let (world, email, origin) = (Arc::clone(&world), email.clone(), origin.clone());
                async move { world.sign_in_from(&email, PASSWORD, &origin).await }
            });
            let (disabling, id) = (Arc::clone(&world), member.user.id);
            let disabled = tokio::spawn(async move {
                disabling.accounts.disable_user(id, Actor::Operator, &disabling.home()).await.unwrap()
            });
            let signed_in = join_all(signing_in).await;
            assert!(matches!(disabled.await.unwrap(), Managed::Done(_)));

            for verdict in signed_in {
                match verdict {
                    SignInVerdict::SignedIn(opened) => {
                        assert_eq!(world.check(&opened).unwrap_err(), TokenError::Revoked);
                    }
                    SignInVerdict::Failed => {}
                    other => panic!("{other:?}"),
                }
            }
            assert!(world.sessions.list(id).await.unwrap().is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_that_all_rehash_all_succeed() {
    for mut world in World::start_each().await {
        world.member("ada@example.com").await;
        Arc::get_mut(&mut world).unwrap().restart_with(Params { memory_kib: 16, ..Params::CHEAPEST }).await;
        let verdicts = join_all((0..8).map(|n| {
            let world = Arc::clone(&world);
            let origin = world.from(&format!("198.51.100.{n}"));
            async move { world.sign_in_from("ada@example.com", PASSWORD, &origin).await }
        }))
        .await;
        for verdict in verdicts {
            assert!(matches!(verdict, SignInVerdict::SignedIn(_)), "{verdict:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_with_one_password_one_wins() {
    for world in World::start_each().await {
        let ada = world.member("ada@example.com").await;
        let identity = world.identity(&ada);
        let verdicts = join_all((0..5).map(|n| {
            let (world, identity) = (Arc::clone(&world), Arc::clone(&identity));
            async move {
                let new = format!("{OTHER} {n}");
                let (current, home) = (secret(PASSWORD), world.home());
                let told = world.accounts.change_password(&identity, &current, &secret(&new), &home).await.unwrap();
                (new, told.0)
            }
        }))
        .await;

        let mut winners = Vec::new();
        for (new, verdict) in verdicts {
            match verdict {
                ChangePasswordVerdict::Changed(_) => winners.push(new),
                ChangePasswordVerdict::Failed => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        world.signed_in("ada@example.com", &winners[0]).await;
    }
}

/// Whoever signs in with the old password while it is changed is out afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_of_the_old_password_survives_its_change() {
    for world in World::start_each().await {
        let ada = world.member("ada@example.com").await;
        let identity = world.identity(&ada);
        let (changing, by) = (Arc::clone(&world), Arc::clone(&identity));
        let changed = tokio::spawn(async move {
            changing.accounts.change_password(&by, &secret(PASSWORD), &secret(OTHER), &changing.home()).await.unwrap().0
        });
        join_all((0..8).map(|n| {
            let world = Arc::clone(&world);
            let origin = world.from(&format!("198.51.100.{n}"));
            async move { world.sign_in_from("ada@example.com", PASSWORD, &origin).await }
        }))
        .await;

        assert!(matches!(changed.await.unwrap(), ChangePasswordVerdict::Changed(_)));
        let left: Vec<_> = world.sessions.list(ada.user.id).await.unwrap().into_iter().map(|s| s.id).collect();
        assert_eq!(left, [identity.session]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_claims_with_one_link_one_succeeds() {
    for world in World::start_each().await {
        let link = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
        let mut claims = Vec::new();
        for n in 0..8 {
            let member = world.member(&format!("a{n}@example.com")).await;
            let (world, link, identity) = (Arc::clone(&world), link.clone(), world.identity(&member));
            claims.push(async move { world.accounts.claim_admin(&identity, &link, &world.home()).await.unwrap().0 });
        }
        let verdicts = join_all(claims).await;
        assert_eq!(verdicts.iter().filter(|v| matches!(v, ClaimVerdict::Claimed(_))).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_administrators_who_all_leave_one_stays() {
    for world in World::start_each().await {
        let mut leaving = Vec::new();
        for n in 0..4 {
            let id = world.member(&format!("a{n}@example.com")).await.user.id;
            world.accounts.set_user_roles(id, &["admin".to_owned()], Actor::Operator, &world.home()).await.unwrap();
            leaving.push(id);
        }
        let verdicts = join_all(leaving.into_iter().enumerate().map(|(n, id)| {
            let world = Arc::clone(&world);
            async move {
                let (accounts, home) = (&world.accounts, world.home());
                match n % 3 {
                    0 => accounts.delete_user(id, Actor::Operator, &home).await.unwrap(),
                    1 => accounts.disable_user(id, Actor::Operator, &home).await.unwrap(),
                    _ => accounts.set_user_roles(id, &[], Actor::Operator, &home).await.unwrap(),
                }
            }
        }))
        .await;
        let stayed = verdicts.iter().filter(|v| matches!(v, Managed::LastAdmin)).count();
        assert_eq!(stayed, 1, "{verdicts:?}");
    }
}

/// Runs all at once and gives what they came to.
async fn join_all<T: Send + 'static>(
    all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut set = JoinSet::new();
    for one in all {
        set.spawn(one);
    }
    set.join_all().await
}
