//! A PostgreSQL schema for one test, where `COUNTERSIGN_TEST_POSTGRES` names a server.

use std::env;

use countersign_kernel::{Env, RequestId, Secret};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The URL of a new schema; none where no server is given, which the test says.
#[expect(clippy::disallowed_methods, reason = "where the server is, is the one thing a test cannot know by itself")]
pub(crate) async fn make_schema() -> Option<Secret<String>> {
    let Ok(server) = env::var("COUNTERSIGN_TEST_POSTGRES") else {
        assert!(env::var_os("COUNTERSIGN_REQUIRE_POSTGRES").is_none(), "COUNTERSIGN_TEST_POSTGRES is not set");
        eprintln!("skipped on PostgreSQL: COUNTERSIGN_TEST_POSTGRES names no server");
        return None;
    };
    let name = RequestId::new(&Env::system()).to_string();
    let mut connection = PgConnection::connect(&server).await.expect("the server answers");
    connection.execute(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).await.expect("the statement runs");
    connection.close().await.expect("the connection closes");
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(Secret::new(format!("{server}{separator}options[search_path]={name}&application_name={name}")))
}
