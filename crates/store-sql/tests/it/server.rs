//! A PostgreSQL server for tests: a schema of its own for each.

use std::env;

use countersign_kernel::{Env, RequestId, Secret};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A schema of one test.
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// A new schema; none where no server is given, which the test says.
    #[expect(clippy::disallowed_methods, reason = "where the server is, is the one thing a test cannot know by itself")]
    pub(crate) async fn make() -> Option<Self> {
        let Ok(server) = env::var("COUNTERSIGN_TEST_POSTGRES") else {
            assert!(
                env::var_os("COUNTERSIGN_REQUIRE_POSTGRES").is_none(),
                "COUNTERSIGN_REQUIRE_POSTGRES is set, COUNTERSIGN_TEST_POSTGRES is not"
            );
            eprintln!("skipped: COUNTERSIGN_TEST_POSTGRES names no server");
            return None;
        };
        let schema = Self { server, name: RequestId::new(&Env::system()).to_string() };
        schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
        Some(schema)
    }

    /// Where a store finds it.
    pub(crate) fn url(&self) -> Secret<String> {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        let Self { server, name } = self;
        Secret::new(format!("{server}{separator}options[search_path]={name}&application_name={name}"))
    }

    /// Cuts every connection into it.
    pub(crate) async fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        self.run(format!("{cut} AND application_name = '{}'", self.name)).await;
    }

    /// A connection into it.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(self.url().expose()).await.expect("the server answers")
    }

    /// Takes it away. Not done by a test that fails: what it has left can be looked at.
    pub(crate) async fn drop(self) {
        self.run(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    async fn run(&self, text: String) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the server answers");
        connection.execute(AssertSqlSafe(text)).await.expect("the statement runs");
        connection.close().await.expect("the connection closes");
    }
}
