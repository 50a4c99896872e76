//! What an actor has in its hands: where it is, and what it keeps between calls.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_kernel::{Clock, Env};
use serde_json::Value;

use crate::described::Site;
use crate::jar::Jar;
use crate::reply::Reply;
use crate::transport::Transport;

/// Where actors live: how to reach the system, what it is called, what time it is.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) transport: Transport,
    pub(crate) public_url: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) env: Env,
    pub(crate) site: Site,
}

impl World {
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// What is kept between calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) jar: Jar,
    pub(crate) access: Option<String>,
    /// The refresh token, for a program that keeps it itself.
    pub(crate) refresh: Option<String>,
    pub(crate) user: String,
    pub(crate) session: String,
    pub(crate) attempt: Option<String>,
    pub(crate) last_attempt: Option<String>,
}

/// A browser, or a program that stands in for one. Clones share their memory.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) world: World,
    pub(crate) memory: Arc<Mutex<Memory>>,
    pub(crate) peer: SocketAddr,
    pub(crate) user_agent: String,
    pub(crate) is_browser: bool,
}

impl Browser {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            memory: Arc::default(),
            peer: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 50_000)),
            user_agent: "Mozilla/5.0 (test)".to_owned(),
            is_browser: true,
        }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the tokens and names that an answer brings; cookies are kept by each call.
    pub(crate) fn keep(&self, reply: &Reply) {
        let body = reply.json();
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mut memory = self.memory();
        if let Some(token) = text("/accessToken") {
            memory.access = Some(token);
        }
        if let Some(token) = text("/refreshToken") {
            memory.refresh = Some(token);
        }
        if let Some(id) = text("/user/id") {
            memory.user = id;
        }
        if let Some(id) = text("/session/id") {
            memory.session = id;
        }
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("peer", &self.peer).finish_non_exhaustive()
    }
}
