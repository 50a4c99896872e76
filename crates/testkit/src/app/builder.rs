//! Settings of a test app, and how it is put together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use countersign::mail::Mailbox;
use countersign::{Auth, AuthExt, Builder, Mailer, Params};
use countersign_kernel::{Env, Secret};
use countersign_store_sql::SqlStore;
use countersign_store_sql::testing::Temporary;

use super::TestApp;
use crate::browser::World;
use crate::chance::SeededEntropy;
use crate::clock::ManualClock;
use crate::described::Site;
use crate::gates::{GatedStore, Gates};
use crate::transport::Transport;

/// The master key of every test app: no more secret than the rest of it.
const MASTER_KEY: &str = "c2FibGUtb3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci0";

/// How hard a first challenge is: solved in less than a millisecond.
const CHEAP_CHALLENGE: u32 = 1_000;

/// Where the data are.
enum Kept {
    Temporary,
    Beside(Arc<Temporary>),
    Postgres(Secret<String>),
    DataDir(PathBuf),
}

/// Settings of a [`TestApp`].
#[must_use]
pub struct TestAppBuilder {
    clock: ManualClock,
    seed: u64,
    public_url: String,
    settings: Vec<Box<dyn FnOnce(Builder) -> Builder + Send>>,
    kept: Kept,
    janitor: bool,
    site: Box<dyn FnOnce(Auth) -> Router + Send>,
    mailbox: Mailbox,
    whose: Site,
}

impl Default for TestAppBuilder {
    fn default() -> Self {
        Self {
            clock: ManualClock::default(),
            seed: 1,
            public_url: "https://auth.example.com".to_owned(),
            settings: Vec::new(),
            kept: Kept::Temporary,
            janitor: false,
            site: Box::new(|auth: Auth| auth.site()),
            mailbox: Mailbox::default(),
            whose: Site::Own,
        }
    }
}

impl TestAppBuilder {
    /// What the system is called; `https://auth.example.com` without it.
    pub fn public_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.public_url);
        self
    }

    /// The sequence of chance; 1 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Changes what the system is built from.
    pub fn with(mut self, change: impl FnOnce(Builder) -> Builder + Send + 'static) -> Self {
        self.settings.push(Box::new(change));
        self
    }

    /// Sends mail, into a mailbox in memory.
    pub fn with_mail(self) -> Self {
        let mailbox = self.mailbox.clone();
        self.with(move |builder| builder.mail(Mailer::memory(&mailbox).from("Example <auth@example.com>")))
    }

    /// Switches limits off, for tests of something else that asks often.
    pub fn without_limits(self) -> Self {
        self.with(Builder::danger_without_limits)
    }

    /// Runs on this PostgreSQL database, which must be empty or a test's own.
    pub fn on_postgres(mut self, url: &str) -> Self {
        self.kept = Kept::Postgres(Secret::new(url.to_owned()));
        self
    }

    /// Runs on this data directory, with the database and the master key that the system itself makes there: to be started
    /// again on what an earlier one has left. A later app needs another [`TestAppBuilder::seed`], or it makes the same ids.
    pub fn on_data_dir(mut self, path: &Path) -> Self {
        self.kept = Kept::DataDir(path.to_owned());
        self
    }

    /// Another process on the temporary database of `app`, at the same time and by the same keys. Dropping `app` before
    /// [`TestAppBuilder::start`] makes it a restart.
    ///
    /// # Panics
    /// `app` is on a database of another kind.
    #[expect(clippy::panic, reason = "a test harness fails its test")]
    pub fn beside(mut self, app: &TestApp) -> Self {
        let Some(database) = &app.database else { panic!("only a temporary database has room for another process") };
        self.kept = Kept::Beside(Arc::clone(database));
        self.seed = app.seed.wrapping_add(1);
        self.clock(&app.clock)
    }

    /// Lets the janitor work by itself, in real time.
    pub fn with_janitor(mut self) -> Self {
        self.janitor = true;
        self
    }

    /// Goes by this clock, for two apps of one time.
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Adds an app's own routes beside the system's.
    pub fn routes(mut self, routes: impl FnOnce(Auth) -> Router + Send + 'static) -> Self {
        self.site = Box::new(move |auth: Auth| auth.site().merge(routes(auth.clone())));
        self.whose = Site::Shared;
        self
    }

    /// Drives this app instead of the system's own site.
    pub fn app(mut self, app: impl FnOnce(Auth) -> Router + Send + 'static) -> Self {
        self.site = Box::new(app);
        self.whose = Site::Shared;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// Something could not be opened.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn start(self) -> TestApp {
        let env = Env::new(Arc::new(self.clock.clone()), Arc::new(SeededEntropy::new(self.seed)));
        let mut builder =
            Auth::builder().public_url(&self.public_url).env(env.clone()).danger_weak_hashing(Params::CHEAPEST);
        builder = builder.challenge_difficulty(CHEAP_CHALLENGE);
        if !self.janitor {
            builder = builder.without_janitor();
        }
        let mut database = None;
        let master_key = Secret::new(MASTER_KEY.to_owned());
        match self.kept {
            Kept::Temporary => {
                let (store, guard) = SqlStore::temporary(env.clone()).await.expect("a temporary database opens");
                builder = builder.store(store).master_key(master_key);
                database = Some(Arc::new(guard));
            }
            Kept::Beside(guard) => {
                let store = SqlStore::beside(&guard, env.clone()).await.expect("the database opens again");
                builder = builder.store(store).master_key(master_key);
                database = Some(guard);
            }
            Kept::Postgres(url) => {
                let store = SqlStore::on_test_clock(url, env.clone()).await.expect("the database opens");
                builder = builder.store(store).master_key(master_key);
            }
            Kept::DataDir(path) => builder = builder.data_dir(path),
        }
        for change in self.settings {
            builder = change(builder);
        }
        let gates = Gates::default();
        let within = gates.clone();
        builder = builder.between(move |inner| Arc::new(GatedStore { inner, gates: within.clone() }));
        let system = builder.build_system().await.expect("the system is built");
        let router = (self.site)(system.auth().clone());
        let world = World {
            transport: Transport::Router(router.clone()),
            public_url: self.public_url,
            clock: Arc::new(self.clock.clone()),
            env,
            site: self.whose,
        };
        TestApp { clock: self.clock, system, gates, mailbox: self.mailbox, seed: self.seed, world, router, database }
    }
}
