//! The whole system in this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use countersign::{Auth, AuthExt, Builder, Params, System};
use countersign_account::{Managed, RoleVerdict};
use countersign_audit::Actor::Operator;
use countersign_kernel::{Env, Origin, RequestId, Secret};
use countersign_store::Store;
use countersign_store_sql::SqlStore;
use countersign_store_sql::testing::Temporary;
use tokio::net::TcpListener;

use crate::actor::Actor;
use crate::browser::World;
use crate::chance::SeededEntropy;
use crate::clock::ManualClock;
use crate::gates::{GatedStore, Gates};
use crate::mint::TokenMint;
use crate::served::Served;
use crate::transport::Transport;

/// The master key of every test app: no more secret than the rest of it.
const MASTER_KEY: &str = "c2FibGUtb3R0ZXItbGFudGVybi1zdG9uZS1yaXZlci0";

/// The whole system on a temporary database, with time and chance under control.
///
/// Nothing happens by itself: [`TestApp::upkeep`] does what the janitor would.
pub struct TestApp {
    /// The time. Advance it; it does not move by itself.
    pub clock: ManualClock,
    /// The system, for what cannot be seen through the front door.
    pub system: System,
    /// Gates between the system and its database. [`TestApp::store`] goes past them.
    pub gates: Gates,
    seed: u64,
    world: World,
    router: Router,
    database: Option<Arc<Temporary>>,
}

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
        self
    }

    /// Drives this app instead of the system's own site.
    pub fn app(mut self, app: impl FnOnce(Auth) -> Router + Send + 'static) -> Self {
        self.site = Box::new(app);
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
        };
        TestApp { clock: self.clock, system, gates, seed: self.seed, world, router, database }
    }
}

impl TestApp {
    /// Starts one with defaults: limits are on, hashing is the cheapest there is.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Begins one with settings of its own.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder {
            clock: ManualClock::default(),
            seed: 1,
            public_url: "https://auth.example.com".to_owned(),
            settings: Vec::new(),
            kept: Kept::Temporary,
            janitor: false,
            site: Box::new(|auth: Auth| auth.site()),
        }
    }

    /// Somebody in a browser who has no account.
    #[must_use]
    pub fn visitor(&self) -> Actor {
        Actor::new(self.world.clone(), "visitor")
    }

    /// Somebody with this name who has not registered yet.
    #[must_use]
    pub fn stranger(&self, name: &str) -> Actor {
        Actor::new(self.world.clone(), name)
    }

    /// Somebody who has registered in a browser and is signed in.
    ///
    /// # Panics
    /// The registration was refused.
    pub async fn member(&self, name: &str) -> Actor {
        let actor = self.stranger(name);
        let _ = actor.register().await.expect(201);
        actor
    }

    /// A member with these roles, which are made where they do not exist, already in its access token.
    ///
    /// # Panics
    /// Something was refused.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn member_with_roles(&self, name: &str, roles: &[&str]) -> Actor {
        let actor = self.member(name).await;
        let known = self.system.auth().accounts().list_roles().await.expect("roles are read");
        for role in roles.iter().filter(|name| !known.iter().any(|role| role.name == **name)) {
            self.set_role(role, &[]).await;
        }
        self.give_roles(&actor, roles).await;
        let _ = actor.refresh().await.expect(200);
        actor
    }

    /// Makes a role, or replaces what it permits, as an operator would.
    ///
    /// # Panics
    /// The names are unlawful.
    #[expect(clippy::panic, clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn set_role(&self, name: &str, permissions: &[&str]) {
        let permissions: Vec<String> = permissions.iter().map(|p| (*p).to_owned()).collect();
        let (accounts, origin) = (self.system.auth().accounts(), self.local());
        let verdict = accounts.set_role(name, &permissions, Operator, &origin).await.expect("the store is there");
        if !matches!(verdict, RoleVerdict::Done(_)) {
            panic!("{name}: {verdict:?}");
        }
    }

    /// Gives an actor these roles and no others, as an operator would. Its access token is superseded.
    ///
    /// # Panics
    /// A role does not exist.
    #[expect(clippy::panic, clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn give_roles(&self, actor: &Actor, roles: &[&str]) {
        let names: Vec<String> = roles.iter().map(|r| (*r).to_owned()).collect();
        let id = actor.user_id().parse().expect("a member has an id");
        let (accounts, origin) = (self.system.auth().accounts(), self.local());
        let verdict = accounts.set_user_roles(id, &names, Operator, &origin).await.expect("the store is there");
        if !matches!(verdict, Managed::Done(_) | Managed::Unchanged(_)) {
            panic!("{roles:?}: {verdict:?}");
        }
    }

    /// An origin for verbs that are called without a request.
    #[must_use]
    pub fn local(&self) -> Origin {
        Origin::local(RequestId::new(self.env()))
    }

    /// The same person, met again after a restart or at another node: it keeps what it holds.
    #[must_use]
    pub fn meet_again(&self, actor: &Actor) -> Actor {
        actor.moved_to(self.world.clone())
    }

    /// Begins a token that is not quite this actor's access token.
    pub fn mint(&self, actor: &Actor) -> TokenMint {
        TokenMint::new(self.system.keyring(), actor.claims(), &self.world.env)
    }

    /// The router, for requests of one's own.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The store, for what cannot be seen through the front door.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.system.store()
    }

    /// Time and chance of this app.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.world.env
    }

    /// Does what the janitor would: follows other processes, seals the trail, keeps schedules, sweeps.
    ///
    /// # Panics
    /// Something failed.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn upkeep(&self) {
        self.system.upkeep().await.expect("upkeep works");
    }

    /// Serves the app on a loopback socket as well, until the answer is dropped.
    ///
    /// # Panics
    /// No port is free.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn serve(&self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, service).await;
        });
        let world = World { transport: Transport::Socket(address), ..self.world.clone() };
        Served::new(address, world, task)
    }
}
