//! Promises of `Roles`.

use std::time::Duration;

use countersign_store::{Error, Role};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::subject::{Kept, Subject};

fn role(name: &str, permissions: &[&str]) -> Role {
    Role { name: name.to_owned(), permissions: permissions.iter().map(|p| (*p).to_owned()).collect() }
}

/// `admin` is there from the beginning and stays.
pub async fn the_role_admin_exists_and_stays(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    assert_eq!(tx.list_roles().await?, [role("admin", &[])]);
    let refused = tx.delete_role("admin").await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    Ok(())
}

/// A role is replaced whole; its permissions come back sorted, once each.
pub async fn a_role_is_made_and_replaced(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    assert_eq!(tx.set_role(&role("clerk", &["orders:write", "orders:read", "orders:read"])).await?, []);
    assert_eq!(tx.set_role(&role("Baker", &["a"])).await?, []);
    tx.commit().await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.find_role("clerk").await?, Some(role("clerk", &["orders:read", "orders:write"])));
    assert_eq!(tx.set_role(&role("clerk", &[])).await?, []);
    tx.commit().await?;

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.find_role("clerk").await?, Some(role("clerk", &[])));
    assert_eq!(tx.find_role("nothing").await?, None);
    let names: Vec<String> = tx.list_roles().await?.into_iter().map(|role| role.name).collect();
    assert_eq!(names, ["Baker", "admin", "clerk"]);
    Ok(())
}

/// A space would make two words of one when they are read back.
pub async fn names_with_a_space_are_refused(subject: Subject) -> Kept {
    for wrong in [role("two words", &[]), role("", &[]), role("clerk", &["orders read"]), role("clerk", &[""])] {
        let mut tx = subject.begin().await?;
        let refused = tx.set_role(&wrong).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{wrong:?}: {refused:?}");
    }
    Ok(())
}

/// Whoever has the role is named, with the `ver` that his old tokens are below.
pub async fn a_change_of_a_role_raises_ver_of_its_holders(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.set_role(&role("clerk", &["a"])).await?;
    tx.set_role(&role("other", &["b"])).await?;
    tx.commit().await?;
    let ada = subject.user_with_roles("ada", &["clerk", "other"]).await?;
    let bob = subject.user_with_roles("bob", &["other"]).await?;

    let mut tx = subject.begin().await?;
    assert_eq!(tx.set_role(&role("clerk", &["a", "c"])).await?, [(ada, 3)]);
    tx.commit().await?;
    let user = subject.find_user(ada).await?.map(|user| (user.ver, user.permissions.join(" ")));
    assert_eq!(user, Some((3, "a b c".to_owned())));

    let mut tx = subject.begin().await?;
    let mut raised = tx.delete_role("other").await?.expect("the role was there");
    raised.sort_unstable();
    let mut expected = vec![(ada, 4), (bob, 3)];
    expected.sort_unstable();
    assert_eq!(raised, expected);
    assert_eq!(tx.delete_role("other").await?, None);
    tx.commit().await?;

    assert_eq!(subject.find_user(ada).await?.map(|user| user.roles), Some(vec!["clerk".to_owned()]));
    assert_eq!(subject.find_user(bob).await?.map(|user| (user.roles, user.ver)), Some((vec![], 3)));
    Ok(())
}

/// A role is given, and its permissions changed, at the same time: whoever commits second raises `ver`, or saw the first. Else
/// a token minted in between would keep the old rights until it expires.
pub async fn a_role_given_while_it_changes_leaves_no_stale_right(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.set_role(&role("clerk", &["old"])).await?;
    tx.commit().await?;
    let ada = subject.user("ada").await?;
    let mut giving = subject.begin().await?;
    giving.set_user_roles(ada, &["clerk".to_owned()]).await?;

    // The change goes as far as it can while the giving is not committed, and is committed after the token was minted.
    let (minted, mint) = oneshot::channel::<()>();
    let mut changing = {
        let subject = subject.clone();
        tokio::spawn(async move {
            let mut tx = subject.begin().await?;
            tx.set_role(&role("clerk", &["new"])).await?;
            // The one who mints does not go away.
            let _ = mint.await;
            tx.commit().await
        })
    };
    let early = timeout(Duration::from_millis(200), &mut changing).await;
    assert!(early.is_err(), "it cannot be over yet");
    giving.commit().await?;
    let token = subject.store.find_user_now(ada).await?.expect("ada is there");
    let _ = minted.send(());
    changing.await.expect("the change does not panic")?;

    let now = subject.find_user(ada).await?.expect("ada is there");
    assert_eq!(now.permissions, ["new"]);
    assert!(token.permissions == now.permissions || token.ver < now.ver, "{token:?} is not below {now:?}");
    Ok(())
}

/// Two roles of one person change at once: he ends up with what both give now.
pub async fn two_roles_of_one_person_change_at_once(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.set_role(&role("baker", &["old:bread"])).await?;
    tx.set_role(&role("clerk", &["old:orders"])).await?;
    tx.commit().await?;
    let ada = subject.user_with_roles("ada", &["baker", "clerk"]).await?;
    let mut first = subject.begin().await?;
    first.set_role(&role("baker", &["new:bread"])).await?;

    let mut second = {
        let subject = subject.clone();
        tokio::spawn(async move {
            let mut tx = subject.begin().await?;
            tx.set_role(&role("clerk", &["new:orders"])).await?;
            tx.commit().await
        })
    };
    assert!(timeout(Duration::from_millis(200), &mut second).await.is_err(), "it waits for the first");
    first.commit().await?;
    second.await.expect("the change does not panic")?;

    let user = subject.find_user(ada).await?.map(|user| (user.permissions.join(" "), user.ver));
    assert_eq!(user, Some(("new:bread new:orders".to_owned(), 4)));
    Ok(())
}
