//! The data directory: the SQLite file and the master key.
//!
//! Promises: the directory is 0700 and the key 0600, and neither is used where others could read it; of racing first starts
//! all use one key; a key that is gone is never replaced by a new one over a database that it sealed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use countersign_kernel::Env;
use countersign_keys::MasterKey;
use countersign_store_sql::PostgresAddress;

use crate::error::Error;

/// The name of the master key's file.
const MASTER_KEY: &str = "master.key";

/// Makes the directory where it does not exist, for its owner alone.
pub(crate) fn prepare(path: &Path) -> Result<(), Error> {
    match make_private(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => check(path, 0o077, "700"),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}

/// Reads the master key of the directory, or makes it where there is no database that it could have sealed.
pub(crate) fn master_key(directory: &Path, database: &Path, env: &Env) -> Result<MasterKey, Error> {
    let path = directory.join(MASTER_KEY);
    let broken = |source| Error::File { path: path.clone(), source };
    if !path.try_exists().map_err(broken)? {
        if fs::metadata(database).is_ok_and(|m| m.len() > 0) {
            return Err(Error::MasterKeyMissing { database: database.to_owned(), key: path });
        }
        put_key(directory, &path, &MasterKey::generate(env), env).map_err(broken)?;
    }
    read_key(&path)
}

/// Reads the master key of the directory for a database that other nodes may use, too, or makes it where nothing `is_sealed` in there.
pub(crate) fn shared_master_key(
    directory: &Path,
    database: &PostgresAddress,
    is_sealed: bool,
    env: &Env,
) -> Result<MasterKey, Error> {
    let path = directory.join(MASTER_KEY);
    let broken = |source| Error::File { path: path.clone(), source };
    if !path.try_exists().map_err(broken)? {
        if is_sealed {
            return Err(Error::SharedMasterKeyMissing { database: database.to_string(), key: path });
        }
        put_key(directory, &path, &MasterKey::generate(env), env).map_err(broken)?;
        let key = path.display();
        tracing::warn!(path = %key, "made the master key {key}: every further node needs a copy of it, and so does your safe");
    }
    read_key(&path)
}

/// Where the master key of the directory is.
pub(crate) fn master_key_file(directory: &Path) -> PathBuf {
    directory.join(MASTER_KEY)
}

/// Reads the master key of the directory, if there is one.
pub(crate) fn find_master_key(directory: &Path) -> Result<Option<MasterKey>, Error> {
    let path = master_key_file(directory);
    if path.try_exists().map_err(|source| Error::File { path: path.clone(), source })? {
        read_key(&path).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes the master key that a backup has brought, where there is none.
pub(crate) fn keep_master_key(directory: &Path, key: &MasterKey, env: &Env) -> Result<(), Error> {
    let path = master_key_file(directory);
    put_key(directory, &path, key, env).map_err(|source| Error::File { path, source })
}

fn read_key(path: &Path) -> Result<MasterKey, Error> {
    check(path, 0o077, "600")?;
    let contents = fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    Ok(MasterKey::from_file_contents(zeroizing(contents).expose())?)
}

/// Writes a key under another name and links it into place: a reader sees all of it or nothing, and of two that race
/// the second finds the first one's.
fn put_key(directory: &Path, path: &Path, key: &MasterKey, env: &Env) -> io::Result<()> {
    let tag = u64::from_le_bytes(env.entropy().bytes());
    let draft = directory.join(format!(".{MASTER_KEY}.{tag:016x}"));
    let made = write_private(&draft, key.to_text().expose()).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = fs::remove_file(&draft);
    made?;
    // The directory's entry must be on disk before anything is sealed under the key.
    File::open(directory)?.sync_all()
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn make_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
fn check(path: &Path, forbidden: u32, mode: &'static str) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    if metadata.permissions().mode() & forbidden != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_: &Path, _: u32, _: &'static str) -> Result<(), Error> {
    Ok(())
}

fn zeroizing(bytes: Vec<u8>) -> countersign_kernel::Secret<Vec<u8>> {
    countersign_kernel::Secret::new(bytes)
}

/// The default place of the database in the directory.
pub(crate) fn database(directory: &Path) -> PathBuf {
    directory.join("countersign.db")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_both_for_their_owner_alone_and_the_second_finds_them() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("a/b");
        let database = database(&directory);

        prepare(&directory).unwrap();
        let first = master_key(&directory, &database, &Env::system()).unwrap();
        prepare(&directory).unwrap();
        let second = master_key(&directory, &database, &Env::system()).unwrap();

        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join(MASTER_KEY)), 0o600);
        assert_eq!(first.to_text().expose(), second.to_text().expose());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn what_others_can_read_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("data");
        prepare(&directory).unwrap();
        master_key(&directory, &database(&directory), &Env::system()).unwrap();

        fs::set_permissions(directory.join(MASTER_KEY), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = master_key(&directory, &database(&directory), &Env::system()).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");

        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let refused = prepare(&directory).unwrap_err();
        assert!(refused.to_string().contains("chmod 700"), "{refused}");
    }

    #[test]
    fn a_lost_key_is_not_replaced_over_a_database() {
        let place = tempfile::tempdir().unwrap();
        let database = database(place.path());
        fs::write(&database, b"rows").unwrap();

        let refused = master_key(place.path(), &database, &Env::system()).unwrap_err();

        assert!(matches!(refused, Error::MasterKeyMissing { .. }), "{refused}");
        assert!(!place.path().join(MASTER_KEY).exists());
    }

    #[test]
    fn racing_first_starts_use_one_key() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path();
        let keys: Vec<String> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        let key = master_key(directory, &database(directory), &Env::system()).unwrap();
                        key.to_text().expose().clone()
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
