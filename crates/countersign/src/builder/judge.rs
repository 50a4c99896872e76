//! What settings are good for besides building: judging them, taking them up in a running system, putting a backup in place.

use std::path::{Path, PathBuf};

use countersign_kernel::{Env, Secret};
use countersign_keys::MasterKey;
use countersign_session::Policy as SessionPolicy;

use super::Builder;
use super::database::Place;
use crate::backup::BackupError;
use crate::error::Error;
use crate::public_url::PublicUrl;
use crate::restore::{Restore, Target};
use crate::system::System;

impl Builder {
    /// All that is wrong with these settings, without opening anything: what [`Builder::build`] would refuse.
    #[must_use]
    pub fn problems(&self) -> Vec<Error> {
        let env = self.env.clone().unwrap_or_else(Env::system);
        let key = |text: &Secret<String>| MasterKey::from_text(text.expose()).map_err(Error::from);
        let origins =
            |url: PublicUrl| Ok::<_, Error>(countersign_http::check_cors_origins(url.as_str(), &self.allowed_origins)?);
        let session = SessionPolicy { issuer: "-".to_owned(), audience: "-".to_owned(), ..self.session.clone() };
        let checks = [
            self.checked_public_url().and_then(origins).err(),
            self.place().err(),
            self.hasher(&env).err(),
            self.master_key.as_ref().and_then(|text| key(text).err()),
            session.check().map_err(Error::from).err(),
            self.table().err(),
            self.mailer.as_ref().and_then(|mailer| self.checked_public_url().and_then(|url| mailer.check(&url)).err()),
        ];
        checks.into_iter().flatten().collect()
    }

    /// Has a running system take up what can be taken up while it runs: the named limits, the trusted proxies and the allowed origins
    /// of these settings. Everything else stays as it is.
    ///
    /// # Errors
    /// The first of [`Builder::problems`]; nothing has changed then.
    pub fn reload(&self, system: &System) -> Result<(), Error> {
        if let Some(problem) = self.problems().into_iter().next() {
            return Err(problem);
        }
        system.auth().reload(self.trusted_proxies.clone(), &self.allowed_origins)?;
        if let (Some(tunable), Some(policies)) = (&system.engine().limits, &self.limits) {
            tunable.tune(policies.clone());
        }
        Ok(())
    }

    /// Checks the backup at `from` and lays it ready to be put in the place of the database that these settings name. Nobody
    /// may have that open.
    ///
    /// # Errors
    /// [`BackupError`]; nothing has changed then.
    pub async fn restore(self, from: &Path) -> Result<Restore, BackupError> {
        let database = match self.place()? {
            Place::Sqlite(path) => path,
            Place::Postgres(..) => return Err(BackupError::NotSqlite),
            Place::Given => PathBuf::new(),
        };
        let target = Target {
            database,
            env: self.env.unwrap_or_else(Env::system),
            data_dir: self.data_dir,
            master_key: self.master_key,
            idle: self.session.idle,
        };
        Restore::prepare(from, target).await
    }
}
