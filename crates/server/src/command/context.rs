//! What a command on a server's data works with.

use countersign::{PublicUrl, System};
use countersign_account::Accounts;
use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Lifetime, Origin, RequestId, UserId};
use countersign_session::Sessions;
use countersign_store::User;

use super::failure::{Exit, Failure};
use super::output::Output;
use crate::config::{Config, Sources, Use};
use crate::wire;

/// Who acts: whoever may run commands here.
pub const OPERATOR: Actor = Actor::Operator;

/// Whether a command may make the data that it does not find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It reads: there must be some.
    MustExist,
    /// It writes: a first key or account may come before the first start.
    MayBeMade,
}

/// The opened data of a server.
pub struct Context {
    /// The system.
    pub system: System,
    /// Where to print.
    pub output: Output,
}

impl Context {
    /// Opens the data that the configuration names.
    ///
    /// # Errors
    /// The configuration is refused, or the data are not there or cannot be opened.
    pub async fn open(sources: &Sources, output: Output, data: Data) -> Result<Self, Failure> {
        Self::open_with(sources, output, data, None).await
    }

    /// Opens the data, runs `act` on them, and closes them; where a command that the audit trail calls `verb` was refused, that is
    /// written down.
    ///
    /// # Errors
    /// Those of [`Context::open`] and of `act`.
    pub async fn run(
        sources: &Sources,
        output: Output,
        data: Data,
        verb: Option<&str>,
        act: impl AsyncFnOnce(&Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let context = Self::open(sources, output, data).await?;
        let done = act(&context).await;
        context.note_refusal(verb, &done).await;
        context.close().await;
        done
    }

    /// Opens them with access tokens that live as long as `access`.
    ///
    /// # Errors
    /// Those of [`Context::open`].
    pub async fn open_with(
        sources: &Sources,
        output: Output,
        data: Data,
        access: Option<Lifetime>,
    ) -> Result<Self, Failure> {
        let config = Config::load(sources, Use::Command)?;
        let fallback = || PublicUrl::parse("http://localhost:8420");
        let public_url = config.general.public_url.clone().map_or_else(fallback, Ok);
        let public_url = public_url.map_err(|e| Failure::usage(e.to_string()))?;
        let mut builder = wire::builder(&config, &public_url).without_janitor();
        if data == Data::MustExist && !builder.has_database().await? {
            let hint = match config.general.database_file() {
                Some(_) => "start a server there once, or name its place with --data-dir or DATA_DIR",
                None => "start a server on it once, or name another one with DATABASE",
            };
            let text = format!("there is no database at {}; {hint}", config.general.database_shown());
            return Err(Failure::not_found(text));
        }
        #[cfg(feature = "driven-clock")]
        {
            builder = builder.env(crate::driven::env()?);
        }
        // A command has no address to look for, and must not wait for the table.
        #[cfg(feature = "geo")]
        {
            builder = builder.geo(None, None);
        }
        if !config.tokens.algorithm_is_chosen {
            // The server may have been told in a way that this command was not: its keys must not be replaced for that.
            builder = builder.keep_algorithm();
        }
        if let Some(access) = access {
            builder = builder.access_lifetime(access);
        }
        Ok(Self { system: builder.build_system().await?, output })
    }

    /// Closes the data.
    pub async fn close(self) {
        self.system.shut_down().await;
    }

    /// Accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        self.system.auth().accounts()
    }

    /// Sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        self.system.auth().sessions()
    }

    /// This command as the audit trail names it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::local(RequestId::new(self.system.env()))
    }

    /// Writes down that `command` was refused, if it was: that it asked for something that is not there or may not be. What was
    /// asked for stands in no record, because it may be somebody's address.
    pub async fn note_refusal(&self, command: Option<&str>, done: &Result<(), Failure>) {
        let reason = match done {
            Err(failure) if failure.exit == Exit::NotFound => "not_found",
            Err(failure) if failure.exit == Exit::Denied => "denied",
            _ => return,
        };
        let Some(command) = command else { return };
        let write = async {
            let mut tx = self.system.store().begin().await?;
            let record = Record::new(Event::CommandRefused, OPERATOR, &self.origin(), tx.now(), self.system.env());
            tx.audit(record.refused(reason).with("command", command));
            tx.commit().await
        };
        if let Err(error) = write.await {
            tracing::warn!(%error, command, "could not write down that a command was refused");
        }
    }

    /// The account with this id or address.
    ///
    /// # Errors
    /// There is none.
    pub async fn user(&self, id_or_email: &str) -> Result<User, Failure> {
        let found = self.accounts().find_user(id_or_email).await?;
        found.ok_or_else(|| Failure::not_found(format!("there is no account {id_or_email}")))
    }

    /// The id of the account with this id or address. An id is taken as it is: the trail speaks of deleted accounts too.
    ///
    /// # Errors
    /// There is no such address.
    pub async fn subject(&self, id_or_email: &str) -> Result<UserId, Failure> {
        match id_or_email.parse() {
            Ok(id) => Ok(id),
            Err(_) => Ok(self.user(id_or_email).await?.id),
        }
    }
}
