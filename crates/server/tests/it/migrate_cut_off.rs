//! `countersign migrate` held in the midst of the copy: what a running server answers meanwhile, and what is left when the command is
//! killed there. Also a master key that is not the file's.
//!
//! The copy is held by a trigger in the target that waits for a lock of the test. A target that has tables before the copy is one that
//! was moved into and taken back.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::nodes::place::Place;
use crate::support::{server, soon};

/// Holds every copy into a place when it comes to the sessions, for as long as it lives.
struct Gate {
    holder: PgConnection,
    number: i64,
}

impl Gate {
    async fn close(place: &Place) -> Self {
        let number = place.count("SELECT CAST(CAST('sessions' AS regclass) AS oid)::bigint").await;
        place
            .change(&format!(
                "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN PERFORM pg_advisory_xact_lock({number}); RETURN NULL; END'; \
                 CREATE TRIGGER gate BEFORE INSERT ON sessions FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()"
            ))
            .await;
        let mut holder = PgConnection::connect(&place.url()).await.unwrap();
        holder.execute(AssertSqlSafe(format!("SELECT pg_advisory_lock({number})"))).await.unwrap();
        Self { holder, number }
    }

    /// Waits until somebody stands before it.
    async fn reached(&self, place: &Place) {
        let waiting = format!(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {} AND NOT granted",
            self.number
        );
        for _ in 0..1_000 {
            if place.count(&waiting).await == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody came to the gate");
    }

    /// Lets whoever waits go on, and takes it away once he has left the table.
    async fn open(self, place: &Place) {
        self.holder.close().await.unwrap();
        place.change("DROP FUNCTION wait_at_gate() CASCADE").await;
    }
}

const MIGRATE: [&str; 4] = ["migrate", "--from", "sqlite", "--to"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_in_the_midst_leaves_the_server_serving_and_the_next_one_finishes() {
    let Some(place) = Place::make().await else { return };
    let url = place.url();
    let migrate = [&MIGRATE[..], &[&url]].concat();
    let mut old = server().start().await;
    let [ada, bob, carl] = [old.member("ada").await, old.member("bob").await, old.member("carl").await];
    old.kill();
    let _ = old.run(&migrate).expect(0);
    let _ = old.run(&[&migrate[..], &["--undo"]].concat()).expect(0);
    let mut old = old.restart().await;
    let [ada, bob, carl] = [&ada, &bob, &carl].map(|person| old.meet_again(person));
    let gate = Gate::close(&place).await;
    let mut moving = old.begin(&migrate);
    gate.reached(&place).await;

    // Nothing that was answered for is behind the back of the copy: it was not done, and says so.
    let (signed_out, refreshed) = tokio::join!(ada.sign_out(), bob.refresh());
    for reply in [&signed_out, &refreshed] {
        assert_eq!((reply.status(), reply.code().as_str()), (503, "OVERLOADED"), "{reply}");
        assert!(!reply.header("retry-after").is_empty());
    }
    let _ = carl.get("/api/auth/verify").await.expect(200);
    moving.kill().unwrap();
    let _ = moving.wait().unwrap();

    let _ = soon(|| ada.sign_out(), |reply| reply.status() == 200).await;
    let _ = bob.refresh().await.expect(200);
    gate.open(&place).await;
    let refused = server().setting("DATABASE", &url).run(&["serve"], "").expect(5);
    assert!(refused.err.contains("unfinished copy of a SQLite file"), "{}", refused.err);

    let report = old.run(&[&migrate[..], &["--json"]].concat()).expect(0).json();
    assert_eq!(report["moved"], true, "{report}");
    assert_eq!(old.ended().code(), Some(1), "{}", old.log());
    let new = old.restart_with("DATABASE", &url).await;
    let [ada, bob, carl] = [&ada, &bob, &carl].map(|person| new.meet_again(person));
    assert_eq!(ada.refresh().await.status(), 401, "signed out after the first run");
    for person in [&bob, &carl] {
        assert_eq!(person.refresh().await.expect(200).refresh_case(), "5-rotated");
    }
    drop(new);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_another_master_key_nothing_is_moved() {
    let Some(place) = Place::make().await else { return };
    let old = server().start().await;
    let ada = old.member("ada").await;
    let file = format!("sqlite://{}", old.folder().join("countersign-data/countersign.db").display());
    let url = place.url();
    let arguments = ["migrate", "--from", &file, "--to", &url];

    let other = server().start().await;
    let stranger = other.run(&arguments);

    assert_ne!(stranger.code, Some(0));
    assert!(stranger.err.to_lowercase().contains("master key"), "{}", stranger.err);
    assert_eq!(place.count("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").await, 0);
    let _ = ada.refresh().await.expect(200);
    place.drop().await;
}
