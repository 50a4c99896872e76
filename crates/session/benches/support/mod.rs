//! A floor of sessions on a SQLite file, with the machine's own time and chance.

use std::sync::Arc;

use countersign_kernel::{Env, Lifetime, Origin, RequestId, UserId};
use countersign_keys::{KeyPolicy, Keyring, MasterKey, Roots};
use countersign_limit::Unlimited;
use countersign_session::{NewSession, Policy, Sessions};
use countersign_store::{Delivery, NewUser, Session, Store, User};
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, Options, SqlStore};

/// A floor, and one person.
pub struct Floor {
    pub sessions: Sessions,
    pub store: Arc<SqlStore>,
    pub env: Env,
    pub user: User,
    _guard: Temporary,
}

impl Floor {
    /// A floor that remembers this many verified tokens. The window is zero: a session rotates as often as it is asked to.
    pub async fn start(remembered_tokens: usize) -> Self {
        let env = Env::system();
        let guard = Temporary::new().unwrap();
        let database = Database::Sqlite { path: guard.path() };
        let store = SqlStore::open(database, env.clone(), Options::default()).await.unwrap();
        let master = MasterKey::generate(&env);
        let roots = Roots::load_or_make(store.as_ref(), &master, &env).await.unwrap();
        let shared = Arc::clone(&store) as Arc<dyn Store>;
        let keyring = Keyring::start(Arc::clone(&shared), master, env.clone(), KeyPolicy::default()).await.unwrap();
        let policy = Policy { window: Lifetime::ZERO, remembered_tokens, ..Policy::new("https://id.example") };
        let limiter = Arc::new(Unlimited);
        let sessions = Sessions::start(shared, env.clone(), keyring, &roots, limiter, policy, None).await.unwrap();
        let user = someone(store.as_ref(), &env).await;
        Self { sessions, store, env, user, _guard: guard }
    }

    pub fn origin(&self) -> Origin {
        Origin::local(RequestId::new(&self.env))
    }

    /// A new session of the one person.
    pub async fn session(&self) -> Session {
        let new = NewSession {
            delivery: Delivery::Cookie,
            remember: true,
            amr: vec!["pwd".to_owned()],
            device: None,
            origin: self.origin(),
            auth_time: self.sessions.now(),
        };
        let mut tx = self.store.begin().await.unwrap();
        let session = self.sessions.open(tx.as_mut(), &self.user, new).await.unwrap();
        tx.commit().await.unwrap();
        session
    }

    /// Access tokens of one session.
    pub async fn access_tokens(&self, count: usize) -> Vec<String> {
        let session = self.session().await;
        let mut tokens = Vec::with_capacity(count);
        for _ in 0..count {
            tokens.push(self.sessions.access_for(&session, &self.user).await.unwrap().token);
        }
        tokens
    }
}

async fn someone(store: &SqlStore, env: &Env) -> User {
    let mut tx = store.begin().await.unwrap();
    let new = NewUser {
        id: UserId::new(env),
        email: "ada@example.org".to_owned(),
        email_key: "ada@example.org".to_owned(),
        email_verified: true,
        name: "Ada".to_owned(),
        created_at: env.now(),
    };
    tx.insert_user(&new).await.unwrap();
    tx.set_user_roles(new.id, &["admin".to_owned()]).await.unwrap();
    let user = tx.find_user(new.id).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    user
}
