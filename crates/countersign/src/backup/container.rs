//! The file of a backup: one line of JSON, the manifest, and then the database, byte for byte.
//!
//! `head -n 1 FILE` shows what it is, `tail -n +2 FILE` is a SQLite database: a backup can be read without this program.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use countersign_kernel::{Secret, hex};
use serde::{Deserialize, Serialize};

use super::error::BackupError;

/// The form that this version writes.
const FORM: u32 = 1;

/// The longest manifest that is read.
const LONGEST: u64 = 1 << 20;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the file: 1.
    pub countersign_backup: u32,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// The version of the program that made it.
    pub version: String,
    /// The greatest migration of the database.
    pub schema: i64,
    /// The length of the database in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// The fingerprint of the master key under which its keys and roots are sealed.
    pub master_key_fingerprint: String,
    /// Names of the signing keys in it.
    pub signing_keys: Vec<String>,
    /// Sessions that lived.
    pub living_sessions: u64,
    /// The number of the newest revocation in it: the journal of sign-outs is replayed from here.
    pub revocations: u64,
    /// The head of its audit trail, as `audit verify` prints it.
    pub audit_head: String,
}

impl Manifest {
    /// The form that is written.
    pub(super) const FORM: u32 = FORM;
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(flatten)]
    manifest: Manifest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    master_key: Option<String>,
}

/// The SHA-256 and the length of a file.
pub(super) fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut meter = Meter::new(io::sink());
    io::copy(&mut file, &mut meter)?;
    Ok(meter.finish())
}

/// Writes the backup of `database` to a new file of mode 0600, on disk before this returns.
pub(super) fn write(
    to: &Path,
    manifest: &Manifest,
    master_key: Option<&Secret<String>>,
    database: &Path,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to)?;
    let head = Head { manifest: manifest.clone(), master_key: master_key.map(|key| key.expose().clone()) };
    let head = Secret::new(serde_json::to_string(&head)?);
    file.write_all(head.expose().as_bytes())?;
    file.write_all(b"\n")?;
    io::copy(&mut File::open(database)?, &mut file)?;
    file.sync_all()
}

/// Reads the manifest and, where it is in there, the master key.
pub(crate) fn read(path: &Path) -> Result<(Manifest, Option<Secret<String>>), BackupError> {
    let file = File::open(path).map_err(|source| BackupError::file(path, source))?;
    let (head, _) = open(path, file)?;
    Ok((head.manifest, head.master_key.map(Secret::new)))
}

/// Writes the database in the backup to a new file, and makes sure that it is the one that was put in.
pub(crate) fn extract(path: &Path, to: &Path) -> Result<(), BackupError> {
    let file = File::open(path).map_err(|source| BackupError::file(path, source))?;
    let (head, mut rest) = open(path, file)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(to).map_err(|source| BackupError::file(to, source))?;
    let mut meter = Meter::new(made);
    io::copy(&mut rest, &mut meter)
        .and_then(|_| meter.inner.sync_all())
        .map_err(|source| BackupError::file(to, source))?;
    let (sha256, bytes) = meter.finish();
    if (sha256, bytes) == (head.manifest.sha256, head.manifest.bytes) {
        Ok(())
    } else {
        Err(BackupError::damaged(path, "its database is not the one that the manifest describes"))
    }
}

fn open(path: &Path, file: File) -> Result<(Head, BufReader<File>), BackupError> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let read = Read::by_ref(&mut reader).take(LONGEST).read_until(b'\n', &mut line);
    read.map_err(|source| BackupError::file(path, source))?;
    let form = |value: &serde_json::Value| value.get("countersignBackup").and_then(serde_json::Value::as_u64);
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
    match form(&value) {
        Some(form) if form == u64::from(FORM) => {}
        Some(_) => return Err(BackupError::damaged(path, "it was made by a newer version of this program")),
        None => return Err(BackupError::NotABackup(path.to_owned())),
    }
    let head = serde_json::from_value(value).map_err(|_| BackupError::damaged(path, "its manifest is not whole"))?;
    Ok((head, reader))
}

/// Counts and hashes what is written through it.
struct Meter<W> {
    inner: W,
    digest: Context,
    bytes: u64,
}

impl<W> Meter<W> {
    fn new(inner: W) -> Self {
        Self { inner, digest: Context::new(&SHA256), bytes: 0 }
    }

    fn finish(self) -> (String, u64) {
        (hex::encode(self.digest.finish().as_ref()), self.bytes)
    }
}

impl<W: Write> Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
