//! The data directory: its modes, and the master key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::server;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn it_and_all_in_it_are_for_their_owner_alone() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let data = server.folder().join("countersign-data");

    assert_eq!(mode(&data), 0o700);
    for file in fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
}

#[tokio::test]
async fn a_key_or_directory_that_others_can_read_is_refused() {
    let mut server = server().start().await;
    let data = server.folder().join("countersign-data");
    server.kill();

    for bad in [0o640, 0o604, 0o660] {
        fs::set_permissions(data.join("master.key"), Permissions::from_mode(bad)).unwrap();
        let ran = server.run(&["serve"]).expect(1);
        assert!(ran.err.contains("master.key") && ran.err.contains("chmod 600"), "{bad:o}: {}", ran.err);
    }
    fs::set_permissions(data.join("master.key"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let ran = server.run(&["serve"]).expect(1);
    assert!(ran.err.contains("chmod 700"), "{}", ran.err);
}

#[tokio::test]
async fn data_without_their_key_are_refused_and_get_no_new_one() {
    let mut server = server().start().await;
    let key = server.folder().join("countersign-data/master.key");
    let kept = fs::read(&key).unwrap();
    server.kill();
    fs::remove_file(&key).unwrap();

    for command in [vec!["serve"], vec!["keys", "list"]] {
        let ran = server.run(&command).expect(1);
        assert!(ran.err.contains("master key") && ran.err.contains("put the key back"), "{}", ran.err);
        assert!(!key.exists(), "a new key would hide the loss");
    }

    fs::write(&key, kept).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let _ = server.run(&["keys", "list"]).expect(0);
}

#[tokio::test]
async fn another_key_than_the_one_that_sealed_is_refused() {
    let mut server = server().start().await;
    server.kill();
    let other = server.run(&["keys", "generate-master"]).expect(0).out;
    assert_eq!(other.trim().len(), 43);
    fs::write(server.folder().join("countersign-data/master.key"), other).unwrap();

    let ran = server.run(&["serve"]).expect(1);

    assert!(ran.err.contains("master key"), "{}", ran.err);
}

#[tokio::test]
async fn a_key_from_the_environment_leaves_no_file() {
    let key = server().run(&["keys", "generate-master"], "").expect(0).out.trim().to_owned();
    let server = server().setting("MASTER_KEY", &key).start().await;
    assert!(!server.folder().join("countersign-data/master.key").exists());
    assert!(!server.log().contains(&key));
}
