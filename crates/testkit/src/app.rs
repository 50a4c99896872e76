//! The whole system in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use countersign::System;
use countersign::mail::Mailbox;
use countersign_account::{Managed, RoleVerdict};
use countersign_audit::Actor::Operator;
use countersign_jose::testing::TestToken;
use countersign_kernel::{Env, Origin, RequestId};
use countersign_session::CreateMachineVerdict;
use countersign_store::Store;
use countersign_store_sql::testing::Temporary;
use tokio::net::TcpListener;

use crate::actor::Actor;
use crate::browser::World;
use crate::clock::ManualClock;
use crate::gates::Gates;
use crate::mint;
use crate::security_key::SecurityKey;
use crate::served::Served;
use crate::transport::Transport;

mod builder;

pub use builder::TestAppBuilder;

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
    /// What was mailed, where the app was built with mail.
    pub mailbox: Mailbox,
    seed: u64,
    world: World,
    router: Router,
    database: Option<Arc<Temporary>>,
}

impl TestApp {
    /// Starts one with defaults: limits are on, hashing is the cheapest there is.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Begins one with settings of its own.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
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
        // Mails of one moment have no order: what was mailed for this comes before what the test does.
        let _ = self.mails().await;
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

    /// Makes a machine of this name, as an operator would; its key opens the revocation feed.
    ///
    /// # Panics
    /// There is one of that name.
    #[expect(clippy::panic, clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn machine(&self, name: &str) -> String {
        let (sessions, origin) = (self.system.auth().sessions(), self.local());
        match sessions.create_machine(name, Operator, &origin).await.expect("the store is there") {
            CreateMachineVerdict::Created(_, key) => key.expose().clone(),
            refused => panic!("{name}: {refused:?}"),
        }
    }

    /// An authenticator before a browser on a page of this system.
    #[must_use]
    pub fn security_key(&self) -> SecurityKey {
        SecurityKey::new(&self.world.public_url)
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
    pub fn mint(&self, actor: &Actor) -> TestToken {
        mint::token(self.system.keyring(), actor.claims(), &self.world.env)
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
