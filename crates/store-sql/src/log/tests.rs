use super::*;
use crate::open::Durability;
use crate::watch::Watch;

/// A database with a log that has something in it.
fn written() -> (tempfile::TempDir, PathBuf, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7);")
        .unwrap();
    (folder, path, connection)
}

fn log(path: &Path) -> Log {
    Log::of(path, Gate::open(path, Durability::Real, Watch::start().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_log_that_could_not_be_flushed_is_brought_home_before_anybody_is_answered_well() {
    let (_folder, path, writer) = written();
    let (real, away) = (PathBuf::from(format!("{}-wal", path.display())), path.with_extension("away"));
    let mut log = Log { patience: Duration::ZERO, ..log(&path) };
    log.flush().unwrap();
    assert!(real.metadata().unwrap().len() > 0);

    // What the kernel says of a disk that takes nothing, a log that cannot be opened says as well.
    std::fs::rename(&real, &away).unwrap();
    assert!(log.flush().is_err());
    std::fs::rename(&away, &real).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT n FROM t;").unwrap();
    writer.execute_batch("INSERT INTO t VALUES (8);").unwrap();

    log.flush().unwrap_err();
    assert!(log.is_suspect, "a reader of an older moment keeps the log from coming home");
    reader.execute_batch("COMMIT").unwrap();
    log.flush().unwrap();

    assert_eq!(real.metadata().unwrap().len(), 0, "all of it is in the database");
    assert!(!log.is_suspect);
    writer.execute_batch("INSERT INTO t VALUES (9);").unwrap();
    log.flush().unwrap();
    assert!(real.metadata().unwrap().len() > 0, "the log is flushed again, not brought home each time");
}

#[test]
fn the_log_is_beside_the_file_itself_not_beside_a_link_to_it() {
    let (folder, path, _writer) = written();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let link = elsewhere.join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = Connection::open(&link).unwrap();
    linked.execute_batch("INSERT INTO t VALUES (8);").unwrap();

    log(&link).flush().unwrap();

    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1, "the link alone");
}

/// Writes so many pages, each in a commit of its own.
fn write_pages(writer: &Connection, pages: usize) {
    for _ in 0..pages {
        writer.execute_batch("UPDATE t SET n = n + 1").unwrap();
    }
}

fn pages_of_log(path: &Path) -> u64 {
    std::fs::metadata(format!("{}-wal", path.display())).unwrap().len() / 4096
}

#[test]
fn who_has_the_turn_is_not_waited_for_as_long_as_the_log_is_short() {
    let (_folder, path, writer) = written();
    let log = log(&path);
    let turn = log.gate.try_lock().unwrap();
    write_pages(&writer, 100);

    assert!(!log.copy_all().unwrap());
    drop(turn);

    // All is copied: what is written next stands at the front again.
    let before = pages_of_log(&path);
    write_pages(&writer, 100);
    assert_eq!(pages_of_log(&path), before);
}

#[test]
fn a_log_that_has_grown_long_keeps_writers_away_until_it_is_copied() {
    let (_folder, path, writer) = written();
    writer.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF").unwrap();
    let log = log(&path);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT n FROM t;").unwrap();
    write_pages(&writer, 10);
    assert!(
        !log.copy_all().unwrap(),
        "a reader of an older moment keeps the pages where they are, and ten are not many"
    );

    write_pages(&writer, usize::try_from(LONGEST).unwrap());
    assert!(log.copy_all().unwrap());
    assert!(log.gate.try_lock().is_some(), "and no longer");

    reader.execute_batch("COMMIT").unwrap();
    log.copy_all().unwrap();
    let before = pages_of_log(&path);
    write_pages(&writer, 100);
    assert_eq!(pages_of_log(&path), before, "all is copied: what is written next stands at the front again");
    assert!(!log.copy_all().unwrap(), "it is short again");
}
