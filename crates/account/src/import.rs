//! Brings in accounts from another system, with the hashes of their passwords.
//!
//! Promises: one transaction a batch, each account with its hash, roles and audit record in it, or not at all; an address that is
//! known here is left as it is; a hash that cannot be kept is told and its account made without a password, so that nobody can
//! sign in to it by one; nothing is believed of an address or a role that the operator did not say to believe, and nothing in a
//! file makes an administrator; a rehearsal does the same and takes all of it back. Of a file as many users are held as one batch
//! has, and 16 bytes for each address.
//!
//! Passwords are not measured by the policy: nobody knows them. The next change is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret, UserId};
use countersign_password::LegacyHash;
use countersign_store::{ImportSecret, NewUser, PasswordHash, Tx, UserStatus};

use crate::accounts::{Accounts, retrying};
use crate::email::EmailAddress;
use crate::error::Error;
use crate::import_note::ImportNote;
use crate::name::Name;
use crate::role::ADMIN;

/// A user of another system.
#[derive(Debug, Clone)]
pub struct ImportUser {
    /// Where it stands in the file: for the report.
    pub place: u64,
    /// The address.
    pub email: String,
    /// Whether the other system had proven it.
    pub is_verified: bool,
    /// What the person is called; the local part of the address without it.
    pub name: Option<String>,
    /// Whether the other system let the person in no more.
    pub is_disabled: bool,
    /// Names of roles there.
    pub roles: Vec<String>,
    /// The password's hash.
    pub hash: Option<ImportHash>,
}

/// A password's hash as the other system gave it.
#[derive(Debug, Clone)]
pub struct ImportHash {
    /// The text, which [`LegacyHash::parse`] may or may not understand.
    pub text: Secret<String>,
    /// A pepper or a signer key that belongs to it.
    pub secret: Option<Arc<Secret<Vec<u8>>>>,
}

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// What the file is, for the audit trail: `auth0`.
    pub source: String,
    /// Whether everything is taken back in the end.
    pub is_rehearsal: bool,
    /// Whether the file is believed where it says that an address is verified.
    pub keep_verified: bool,
    /// Whether a verified person gets the roles that the file names, as far as they exist here. Never `admin`.
    pub keep_roles: bool,
    /// Roles for everyone.
    pub roles: Vec<String>,
}

/// Whether an import can begin.
#[derive(Debug)]
pub enum BeginImport {
    /// Go on with [`Import::take`].
    Begun(Box<Import>),
    /// There is no role of this name.
    UnknownRole(String),
}

/// What became of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Where it stands in the file.
    pub place: u64,
    /// The account, where one was made.
    pub made: Option<Made>,
    /// What did not fit.
    pub notes: Vec<ImportNote>,
}

/// An account that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Its id. Nobody's after a rehearsal.
    pub id: UserId,
    /// The kind of its hash; none where it has no password.
    pub hash: Option<&'static str>,
    /// Whether it is disabled.
    pub is_disabled: bool,
}

/// An import under way.
#[derive(Debug)]
pub struct Import {
    accounts: Accounts,
    options: ImportOptions,
    actor: Actor,
    origin: Origin,
    known_roles: BTreeSet<String>,
    /// The addresses that came before, and where.
    seen: HashMap<[u8; 16], u64>,
}

/// A user whose fields are acceptable.
struct Candidate {
    place: u64,
    email: EmailAddress,
    is_verified: bool,
    name: Name,
    is_disabled: bool,
    roles: Vec<String>,
    hash: Option<LegacyHash>,
    notes: Vec<ImportNote>,
}

/// The secrets that the hashes of one batch need, by their names.
type Secrets = BTreeMap<String, Arc<Secret<Vec<u8>>>>;

impl Accounts {
    /// Begins an import.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn begin_import(
        &self,
        options: ImportOptions,
        actor: Actor,
        origin: &Origin,
    ) -> Result<BeginImport, Error> {
        let known_roles: BTreeSet<String> = self.list_roles().await?.into_iter().map(|role| role.name).collect();
        if let Some(role) = options.roles.iter().find(|role| !known_roles.contains(*role)) {
            return Ok(BeginImport::UnknownRole(role.clone()));
        }
        let (accounts, origin, seen) = (self.clone(), origin.clone(), HashMap::new());
        Ok(BeginImport::Begun(Box::new(Import { accounts, options, actor, origin, known_roles, seen })))
    }
}

impl Import {
    /// Brings in a batch, in one transaction; what became of each, in the same order. A few hundred are a good batch: until it is
    /// done nobody else writes on SQLite.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing of this batch has happened then.
    pub async fn take(&mut self, users: Vec<ImportUser>) -> Result<Vec<Imported>, Error> {
        let mut secrets = Secrets::new();
        let read: Vec<_> = users.into_iter().map(|user| self.read(user, &mut secrets)).collect();
        retrying(|| async {
            let mut tx = self.accounts.store().begin().await?;
            let mut told = Vec::with_capacity(read.len());
            for candidate in &read {
                told.push(match candidate {
                    Ok(candidate) => self.write(tx.as_mut(), candidate).await?,
                    Err(skipped) => skipped.clone(),
                });
            }
            for (name, secret) in &secrets {
                self.keep(tx.as_mut(), name, secret).await?;
            }
            if !self.options.is_rehearsal {
                tx.commit().await?;
            }
            Ok(told)
        })
        .await
    }

    fn read(&mut self, user: ImportUser, secrets: &mut Secrets) -> Result<Candidate, Imported> {
        let skipped = |note| Imported { place: user.place, made: None, notes: vec![note] };
        let email = EmailAddress::parse(user.email.trim())
            .map_err(|error| skipped(ImportNote::AddressInvalid(error.message)))?;
        if let Some(first) = self.seen.insert(fingerprint(email.key()), user.place) {
            self.seen.insert(fingerprint(email.key()), first);
            return Err(skipped(ImportNote::AddressTwice { first }));
        }
        let mut notes = Vec::new();
        let name = self.read_name(user.name.as_deref(), &email, &mut notes);
        let name = name.map_err(|error| skipped(ImportNote::AddressInvalid(error)))?;
        let is_verified = self.options.keep_verified && user.is_verified;
        let roles = self.read_roles(&user.roles, is_verified, &mut notes);
        let hash = user.hash.and_then(|hash| self.read_hash(&hash, secrets).map_err(|note| notes.push(note)).ok());
        let (place, is_disabled) = (user.place, user.is_disabled);
        Ok(Candidate { place, email, is_verified, name, is_disabled, roles, hash, notes })
    }

    /// The name, or the local part of the address.
    fn read_name(
        &self,
        given: Option<&str>,
        email: &EmailAddress,
        notes: &mut Vec<ImportNote>,
    ) -> Result<Name, String> {
        let given = given.map(str::trim).filter(|name| !name.is_empty());
        match given.map(Name::parse) {
            Some(Ok(name)) => return Ok(name),
            Some(Err(error)) => notes.push(ImportNote::NameReplaced(error.message)),
            None => {}
        }
        let local = email.as_str().rsplit_once('@').map_or(email.as_str(), |(local, _)| local);
        Name::parse(local).map_err(|error| error.message)
    }

    /// The roles of everyone, and those of the file that may be given.
    fn read_roles(&self, given: &[String], is_verified: bool, notes: &mut Vec<ImportNote>) -> Vec<String> {
        let mut roles = self.options.roles.clone();
        if !is_verified && self.accounts.wants_verified_email() {
            notes.extend(roles.drain(..).map(ImportNote::RoleWithheld));
        }
        for role in given.iter().filter(|_| self.options.keep_roles) {
            if roles.contains(role) {
                continue;
            }
            if !self.known_roles.contains(role) {
                notes.push(ImportNote::RoleUnknown(role.clone()));
            } else if role == ADMIN || !is_verified {
                notes.push(ImportNote::RoleWithheld(role.clone()));
            } else {
                roles.push(role.clone());
            }
        }
        roles
    }

    fn read_hash(&self, hash: &ImportHash, secrets: &mut Secrets) -> Result<LegacyHash, ImportNote> {
        let read = LegacyHash::parse(hash.text.expose()).map_err(ImportNote::HashUnusable)?;
        let Some(secret) = &hash.secret else {
            return if read.needs_secret() { Err(ImportNote::SecretMissing(read.kind())) } else { Ok(read) };
        };
        let name = self.accounts.import_keys().name_of(secret);
        // A secret that has no place in the hash had no part in it.
        let Some(bound) = read.clone().with_secret(&name) else { return Ok(read) };
        secrets.insert(name, Arc::clone(secret));
        Ok(bound)
    }

    async fn write(&self, tx: &mut dyn Tx, candidate: &Candidate) -> Result<Imported, Error> {
        let (env, now) = (self.accounts.env(), tx.now());
        let place = candidate.place;
        let id = UserId::new(env);
        let new = NewUser {
            id,
            email: candidate.email.as_str().to_owned(),
            email_key: candidate.email.key().to_owned(),
            email_verified: candidate.is_verified,
            name: candidate.name.as_str().to_owned(),
            created_at: now,
        };
        if !tx.insert_user(&new).await? {
            return Ok(Imported { place, made: None, notes: vec![ImportNote::AddressTaken] });
        }
        if let Some(hash) = &candidate.hash {
            tx.insert_password(id, &PasswordHash(hash.to_text()), now).await?;
        }
        if !candidate.roles.is_empty() {
            tx.set_user_roles(id, &candidate.roles).await?;
        }
        if candidate.is_disabled {
            tx.set_user_status(id, UserStatus::Disabled).await?;
        }
        let kind = candidate.hash.as_ref().map(LegacyHash::kind);
        let record = self.accounts.record(tx, Event::AccountImported, self.actor, &self.origin).of(id);
        let record = record.with_name("source", &self.options.source).with_name("hash", kind.unwrap_or("none"));
        tx.audit(record.with("roles", candidate.roles.join(" ")));
        let made = Made { id, hash: kind, is_disabled: candidate.is_disabled };
        Ok(Imported { place, made: Some(made), notes: candidate.notes.clone() })
    }

    async fn keep(&self, tx: &mut dyn Tx, name: &str, secret: &Secret<Vec<u8>>) -> Result<(), Error> {
        if tx.find_import_secret(name).await?.is_none() {
            let sealed = self.accounts.import_keys().seal(name, secret, self.accounts.env())?;
            let created_at = tx.now();
            tx.keep_import_secret(&ImportSecret { name: name.to_owned(), sealed, created_at }).await?;
        }
        Ok(())
    }
}

/// 128 bits by which an address is known again.
fn fingerprint(key: &str) -> [u8; 16] {
    digest(&SHA256, key.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default()
}
