//! A status list that fills up. What it says is tested in `crates/countersign/tests/it/status_list.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_testkit::Process;
use rusqlite::Connection;

use crate::support::server;

/// How many indexes are given out.
fn size(folder: &Path) -> i64 {
    let connection = Connection::open(folder.join("countersign-data/countersign.db")).unwrap();
    connection.query_row("SELECT size FROM status_list_size", [], |row| row.get(0)).unwrap()
}

/// Signs four people up; the indexes of their tokens.
async fn four_more(server: &Process, round: u8) -> BTreeSet<u64> {
    let mut indexes = BTreeSet::new();
    for n in 0..4 {
        let claims = server.member(&format!("member{round}{n}")).await.claims();
        indexes.insert(claims["status"]["status_list"]["idx"].as_u64().unwrap());
    }
    indexes
}

#[tokio::test]
async fn a_list_that_is_half_full_doubles_and_no_two_living_tokens_have_one_index() {
    let mut server = server().setting("REVOCATION__STATUS_LIST", "true").start().await;
    server.kill();
    let file = server.folder().join("countersign-data/countersign.db");
    Connection::open(file).unwrap().execute("UPDATE status_list_size SET size = 8", []).unwrap();
    let server = server.restart().await;
    let mut indexes = four_more(&server, 0).await;
    assert!(indexes.len() == 4 && indexes.iter().all(|index| *index < 8), "{indexes:?}");

    let server = server.restart().await;

    assert_eq!(size(server.folder()), 16);
    indexes.extend(four_more(&server, 1).await);
    assert!(indexes.len() == 8 && indexes.iter().all(|index| *index < 16), "{indexes:?}");
}
