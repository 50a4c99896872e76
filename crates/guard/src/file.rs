//! Revocations that somebody carries to a service which reaches no feed.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::Env;

use crate::error::Error;
use crate::feed::snapshot;
use crate::revocations::Revocations;

/// A file with the data of a `snapshot` event: `{"revocations":[…]}`.
pub(crate) struct Carried {
    path: PathBuf,
    revocations: Arc<Revocations>,
    env: Env,
}

impl Carried {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// It cannot be read, or is something else.
    pub(crate) fn read(path: PathBuf, revocations: Arc<Revocations>, env: Env) -> Result<Self, Error> {
        let text = fs::read_to_string(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        let Some(some) = snapshot(&text) else {
            return Err(Error::Content { path, why: "no list of revocations".to_owned() });
        };
        revocations.live.add(some);
        Ok(Self { path, revocations, env })
    }

    /// Reads it again each minute, for ever: what a new file says is merged, and nothing is forgotten that it no longer says.
    pub(crate) async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(EACH).await;
            let read = tokio::fs::read_to_string(&self.path).await.ok();
            match read.as_deref().and_then(snapshot) {
                Some(some) => self.revocations.live.add(some),
                None => {
                    tracing::warn!(path = %self.path.display(), "could not read revocations: those that are held go on")
                }
            }
            // Nobody signs a time here, so this machine's must do.
            self.revocations.live.sweep(self.env.now());
        }
    }
}

const EACH: Duration = Duration::from_secs(60);
