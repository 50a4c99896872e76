//! A PostgreSQL database for one test: a schema of its own on the server that `cargo xtask test` brings.

use std::env;
use std::net::SocketAddr;

use countersign_kernel::{Env, RequestId};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A schema of one test.
pub(crate) struct Place {
    server: String,
    name: String,
    path: String,
}

impl Place {
    /// A new one; none where no server is given, which the test says.
    #[expect(clippy::disallowed_methods, reason = "where the server is, is the one thing a test cannot know by itself")]
    pub(crate) async fn make() -> Option<Self> {
        let Ok(server) = env::var("COUNTERSIGN_TEST_POSTGRES") else {
            assert!(env::var_os("COUNTERSIGN_REQUIRE_POSTGRES").is_none(), "COUNTERSIGN_TEST_POSTGRES is not set");
            eprintln!("skipped: COUNTERSIGN_TEST_POSTGRES names no server");
            return None;
        };
        Some(Self::on(&server).await)
    }

    /// A new one on this server.
    pub(crate) async fn on(server: &str) -> Self {
        let name = RequestId::new(&Env::system()).to_string();
        let place = Self { server: server.to_owned(), path: name.clone(), name };
        place.run(&format!("CREATE SCHEMA {}", place.name)).await;
        place
    }

    /// The same on another server, which has a copy of it.
    pub(crate) fn moved_to(&self, server: &str) -> Self {
        Self { server: server.to_owned(), name: self.name.clone(), path: self.path.clone() }
    }

    /// From now on this database's clock, and no other's, is ahead by so many microseconds. Of use before the first node starts.
    pub(crate) async fn set_ahead(&mut self, micros: i64) {
        // What is named before the catalogue is found before it.
        self.path = format!("{},pg_catalog", self.name);
        self.run(&format!(
            "CREATE FUNCTION {}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS \
             'SELECT pg_catalog.clock_timestamp() + INTERVAL ''{micros} microseconds'''",
            self.name
        ))
        .await;
    }

    /// What nodes are told.
    pub(crate) fn url(&self) -> String {
        let Self { server, name, path } = self;
        format!("{server}?options[search_path]={path}&application_name={name}")
    }

    /// The same by way of another address.
    pub(crate) fn url_by(&self, address: SocketAddr) -> String {
        let (before, after) = self.url().split_once("127.0.0.1:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}{address}{rest}")
    }

    /// Where the server listens.
    pub(crate) fn server_address(&self) -> SocketAddr {
        let after = self.server.split('@').nth(1).unwrap();
        after.split('/').next().unwrap().parse().unwrap()
    }

    /// Cuts every connection into it, as a restart of the server would.
    pub(crate) async fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        self.run(&format!("{cut} AND application_name = '{}'", self.name)).await;
    }

    /// One number.
    pub(crate) async fn count(&self, text: &str) -> i64 {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(text.to_owned())).fetch_one(&mut connection).await.unwrap()
    }

    /// Takes it away. Not done by a test that fails: what it has left can be looked at.
    pub(crate) async fn drop(self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    /// Runs statements in it.
    pub(crate) async fn change(&self, text: &str) {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        connection.execute(AssertSqlSafe(text.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn run(&self, text: &str) {
        let mut connection = PgConnection::connect(&self.server).await.unwrap();
        connection.execute(AssertSqlSafe(text.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }
}
