//! What is particular to PostgreSQL: the server's clock, several nodes, what a server does to its clients.

use countersign_kernel::{Lifetime, SessionId, Timestamp};
use countersign_store::{Effect, Error, NewRevocation, Store, Target};
use countersign_store_contract::Subject;
use countersign_store_sql::{Database, OpenError, Options, SqlStore};
use sqlx::Executor;

use crate::server::Schema;

async fn subject(schema: &Schema) -> Subject {
    let (env, clock) = Subject::environment();
    let store = SqlStore::on_test_clock(schema.url(), env.clone()).await.unwrap();
    Subject { store, env, clock }
}

async fn open(schema: &Schema, subject: &Subject) -> Result<std::sync::Arc<SqlStore>, OpenError> {
    SqlStore::open(Database::Postgres { url: schema.url() }, subject.env.clone(), Options::default()).await
}

fn apart(a: Timestamp, b: Timestamp) -> Lifetime {
    a.since(b).max(b.since(a))
}

// attack 56
#[tokio::test]
async fn the_servers_clock_is_believed() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    let near = Lifetime::from_seconds(5);
    let store = open(&schema, &subject).await.unwrap();
    let server = store.begin().await.unwrap().now();
    assert!(apart(server, subject.now()) > Lifetime::from_hours(1), "the test's clock stands elsewhere");
    assert!(apart(store.now(), server) < near);
    assert!(apart(store.snapshot().await.unwrap().now(), server) < near);

    subject.clock.advance(Lifetime::from_hours(3));
    assert!(apart(store.now(), server) > Lifetime::from_hours(2));
    store.measure_clock().await.unwrap();
    assert!(apart(store.now(), server) < near, "measured anew");

    store.close().await;
    subject.store.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    subject.store.close().await;
    let mut connection = schema.connect().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'from the future', TRUE, '\\x00', 0)";
    connection.execute(newer).await.unwrap();

    let error = open(&schema, &subject).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error:?}");
    schema.drop().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_not_shown() {
    let Some(schema) = Schema::make().await else { return };
    let url = countersign_kernel::Secret::new("postgres://ada:hunter2@[nonsense/x".to_owned());
    let error = SqlStore::on_test_clock(url, Subject::environment().0).await.err().unwrap();

    assert!(matches!(error, OpenError::Address(_)));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_revocations_together() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    let other = open(&schema, &subject).await.unwrap();
    subject
        .race(40, |subject, number| {
            let store = if number % 2 == 0 { subject.store.clone() } else { other.clone() };
            async move {
                let mut tx = store.begin().await?;
                tx.revoke(NewRevocation {
                    target: Target::Session(SessionId::new(&subject.env)),
                    effect: Effect::Ended,
                    at: subject.now(),
                    until: subject.now(),
                    reason: "test".to_owned(),
                });
                tx.commit().await
            }
        })
        .await
        .unwrap();

    assert_eq!(subject.store.heads().await.unwrap(), other.heads().await.unwrap());
    assert_eq!(other.heads().await.unwrap().0.seq, 40);
    other.close().await;
    subject.store.close().await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_transactions_that_wait_for_each_other_one_is_told_to_try_again() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    let (ada, bob) = (subject.user("ada").await.unwrap(), subject.user("bob").await.unwrap());
    let mut one = subject.begin().await.unwrap();
    let mut two = subject.begin().await.unwrap();
    one.raise_user_ver(ada).await.unwrap();
    two.raise_user_ver(bob).await.unwrap();

    let (first, second) = tokio::join!(
        async {
            let raised = one.raise_user_ver(bob).await;
            drop(one);
            raised
        },
        async {
            let raised = two.raise_user_ver(ada).await;
            drop(two);
            raised
        }
    );
    let lost = [&first, &second].iter().filter(|raised| matches!(raised, Err(Error::Conflict(_)))).count();
    assert_eq!(lost, 1, "{first:?} {second:?}");
    subject.store.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_lock_that_does_not_come_makes_the_database_unavailable() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    let ada = subject.user("ada").await.unwrap();
    let mut stuck = schema.connect().await;
    stuck.execute("BEGIN").await.unwrap();
    stuck.execute("UPDATE users SET name = 'stuck'").await.unwrap();

    let mut tx = subject.begin().await.unwrap();
    let waited = tx.raise_user_ver(ada).await;
    assert!(matches!(waited, Err(Error::Unavailable(_))), "{waited:?}");
    drop(tx);
    stuck.execute("ROLLBACK").await.unwrap();
    subject.store.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn the_store_outlives_its_connections() {
    let Some(schema) = Schema::make().await else { return };
    let subject = subject(&schema).await;
    let ada = subject.user("ada").await.unwrap();
    let session = subject.session(ada).await.unwrap();
    assert!(subject.store.find_session_and_user(session.id).await.unwrap().is_some());
    schema.cut().await;

    for _ in 0..20 {
        let found = subject.store.find_session_and_user(session.id).await;
        assert!(matches!(found, Ok(Some(_)) | Err(Error::Unavailable(_))), "{found:?}");
    }
    assert!(subject.store.find_session_and_user(session.id).await.unwrap().is_some());
    subject.store.close().await;
    schema.drop().await;
}

/// Nobody polls here: what is heard was told.
#[tokio::test]
async fn what_one_process_revokes_is_told_to_another_with_the_commit_and_to_no_other_installation() {
    let Some((schema, strange)) = Schema::make().await.zip(Schema::make().await) else { return };
    let (here, elsewhere) = (subject(&schema).await, subject(&strange).await);
    let there = open(&schema, &here).await.unwrap();
    let listener = there.revocation_listener().unwrap();
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let listening = tokio::spawn(async move { listener.listen(move |is_news| said.send(is_news).unwrap()).await });
    assert_eq!(heard.recv().await, Some(false), "it listens");

    revoke(&elsewhere).await;
    let mut given_up = here.store.begin().await.unwrap();
    given_up.revoke(revocation(&here));
    drop(given_up);
    assert!(heard.try_recv().is_err(), "neither another's nor what was not committed");
    revoke(&here).await;

    assert_eq!(heard.recv().await, Some(true));
    assert_eq!(there.snapshot().await.unwrap().revocation_head().await.unwrap().seq, 1);
    // Cut off, it returns, so that whoever listens begins anew.
    schema.cut().await;
    let _ = listening.await.unwrap();
    assert_eq!(heard.recv().await, None, "one message, and no more");
    there.close().await;
    here.store.close().await;
    elsewhere.store.close().await;
    schema.drop().await;
    strange.drop().await;
}

fn revocation(subject: &Subject) -> NewRevocation {
    NewRevocation {
        target: Target::Session(SessionId::new(&subject.env)),
        effect: Effect::Ended,
        at: subject.now(),
        until: subject.now() + Lifetime::from_minutes(20),
        reason: "signed_out".to_owned(),
    }
}

async fn revoke(subject: &Subject) {
    let mut tx = subject.store.begin().await.unwrap();
    tx.revoke(revocation(subject));
    tx.commit().await.unwrap();
}
