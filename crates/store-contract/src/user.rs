//! Promises of `Users`.

use countersign_audit::Event;
use countersign_kernel::{Secret, UserId};
use countersign_store::{
    AuditFilter, Cursor, Error, NewAddress, OneTimeToken, PageRequest, PasswordHash, Purpose, Role, User, UserStatus,
};

use crate::subject::{Kept, Subject, winners};

/// What was put in comes out, by either key.
pub async fn a_new_account_is_found_by_id_and_address(subject: Subject) -> Kept {
    let new = subject.new_user("ada");
    let mut tx = subject.begin().await?;
    assert!(tx.insert_user(&new).await?);
    tx.commit().await?;

    let mut tx = subject.store.snapshot().await?;
    let expected = User {
        id: new.id,
        email: new.email,
        email_verified: false,
        name: new.name,
        status: UserStatus::Active,
        ver: 1,
        device_epoch: 0,
        roles: vec![],
        permissions: vec![],
        created_at: new.created_at,
    };
    assert_eq!(tx.find_user(new.id).await?.as_ref(), Some(&expected));
    assert_eq!(tx.find_user_by_email_key(&new.email_key).await?.as_ref(), Some(&expected));
    assert_eq!(tx.find_user_by_email_key("nobody@example.org").await?, None);
    assert_eq!(tx.find_user(UserId::new(&subject.env)).await?, None);
    Ok(())
}

/// Text is text, whatever it holds.
pub async fn a_name_comes_out_as_it_went_in(subject: Subject) -> Kept {
    let id = subject.user("ada").await?;
    for name in ["Ada'); DROP TABLE users; --", "李 小龍 \u{1F980}", "%_\\", "$1 ?2 :three", " two  spaces "] {
        let mut tx = subject.begin().await?;
        assert!(tx.set_user_name(id, name).await?);
        tx.commit().await?;
        assert_eq!(subject.find_user(id).await?.map(|user| user.name).as_deref(), Some(name));
    }
    let mut tx = subject.begin().await?;
    assert!(!tx.set_user_name(UserId::new(&subject.env), "nobody").await?);
    Ok(())
}

/// Fifty people register one address at once.
pub async fn an_address_belongs_to_one_account_whoever_races(subject: Subject) -> Kept {
    let results = subject
        .race(50, |subject, number| async move {
            let mut user = subject.new_user("ada");
            user.name = number.to_string();
            let mut tx = subject.begin().await?;
            let inserted = tx.insert_user(&user).await?;
            tx.commit().await?;
            Ok((inserted, user.id))
        })
        .await?;

    let won: Vec<UserId> = results.iter().filter(|(inserted, _)| *inserted).map(|(_, id)| *id).collect();
    assert_eq!(won.len(), 1);
    let page = subject.store.snapshot().await?.list_users("", &PageRequest::first(10)).await?;
    assert_eq!(page.items.iter().map(|user| user.id).collect::<Vec<_>>(), won);
    Ok(())
}

/// Pages follow ids, end, and take no wildcard in the prefix.
pub async fn accounts_are_listed_by_id_in_pages(subject: Subject) -> Kept {
    let mut ids = Vec::new();
    for name in ["ann1", "ann2", "bob1", "ann3", "an%n", "ann4"] {
        ids.push((name, subject.user(name).await?));
    }
    let mut anns: Vec<UserId> = ids.iter().filter(|(name, _)| name.starts_with("ann")).map(|(_, id)| *id).collect();
    anns.sort_unstable();

    let mut tx = subject.store.snapshot().await?;
    let mut listed = Vec::new();
    let mut request = PageRequest::first(3);
    let mut pages = 0;
    loop {
        let page = tx.list_users("ann", &request).await?;
        pages += 1;
        listed.extend(page.items.iter().map(|user| user.id));
        let Some(next) = page.next else { break };
        request = PageRequest::after(next, 3);
    }
    assert_eq!((listed, pages), (anns, 2));
    assert_eq!(tx.list_users("an%", &PageRequest::first(9)).await?.items.len(), 1);
    assert_eq!(tx.list_users("", &PageRequest::first(6)).await?.next, None);
    let broken = tx.list_users("", &PageRequest::after(Cursor("no cursor".to_owned()), 3)).await?;
    assert_eq!((broken.items.len(), broken.next), (0, None));
    Ok(())
}

/// An empty store says so.
pub async fn there_are_no_accounts_until_there_is_one(subject: Subject) -> Kept {
    assert!(!subject.store.snapshot().await?.has_users().await?);
    subject.user("ada").await?;
    assert!(subject.store.snapshot().await?.has_users().await?);
    Ok(())
}

/// A status that is set already is not set again, and raises nothing.
pub async fn a_change_of_status_raises_ver_once(subject: Subject) -> Kept {
    let id = subject.user("ada").await?;
    let mut tx = subject.begin().await?;
    assert_eq!(tx.set_user_status(id, UserStatus::Active).await?, None);
    assert_eq!(tx.set_user_status(id, UserStatus::Disabled).await?, Some(2));
    assert_eq!(tx.set_user_status(id, UserStatus::Disabled).await?, None);
    assert_eq!(tx.set_user_status(UserId::new(&subject.env), UserStatus::Disabled).await?, None);
    tx.commit().await?;

    let user = subject.find_user(id).await?.map(|user| (user.status, user.ver));
    assert_eq!(user, Some((UserStatus::Disabled, 2)));
    Ok(())
}

/// No two acts get the same `ver`, and none is skipped.
pub async fn racing_raises_of_ver_get_every_number_once(subject: Subject) -> Kept {
    let id = subject.user("ada").await?;
    let mut vers = subject
        .race(20, move |subject, _| async move {
            let mut tx = subject.begin().await?;
            let ver = tx.raise_user_ver(id).await?;
            tx.commit().await?;
            Ok(ver)
        })
        .await?;

    vers.sort_unstable();
    assert_eq!(vers, (2..22).map(Some).collect::<Vec<_>>());
    Ok(())
}

/// Whatever it was, it is at least that, and it never goes down.
pub async fn ver_is_raised_to_at_least_a_number(subject: Subject) -> Kept {
    let id = subject.user("ada").await?;
    for (least, wanted, reason) in [(1, 1, "it is that"), (9, 9, "raised"), (4, 9, "more already")] {
        let mut tx = subject.begin().await?;
        assert_eq!(tx.raise_user_ver_to(id, least).await?, Some(wanted), "{reason}");
        tx.commit().await?;
    }
    let mut tx = subject.begin().await?;
    assert_eq!(tx.raise_user_ver_to(UserId::new(&subject.env), 9).await?, None, "nobody");
    Ok(())
}

/// Roles keep their order; permissions are a sorted union.
pub async fn rights_are_read_with_the_person(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    for (name, permissions) in [("z", vec!["b:1", "a:2"]), ("a", vec!["a:2", "A:3", "a-b"]), ("none", vec![])] {
        let permissions = permissions.into_iter().map(str::to_owned).collect();
        tx.set_role(&Role { name: name.to_owned(), permissions }).await?;
    }
    tx.commit().await?;
    let id = subject.user_with_roles("ada", &["z", "none", "a", "z"]).await?;

    let user = subject.find_user(id).await?.expect("ada is there");
    assert_eq!(user.roles, ["z", "none", "a"]);
    assert_eq!(user.permissions, ["A:3", "a-b", "a:2", "b:1"]);
    assert_eq!(user.ver, 2);
    assert_eq!(subject.store.find_user_now(id).await?, Some(user), "the hot path reads the same");

    let mut tx = subject.begin().await?;
    assert_eq!(tx.set_user_roles(id, &[]).await?, Some(3));
    assert_eq!(tx.set_user_roles(UserId::new(&subject.env), &[]).await?, None);
    tx.commit().await?;
    assert_eq!(subject.find_user(id).await?.map(|user| user.roles), Some(vec![]));
    Ok(())
}

/// A role that does not exist cannot be given.
pub async fn only_existing_roles_are_given(subject: Subject) -> Kept {
    let id = subject.user_with_roles("ada", &["admin"]).await?;
    let mut tx = subject.begin().await?;
    let refused = tx.set_user_roles(id, &["admin".to_owned(), "made-up".to_owned()]).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    drop(tx);

    let user = subject.find_user(id).await?.map(|user| (user.roles, user.ver));
    assert_eq!(user, Some((vec!["admin".to_owned()], 2)));
    Ok(())
}

/// Disabled people and the one who is asked about do not count.
pub async fn only_other_active_people_with_the_role_count(subject: Subject) -> Kept {
    let ada = subject.user_with_roles("ada", &["admin"]).await?;
    subject.user("bob").await?;
    let mut tx = subject.begin().await?;
    assert!(tx.has_other_active_with_role("admin", None).await?);
    assert!(!tx.has_other_active_with_role("admin", Some(ada)).await?);
    tx.commit().await?;

    let eve = subject.user_with_roles("eve", &["admin"]).await?;
    let mut tx = subject.begin().await?;
    assert!(tx.has_other_active_with_role("admin", Some(ada)).await?);
    tx.set_user_status(eve, UserStatus::Disabled).await?;
    assert!(!tx.has_other_active_with_role("admin", Some(ada)).await?);
    assert!(!tx.has_other_active_with_role("made-up", None).await?);
    Ok(())
}

/// Each of five administrators leaves if another one stays: one of them must.
pub async fn of_racing_administrators_who_leave_one_stays(subject: Subject) -> Kept {
    let mut admins = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        admins.push(subject.user_with_roles(name, &["admin"]).await?);
    }
    let left = subject
        .race(admins.len(), |subject, number| {
            let id = admins.get(number).copied();
            async move {
                let id = id.expect("one racer an administrator");
                let mut tx = subject.begin().await?;
                let may_leave = tx.has_other_active_with_role("admin", Some(id)).await?;
                if may_leave {
                    tx.set_user_status(id, UserStatus::Disabled).await?;
                }
                tx.commit().await?;
                Ok(may_leave)
            }
        })
        .await?;

    assert_eq!(winners(&left), 4);
    Ok(())
}

/// Two administrators take each other's role at the same moment, each sure of staying: one of them does.
pub async fn of_two_administrators_who_demote_each_other_one_stays(subject: Subject) -> Kept {
    let ada = subject.user_with_roles("ada", &["admin"]).await?;
    let bob = subject.user_with_roles("bob", &["admin"]).await?;
    for round in 0..4 {
        let demoted = subject
            .race(2, |subject, number| async move {
                let victim = if number == 0 { bob } else { ada };
                let mut tx = subject.begin().await?;
                let may_go = tx.has_other_active_with_role("admin", Some(victim)).await?;
                if may_go {
                    tx.set_user_roles(victim, &[]).await?;
                }
                tx.commit().await?;
                Ok(may_go)
            })
            .await?;

        assert_eq!(winners(&demoted), 1, "round {round}");
        let mut tx = subject.begin().await?;
        assert!(tx.has_other_active_with_role("admin", None).await?, "round {round}");
        for admin in [ada, bob] {
            tx.set_user_roles(admin, &["admin".to_owned()]).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Nothing of a person stays but the trail.
pub async fn deleting_an_account_takes_all_it_owns(subject: Subject) -> Kept {
    let id = subject.user_with_roles("ada", &["admin"]).await?;
    let session = subject.session(id).await?;
    let other = subject.session(subject.user("bob").await?).await?;
    let token = OneTimeToken {
        secret_hash: [7; 32],
        purpose: Purpose::ClaimAdmin,
        user: Some(id),
        created_at: subject.now(),
        expires_at: subject.now() + countersign_kernel::Lifetime::from_hours(1),
    };
    let mut tx = subject.begin().await?;
    let hash = PasswordHash(Secret::new("$argon2id$x".to_owned()));
    assert!(tx.insert_password(id, &hash, subject.now()).await?);
    tx.insert_one_time_token(&token).await?;
    tx.audit(subject.record(Event::SignedUp).of(id));
    tx.commit().await?;

    let mut tx = subject.begin().await?;
    assert!(tx.delete_user(id).await?);
    assert!(!tx.delete_user(id).await?);
    tx.commit().await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.find_user(id).await?, None);
    assert!(tx.find_password(id).await?.is_none());
    assert_eq!(tx.find_session(session.id).await?, None);
    assert_eq!(tx.consume_one_time_token(&token.secret_hash, token.purpose, subject.now()).await?, None);
    assert!(!tx.has_other_active_with_role("admin", None).await?);
    assert!(tx.find_session(other.id).await?.is_some(), "others lose nothing");
    let filter = AuditFilter { person: Some(id), ..AuditFilter::default() };
    assert_eq!(tx.list_audit_records(&filter, &PageRequest::first(9)).await?.items.len(), 1);
    tx.commit().await?;

    let again = subject.user("ada").await?;
    assert_ne!(again, id, "the address is free again");
    assert_eq!(subject.store.find_session_and_user(session.id).await?, None);
    Ok(())
}

/// An address is proven once, and only while it is the account's own.
pub async fn an_address_is_proven_once(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let mut tx = subject.begin().await?;

    assert!(!tx.set_email_verified(ada, "old@example.org").await?);
    assert!(tx.set_email_verified(ada, "ada@example.org").await?);
    assert!(!tx.set_email_verified(ada, "ada@example.org").await?);

    assert!(tx.find_user(ada).await?.is_some_and(|user| user.email_verified));
    Ok(())
}

/// Twenty accounts want one address at once.
pub async fn of_racing_changes_one_gets_the_address(subject: Subject) -> Kept {
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(subject.user(&format!("user{number}")).await?);
    }

    let racers = people.clone();
    let set = subject
        .race(20, move |subject, number| {
            let user = racers.get(number).copied().expect("a racer for each");
            async move {
                let mut tx = subject.begin().await?;
                let set = tx.set_user_email(user, "Wanted@example.org", "wanted@example.org").await?;
                tx.commit().await?;
                Ok(set)
            }
        })
        .await?;

    assert_eq!(set.iter().filter(|set| **set == NewAddress::Set(2)).count(), 1);
    assert_eq!(set.iter().filter(|set| **set == NewAddress::Taken).count(), 19);
    let mut tx = subject.begin().await?;
    let owner = tx.find_user_by_email_key("wanted@example.org").await?;
    assert!(owner.is_some_and(|user| user.email_verified && user.email == "Wanted@example.org" && user.ver == 2));
    let nobody = UserId::new(&subject.env);
    assert_eq!(tx.set_user_email(nobody, "free@example.org", "free@example.org").await?, NewAddress::Gone);
    Ok(())
}

/// Known devices become unknown one account at a time.
pub async fn a_device_epoch_is_raised_for_one_account(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let mut tx = subject.begin().await?;

    assert!(tx.raise_device_epoch(ada).await?);

    assert_eq!(tx.find_user(ada).await?.map(|user| user.device_epoch), Some(1));
    assert_eq!(tx.find_user(bob).await?.map(|user| user.device_epoch), Some(0));
    assert!(!tx.raise_device_epoch(UserId::new(&subject.env)).await?);
    Ok(())
}
