//! Promises of `Sessions::write_noticed`: what a session has been seen with since it began.

use countersign_store::noticed::{MOST_NETWORKS, MOST_USER_AGENTS};
use countersign_store::{Error, Mark, Noticed, Session};

use crate::subject::{Kept, Subject, winners};

/// As much as a row can hold.
pub(crate) fn full() -> Vec<Noticed> {
    let families = (0..MOST_USER_AGENTS).map(|n| Mark::UserAgent(format!("Browser {n} on Ünix")));
    let networks = (0..MOST_NETWORKS).map(|n| Mark::Network(format!("2001:db8:{n}::/48")));
    let marks = families.chain(networks).enumerate();
    marks.map(|(n, mark)| Noticed { mark, is_proven: n.is_multiple_of(2) }).collect()
}

fn one(network: &str) -> Vec<Noticed> {
    vec![Noticed { mark: Mark::Network(network.to_owned()), is_proven: false }]
}

/// Nothing else of the row moves but its version; and whoever judged the version before is told.
pub async fn what_was_noticed_is_written_over_the_judged_version_alone(subject: Subject) -> Kept {
    let before = subject.session(subject.user("ada").await?).await?;
    let judged = before.row.version;
    let mut tx = subject.begin().await?;
    assert!(tx.write_noticed(before.id, judged, &full()).await?);
    assert!(!tx.write_noticed(before.id, judged, &one("192.0.2.0/24")).await?, "the version has moved on");
    assert!(!tx.write_refresh(&subject.rotation(&before)).await?, "for a refresh as well");
    tx.commit().await?;

    let mut expected = Session { noticed: full(), ..before };
    expected.row.version += 1;
    assert_eq!(subject.find_session(expected.id).await?.as_ref(), Some(&expected));
    let write = subject.rotation(&expected);
    assert!(subject.store.write_refresh_and_find_user(&write).await?.is_some());
    let hot = subject.store.find_session_and_user(expected.id).await?.map(|(session, _)| session.noticed);
    assert_eq!(hot, Some(full()), "a refresh keeps it");

    let mut tx = subject.begin().await?;
    assert!(tx.write_noticed(expected.id, write.row.version, &[]).await?);
    tx.commit().await?;
    assert_eq!(subject.find_session(expected.id).await?.map(|session| session.noticed), Some(vec![]));
    Ok(())
}

/// Fifty requests come from one new network at once.
pub async fn of_racers_who_notice_the_same_one_writes(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let (id, judged) = (session.id, session.row.version);
    let written = subject
        .race(50, move |subject, _| async move {
            let mut tx = subject.begin().await?;
            let written = tx.write_noticed(id, judged, &one("198.51.100.0/24")).await?;
            tx.commit().await?;
            Ok(written)
        })
        .await?;

    assert_eq!(winners(&written), 1);
    assert_eq!(subject.find_session(id).await?.map(|session| session.row.version), Some(judged + 1));
    Ok(())
}

/// Refused before it is written.
pub async fn a_list_longer_than_any_may_be_is_refused(subject: Subject) -> Kept {
    let session = subject.session(subject.user("ada").await?).await?;
    let long = [one("192.0.2.0/24"), full()].concat();
    for wrong in [long, one(""), one("two\nlines"), one(&"x".repeat(65))] {
        let mut tx = subject.begin().await?;
        let refused = tx.write_noticed(session.id, session.row.version, &wrong).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    assert_eq!(subject.find_session(session.id).await?, Some(session));
    Ok(())
}
