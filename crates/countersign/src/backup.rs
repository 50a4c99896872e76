//! Backups of a running system (docs/design/backup.md).
//!
//! Promises: a backup is one moment of the database; it is checked before it gets its name: pages, references, every sealed key and
//! root, the audit chain; it appears whole or not at all, with mode 0600; the master key is in it only where that was asked for. It is
//! written down in the audit trail, so that anyone can tell how old the last one is.

mod container;
mod error;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_audit::{Actor, Event, Record, Verifier};
use countersign_kernel::{Env, Origin, RequestId, Timestamp, hex};
use countersign_keys::{Keyring, MasterKey};
use countersign_store::Store as _;
use countersign_store_sql::file::{self, Depth};
use countersign_store_sql::{Database, Options, SqlStore};

use crate::system::System;

pub use container::Manifest;
pub(crate) use container::{extract, read};
pub use error::BackupError;

impl System {
    /// Makes a backup of the database as it is now, in a new file at `to`; what it says of itself.
    ///
    /// # Errors
    /// [`BackupError`]; there is no file at `to` then.
    pub async fn back_up(&self, to: &Path, with_master_key: bool) -> Result<Manifest, BackupError> {
        let engine = self.engine();
        let (store, env) = (&engine.store, &engine.env);
        let manifest = make(store, &engine.custody.master, env, to, with_master_key).await?;
        let mut tx = store.begin().await?;
        let origin = Origin::local(RequestId::new(env));
        let record = Record::new(Event::BackupMade, Actor::Operator, &origin, tx.now(), env);
        tx.audit(
            record
                .with("bytes", manifest.bytes.to_string())
                .with("with_master_key", with_master_key.to_string())
                .with_name("sha256", &manifest.sha256),
        );
        tx.commit().await?;
        Ok(manifest)
    }
}

async fn make(
    store: &SqlStore,
    master: &MasterKey,
    env: &Env,
    to: &Path,
    with_master_key: bool,
) -> Result<Manifest, BackupError> {
    let Some(database) = store.file() else { return Err(BackupError::NotSqlite) };
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let workshop = Workshop::make(folder, env)?;
    let (copy, draft) = (workshop.path().join("copy.db"), workshop.path().join("draft"));
    store.copy_to(&copy).await.map_err(|source| {
        let bytes = fs::metadata(database).map_or(0, |metadata| metadata.len());
        BackupError::Copy { folder: folder.to_owned(), bytes, source }
    })?;
    let made_at = store.now();
    let examined = examine(&copy, master, env).await?;
    let (sha256, bytes) = container::digest(&copy).map_err(|source| BackupError::file(&copy, source))?;
    let manifest = Manifest {
        countersign_backup: Manifest::FORM,
        made_at: made_at.to_rfc3339(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: examined.facts.schema,
        bytes,
        sha256,
        master_key_fingerprint: master.fingerprint_text(),
        signing_keys: examined.signing_keys,
        living_sessions: examined.facts.living_sessions,
        revocations: examined.facts.revocations,
        audit_head: format!("{}:{}", examined.facts.audit_seq, hex::encode(&examined.facts.audit_hash)),
    };
    let key = with_master_key.then(|| master.to_text());
    container::write(&draft, &manifest, key.as_ref(), &copy).map_err(|source| BackupError::file(to, source))?;
    publish(&draft, to, folder)?;
    Ok(manifest)
}

/// Gives the draft its name; never in the place of another file.
fn publish(draft: &Path, to: &Path, folder: &Path) -> Result<(), BackupError> {
    match fs::hard_link(draft, to) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(to.to_owned())),
        // A file system without hard links.
        Err(_) => fs::rename(draft, to).map_err(|source| BackupError::file(to, source))?,
    }
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| BackupError::file(folder, source))
}

/// What a look at a copy has found.
pub(crate) struct Examined {
    pub(crate) facts: file::Facts,
    pub(crate) signing_keys: Vec<String>,
}

/// Checks a copy that nobody else has open: its pages, its references, what is sealed in it, its audit chain. An older one is brought
/// up to date on the way.
pub(crate) async fn examine(copy: &Path, master: &MasterKey, env: &Env) -> Result<Examined, BackupError> {
    let faults = file::faults(copy, Depth::Whole).await?;
    if let Some(first) = faults.first() {
        return Err(BackupError::damaged(copy, format!("the database is damaged: {first}")));
    }
    let known = file::known_schema();
    let found = file::facts(copy, Timestamp::EPOCH).await?.schema;
    if found > known {
        return Err(BackupError::Newer { found, known });
    }
    let store = SqlStore::open(Database::Sqlite { path: copy.to_owned() }, env.clone(), Options::default()).await?;
    let examined = examine_open(&store, copy, master, env).await;
    store.close().await;
    examined
}

async fn examine_open(
    store: &Arc<SqlStore>,
    copy: &Path,
    master: &MasterKey,
    env: &Env,
) -> Result<Examined, BackupError> {
    let keys = Keyring::check(Arc::clone(store) as Arc<dyn countersign_store::Store>, master, env).await?;
    let report = countersign_trail::check(store.as_ref(), Verifier::whole()).await?;
    if let Some(finding) = report.findings.first() {
        return Err(BackupError::damaged(copy, format!("the audit trail is not intact: {finding}")));
    }
    let facts = file::facts(copy, store.now()).await?;
    Ok(Examined { facts, signing_keys: keys.into_iter().map(|key| key.kid).collect() })
}

/// A directory of our own to work in, beside what is made there. It goes with the guard.
#[derive(Debug)]
pub(crate) struct Workshop(PathBuf);

impl Workshop {
    pub(crate) fn make(folder: &Path, env: &Env) -> Result<Self, BackupError> {
        let tag = u64::from_le_bytes(env.entropy().bytes());
        let path = folder.join(format!(".countersign-{tag:016x}"));
        #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|source| BackupError::file(&path, source))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be removed is hidden, ours, and told by its name.
        let _ = fs::remove_dir_all(&self.0);
    }
}
