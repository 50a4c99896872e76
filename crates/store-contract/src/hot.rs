//! Promises of `Hot`.

use countersign_kernel::{Lifetime, Secret, SessionId, UserId};
use countersign_store::{EndReason, Ended, PasswordHash, RefreshRow, RefreshWrite, Role, RowState, UserStatus};

use crate::subject::{Kept, Subject};

/// The hot read sees every commit that was acknowledged, by either path.
pub async fn the_hot_read_sees_what_was_committed(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?;
    for _ in 0..20 {
        let (before, _) = subject.store.find_session_and_user(session.id).await?.expect("it is there");
        let write = subject.rotation(&before);
        assert!(subject.store.write_refresh_and_find_user(&write).await?.is_some());
        let (after, _) = subject.store.find_session_and_user(session.id).await?.expect("it is there");
        assert_eq!(after.row, write.row);

        let mut tx = subject.begin().await?;
        let ver = tx.raise_user_ver(ada).await?;
        tx.commit().await?;
        let (_, user) = subject.store.find_session_and_user(session.id).await?.expect("it is there");
        assert_eq!(Some(user.ver), ver);
        assert_eq!(subject.store.find_user_now(ada).await?, Some(user));
    }
    Ok(())
}

/// What is not there is not found, and not an error.
pub async fn the_hot_path_finds_nothing_where_nothing_is(subject: Subject) -> Kept {
    let session = subject.new_session(UserId::new(&subject.env));
    assert_eq!(subject.store.find_session_and_user(SessionId::new(&subject.env)).await?, None);
    assert_eq!(subject.store.find_user_now(session.user).await?, None);
    assert_eq!(subject.store.write_refresh_and_find_user(&subject.rotation(&session)).await?, None);
    Ok(())
}

/// A sign-in begins with one reading: whose address it is, and the hash of his password, if he has one.
pub async fn the_hot_path_finds_a_person_and_the_password_by_address(subject: Subject) -> Kept {
    let (ada, bob) = (subject.user("ada").await?, subject.user("bob").await?);
    let hash = PasswordHash(Secret::new("$argon2id$of-ada".to_owned()));
    let mut tx = subject.begin().await?;
    assert!(tx.insert_password(ada, &hash, subject.now()).await?);
    tx.commit().await?;

    for (name, id, expected) in [("ada", ada, Some("$argon2id$of-ada")), ("bob", bob, None)] {
        let found = subject.store.find_user_and_password(&format!("{name}@example.org")).await?;
        let (user, hash) = found.expect("the person is there");
        assert_eq!(Some(&user), subject.find_user(id).await?.as_ref());
        assert_eq!(hash.as_ref().map(|hash| hash.0.expose().as_str()), expected);
    }
    for nobody in ["", "Ada@example.org", "carl@example.org"] {
        assert!(subject.store.find_user_and_password(nobody).await?.is_none(), "{nobody}");
    }
    Ok(())
}

/// Fifty judges of one version write at once.
pub async fn a_version_is_written_over_once_on_the_hot_path(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let written = subject
        .race(50, |subject, number| {
            let mut write = subject.rotation(&session);
            write.row.generation = 100 + u64::try_from(number).unwrap_or(0);
            async move {
                let user = subject.store.write_refresh_and_find_user(&write).await?;
                Ok((user, write.row))
            }
        })
        .await?;

    let won: Vec<_> = written.into_iter().filter_map(|(user, row)| user.map(|user| (user.id, row))).collect();
    assert_eq!(won.len(), 1);
    let now = subject.find_session(session.id).await?.map(|session| (session.user, session.row));
    assert_eq!(now.as_ref(), won.first());
    Ok(())
}

/// Two paths, one row: of a hot write and an ordinary one of the same version one wins.
pub async fn both_paths_respect_one_version(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let written = subject
        .race(20, |subject, number| {
            let write = subject.rotation(&session);
            async move {
                if number % 2 == 0 {
                    return Ok(subject.store.write_refresh_and_find_user(&write).await?.is_some());
                }
                let mut tx = subject.begin().await?;
                let written = tx.write_refresh(&write).await?;
                tx.commit().await?;
                Ok(written)
            }
        })
        .await?;

    assert_eq!(crate::subject::winners(&written), 1);
    Ok(())
}

/// Many sessions are written at once, each by its own write, while ordinary transactions go on.
pub async fn many_sessions_are_written_at_once(subject: Subject) -> Kept {
    let mut sessions = Vec::new();
    for number in 0..10 {
        let user = subject.user(&format!("user{number}")).await?;
        for _ in 0..15 {
            sessions.push(subject.session(user).await?);
        }
    }
    let users = subject
        .race(sessions.len() + 10, |subject, number| {
            let session = sessions.get(number).cloned();
            async move {
                let Some(session) = session else {
                    let user = subject.user(&format!("late{number}")).await?;
                    return Ok((user, user));
                };
                let write = subject.rotation(&session);
                let user = subject.store.write_refresh_and_find_user(&write).await?.expect("nobody else writes it");
                Ok((user.id, session.user))
            }
        })
        .await?;

    assert!(users.iter().all(|(read, own)| read == own), "each answer is of its own session");
    for session in sessions {
        let generation = subject.find_session(session.id).await?.map(|session| session.row.generation);
        assert_eq!(generation, Some(1));
    }
    Ok(())
}

/// The claims of the new token are those of the moment of the write.
pub async fn the_hot_write_reads_the_rights_of_its_moment(subject: Subject) -> Kept {
    let mut tx = subject.begin().await?;
    tx.set_role(&Role { name: "clerk".to_owned(), permissions: vec!["orders:read".to_owned()] }).await?;
    tx.commit().await?;
    let ada = subject.user_with_roles("ada", &["clerk", "admin"]).await?;
    let session = subject.session(ada).await?;
    let mut tx = subject.begin().await?;
    tx.set_user_status(ada, UserStatus::Disabled).await?;
    tx.commit().await?;

    let user = subject.store.write_refresh_and_find_user(&subject.rotation(&session)).await?;
    assert_eq!(user, subject.find_user(ada).await?);
    let user = user.expect("ada is there");
    assert_eq!((user.roles.join(" ").as_str(), user.ver, user.is_active()), ("clerk admin", 3, false));
    Ok(())
}

/// A server that died has forgotten a commit, and what was written since has the same number: what was judged is not there any more.
pub async fn a_hot_write_tells_two_rows_of_one_version_apart(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let write = subject.rotation(&session);
    let judged = write.judged;

    for other in [
        RowState { version: judged.version + 1, ..judged },
        RowState { generation: judged.generation + 1, ..judged },
        RowState { seen_at: judged.seen_at + Lifetime::from_micros(1), ..judged },
    ] {
        let row = RefreshRow { version: other.version + 1, ..write.row.clone() };
        let other = RefreshWrite { judged: other, row, ..write.clone() };
        assert_eq!(subject.store.write_refresh_and_find_user(&other).await?, None, "{other:?}");
        let mut tx = subject.begin().await?;
        assert!(!tx.write_refresh(&other).await?, "{other:?}");
        tx.commit().await?;
    }

    assert_eq!(subject.find_session(session.id).await?.map(|session| session.row), Some(session.row));
    assert!(subject.store.write_refresh_and_find_user(&write).await?.is_some());
    Ok(())
}

/// A session that ends while it is being refreshed ends.
pub async fn a_hot_write_never_revives_an_ended_session(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    for _ in 0..10 {
        let session = subject.session(ada).await?;
        let ended = Ended { at: subject.now(), reason: EndReason::SignedOut };
        let id = session.id;
        subject
            .race(8, |subject, number| {
                let write = subject.rotation(&session);
                async move {
                    if number == 3 {
                        let mut tx = subject.begin().await?;
                        assert!(tx.end_session(id, ended).await?.is_some());
                        return tx.commit().await;
                    }
                    subject.store.write_refresh_and_find_user(&write).await.map(drop)
                }
            })
            .await?;

        let after = subject.find_session(id).await?.expect("its row stays");
        assert_eq!(after.row.ended, Some(ended));
        assert_eq!(subject.store.write_refresh_and_find_user(&subject.rotation(&after)).await?, None);
    }
    Ok(())
}

/// An ending that comes by the hot path is an ending.
pub async fn a_hot_write_may_end_the_session(subject: Subject) -> Kept {
    let ada = subject.user("ada").await?;
    let session = subject.session(ada).await?;
    let mut theft = subject.rotation(&session);
    theft.row.ended = Some(Ended { at: subject.now(), reason: EndReason::Theft });

    let user = subject.store.write_refresh_and_find_user(&theft).await?;
    assert_eq!(user.map(|user| user.id), Some(ada));
    assert_eq!(subject.find_session(session.id).await?.map(|session| session.row), Some(theft.row.clone()));
    assert_eq!(subject.store.write_refresh_and_find_user(&theft).await?, None);
    Ok(())
}
