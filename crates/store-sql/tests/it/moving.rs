//! A move that is cut off, a target that is not what it should be, clocks that differ. What people see of a move is told where
//! the command is (`crates/server/tests/it/migrate.rs`).

use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::{Clock, Env, Secret, SystemEntropy, Timestamp};
use countersign_store::{Root, Store};
use countersign_store_sql::moving::{MoveError, Moving};
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, OpenError, Options, SqlStore};
use rusqlite::Connection;
use sqlx::Executor;

use crate::server::Schema;

/// A database with something in it, which nobody has open.
async fn file(root: &[u8]) -> Temporary {
    let (store, guard) = SqlStore::temporary(Env::system()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let created_at = tx.now();
    tx.keep_root(&Root { name: "refresh".to_owned(), sealed: root.to_vec(), created_at }).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    guard
}

fn writes(guard: &Temporary) -> bool {
    let connection = Connection::open(guard.path()).unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection.execute("UPDATE revocation_head SET seq = seq + 1", []).is_ok()
}

async fn open(url: &Secret<String>) -> Result<Arc<SqlStore>, OpenError> {
    SqlStore::open(Database::Postgres { url: url.clone() }, Env::system(), Options::default()).await
}

/// A move whose copy is made, and whose file is still open.
async fn copied(guard: &Temporary, url: &Secret<String>) -> Moving {
    let mut moving = Moving::begin(&guard.path(), url, &Env::system()).await.unwrap();
    assert!(!moving.copy().await.unwrap().is_empty());
    moving
}

async fn moved(guard: &Temporary, url: &Secret<String>) {
    copied(guard, url).await.finish(Env::system().now()).await.unwrap();
}

/// Why a move does not even begin.
async fn refusal(guard: &Temporary, url: &Secret<String>, env: &Env) -> MoveError {
    Moving::begin(&guard.path(), url, env).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_move_that_is_cut_off_leaves_the_file_alive_and_the_target_unfinished() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    let mut moving = Moving::begin(&guard.path(), &url, &Env::system()).await.unwrap();
    assert!(!writes(&guard), "nothing is written behind the back of the copy");
    assert!(moving.copy().await.is_ok());

    // As a crash would, after the copy and before the file is closed.
    drop(moving);

    assert!(writes(&guard));
    assert!(matches!(open(&url).await, Err(OpenError::Unfinished)));
    moved(&guard, &url).await;
    assert!(!writes(&guard));
    let store = open(&url).await.unwrap();
    assert_eq!(store.heads().await.unwrap().0.seq, 1, "what was written in between is there");
    store.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_move_that_is_cut_off_between_the_two_commits_is_finished_by_the_next_run() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    let moving = copied(&guard, &url).await;
    schema.cut().await;
    let cut_off = moving.finish(Env::system().now()).await.unwrap_err();

    assert!(matches!(cut_off, MoveError::AlmostDone { .. }), "{cut_off}");
    assert!(!writes(&guard));
    assert!(matches!(open(&url).await, Err(OpenError::Unfinished)));

    let moving = Moving::begin(&guard.path(), &url, &Env::system()).await.unwrap();
    assert!(moving.is_closed());
    moving.finish(Env::system().now()).await.unwrap();

    open(&url).await.unwrap().close().await;
    assert!(!writes(&guard));
    schema.drop().await;
}

#[tokio::test]
async fn a_copy_is_on_the_disk_of_a_server_that_asks_this_of_nobody() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    drop(copied(&guard, &url).await);
    let check = "CREATE FUNCTION be_durable() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
                 IF current_setting(''synchronous_commit'') <> ''on'' THEN RAISE EXCEPTION ''lax''; END IF; RETURN NULL; END'; \
                 CREATE TRIGGER be_durable BEFORE INSERT ON roots FOR EACH STATEMENT EXECUTE FUNCTION be_durable()";
    schema.connect().await.execute(check).await.unwrap();

    let lax = Secret::new(format!("{}&options[synchronous_commit]=off", url.expose()));
    moved(&guard, &lax).await;

    assert!(!writes(&guard));
    schema.drop().await;
}

#[tokio::test]
async fn the_unfinished_copy_of_another_installation_is_left_alone() {
    let Some(schema) = Schema::make().await else { return };
    let (one, other, url) = (file(b"one").await, file(b"other").await, schema.url());
    let mut moving = Moving::begin(&one.path(), &url, &Env::system()).await.unwrap();
    assert!(moving.copy().await.is_ok());
    assert!(matches!(refusal(&other, &url, &Env::system()).await, MoveError::Busy));
    drop(moving);

    let refused = refusal(&other, &url, &Env::system()).await;

    assert!(matches!(refused, MoveError::OtherSource { .. }), "{refused}");
    moved(&one, &url).await;
    schema.drop().await;
}

#[tokio::test]
async fn a_value_that_postgres_cannot_keep_is_named_and_nothing_is_moved() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    let role = "INSERT INTO roles (name) VALUES ('a' || char(0) || 'b')";
    Connection::open(guard.path()).unwrap().execute(role, []).unwrap();

    let mut moving = Moving::begin(&guard.path(), &url, &Env::system()).await.unwrap();
    let refused = moving.copy().await.unwrap_err();

    assert!(refused.to_string().contains("a row of roles has a value in name"), "{refused}");
    drop(moving);
    assert!(writes(&guard));
    schema.drop().await;
}

#[derive(Debug)]
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Env::system().now().as_micros() + self.0 * 1_000_000)
    }
}

#[tokio::test]
async fn clocks_that_are_apart_are_set_right_first() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    for (seconds, is_refused) in [(-3_600, true), (-20, false), (20, false), (60, true)] {
        let env = Env::new(Arc::new(Off(seconds)), Arc::new(SystemEntropy));
        let begun = Moving::begin(&guard.path(), &url, &env).await.map(drop);
        assert_eq!(matches!(begun, Err(MoveError::Clocks { .. })), is_refused, "{seconds}: {begun:?}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn what_was_moved_is_not_moved_again_and_comes_back_only_from_where_it_went() {
    let Some(schema) = Schema::make().await else { return };
    let (guard, url) = (file(b"root").await, schema.url());
    assert!(matches!(Moving::undo(&guard.path(), &url).await, Err(MoveError::NotMoved)));
    moved(&guard, &url).await;

    let again = refusal(&guard, &url, &Env::system()).await;

    assert!(matches!(again, MoveError::AlreadyMoved { .. }), "{again}");
    let reopened = SqlStore::open(Database::Sqlite { path: guard.path() }, Env::system(), Options::default()).await;
    assert!(matches!(reopened.map(drop), Err(OpenError::Moved { .. })));
    schema.drop().await;
}
