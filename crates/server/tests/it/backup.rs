//! Backups of a running server, and what becomes of the sessions when one is put back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_testkit::{Process, Ran, json};

use crate::support::server;

fn file(server: &Process, name: &str) -> PathBuf {
    server.folder().join(name)
}

fn data(server: &Process) -> PathBuf {
    server.folder().join("countersign-data")
}

fn back_up(server: &Process) -> String {
    let path = file(server, "auth.backup");
    let path = path.to_str().unwrap().to_owned();
    let _ = server.run(&["backup", "--out", &path]).expect(0);
    path
}

fn restore(server: &Process, path: &str, choice: &str) -> Ran {
    server.run(&["restore", path, choice, "--json"])
}

/// Every file of the data directory save the lock, with what is in it.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if !path.to_string_lossy().ends_with(".lock") {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn who_signed_out_after_the_backup_stays_out_and_who_refreshed_goes_on() {
    let mut server = server().start().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let path = back_up(&server);
    for _ in 0..3 {
        assert_eq!(ada.refresh().await.status(), 200);
    }
    let loot = bob.loot();
    assert_eq!(bob.sign_out().await.status(), 200);
    // As a power failure would: what was answered must be in the journal by now.
    server.kill();

    let report = restore(&server, &path, "--journal").expect(0).json();

    assert_eq!((&report["sessionsEnded"], &report["sessions"]), (&json!(1), &json!("journal_replayed")));
    let server = server.restart().await;
    let (ada, bob) = (server.meet_again(&ada), server.meet_again(&bob));
    assert_eq!(ada.get("/api/user/profile").await.status(), 200, "her access token");
    let reply = ada.refresh().await;
    assert_eq!((reply.status(), reply.refresh_case().as_str()), (200, "3-recovered"));
    bob.take(&loot);
    assert_eq!(bob.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(bob.refresh().await.code(), "TOKEN_REVOKED");
}

#[tokio::test]
async fn who_lived_in_the_backup_may_be_idle_from_the_restore_on() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let path = back_up(&server);
    let idle_until = |server: &Process| {
        let listed = server.run(&["session", "list", "--json"]).expect(0).json();
        listed["sessions"][0]["idleExpiresAt"].as_str().unwrap().to_owned()
    };
    let before = idle_until(&server);
    server.kill();

    let report = restore(&server, &path, "--journal").expect(0).json();

    assert_eq!(report["sessionsRenewed"], 1, "{report}");
    let server = server.restart().await;
    assert!(idle_until(&server) > before, "nobody knows whether it was used in the time that is lost");
    assert_eq!(server.meet_again(&ada).refresh().await.status(), 200);
}

#[tokio::test]
async fn what_operators_did_after_the_backup_is_done_again() {
    let mut server = server().start().await;
    let [gone, off, back] = [server.member("gone").await, server.member("off").await, server.member("back").await];
    let changed = server.member("changed").await;
    let _ = server.run(&["user", "disable", &back.email]).expect(0);
    let path = back_up(&server);
    let key = server.run(&["keys", "list", "--json"]).expect(0).json();
    let active = key["keys"].as_array().unwrap().iter().find(|k| k["state"] == "active").unwrap()["kid"].clone();
    let active = active.as_str().unwrap().to_owned();
    let _ = server.run(&["user", "delete", &gone.email, "--yes"]).expect(0);
    let _ = server.run(&["user", "disable", &off.email]).expect(0);
    let _ = server.run(&["user", "enable", &back.email]).expect(0);
    let body = json!({"currentPassword": changed.password, "newPassword": "heron-violin-77-quarry"});
    let signed_in = changed.elsewhere();
    assert_eq!(signed_in.sign_in().await.status(), 200);
    assert_eq!(signed_in.post("/api/user/password", body).await.status(), 200);
    // Last: what the key has signed is refused from then on.
    let _ = server.run(&["keys", "withdraw", &active]).expect(0);
    server.kill();

    let report = restore(&server, &path, "--journal").expect(0).json();

    assert_eq!((&report["accountsDeleted"], &report["accountsSwitched"]), (&json!(1), &json!(2)), "{report}");
    assert_eq!(report["keysWithdrawn"], json!([active]));
    assert_eq!(report["passwordsBack"].as_array().map(Vec::len), Some(1), "{report}");
    let listed = server.run(&["user", "list", "--json"]).expect(0).json();
    let status = |email: &str| {
        let found = listed["data"].as_array().unwrap().iter().find(|user| user["email"] == email);
        found.map(|user| user["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(status(&gone.email), None);
    assert_eq!(status(&off.email).as_deref(), Some("disabled"));
    assert_eq!(status(&back.email).as_deref(), Some("active"));
    let server = server.restart().await;
    let changed = server.meet_again(&changed);
    assert_eq!(changed.refresh().await.code(), "TOKEN_REVOKED", "the session that the password change ended");
}

#[tokio::test]
async fn ending_all_sessions_ends_those_of_before_and_those_of_after_the_backup() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let path = back_up(&server);
    let bob = server.member("bob").await;
    server.kill();
    fs::remove_dir_all(data(&server).join("sign-outs")).unwrap();

    let report = restore(&server, &path, "--end-all-sessions").expect(0).json();

    assert_eq!(report["sessionsEnded"], 1);
    assert_eq!(report["keysWithdrawn"].as_array().map(Vec::len), Some(2), "{report}");
    let server = server.restart().await;
    let (ada, bob) = (server.meet_again(&ada), server.meet_again(&bob));
    for person in [&ada, &bob] {
        let code = person.get("/api/user/profile").await.code();
        assert!(["TOKEN_EXPIRED", "TOKEN_REVOKED", "TOKEN_INVALID"].contains(&code.as_str()), "{code}");
    }
    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED");
    assert_eq!(bob.refresh().await.code(), "TOKEN_INVALID", "the backup does not know it");
    assert_eq!(ada.elsewhere().sign_in().await.status(), 200);
}

#[tokio::test]
async fn without_a_choice_nothing_is_restored() {
    let mut server = server().start().await;
    let path = back_up(&server);
    server.kill();
    let before = contents(&data(&server));

    let ran = server.run(&["restore", &path]).expect(2);

    assert!(ran.err.contains("--journal") && ran.err.contains("--end-all-sessions"), "{}", ran.err);
    assert!(contents(&data(&server)) == before, "nothing has changed");
}

#[tokio::test]
async fn a_database_in_use_is_not_replaced() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let path = back_up(&server);

    let ran = restore(&server, &path, "--journal").expect(5);

    assert!(ran.err.contains("stop it first"), "{}", ran.err);
    assert_eq!(ada.refresh().await.status(), 200);
}

#[tokio::test]
async fn a_backup_that_is_not_whole_replaces_nothing() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    let path = back_up(&server);
    let whole = fs::read(&path).unwrap();
    assert_eq!(server.terminate().code(), Some(0));
    let before = contents(&data(&server));
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap();
    let text = String::from_utf8(whole[..head].to_vec()).unwrap();
    let with = |head: String| [head.as_bytes(), &whole[text.len()..]].concat();
    let mut flipped = whole.clone();
    flipped[head + 5_000] ^= 1;
    for (bytes, words) in [
        (flipped, "not the one that the manifest describes"),
        (whole[..whole.len() - 100].to_vec(), "not the one that the manifest describes"),
        (b"SQLite format 3\0".to_vec(), "is not a backup"),
        (Vec::new(), "is not a backup"),
        (with(text.replace("\"countersignBackup\":1", "\"countersignBackup\":2")), "newer version"),
        (with(text.replace("\"masterKeyFingerprint\":\"", "\"masterKeyFingerprint\":\"00")), "master key"),
    ] {
        let bad = file(&server, "bad.backup");
        fs::write(&bad, bytes).unwrap();

        let ran = restore(&server, bad.to_str().unwrap(), "--journal").expect(1);

        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        assert!(contents(&data(&server)) == before, "{words}: nothing has changed");
    }
    let _ = restore(&server, "/nowhere/auth.backup", "--journal").expect(3);
}

#[tokio::test]
async fn a_journal_that_lacks_sign_outs_is_not_replayed() {
    let mut server = server().start().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let path = back_up(&server);
    for person in [&ada, &bob] {
        assert_eq!(person.sign_out().await.status(), 200);
    }
    assert_eq!(server.terminate().code(), Some(0));
    let journal = data(&server).join("sign-outs");
    let day = fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
    let lines = fs::read_to_string(&day).unwrap();
    fs::write(&day, lines.split_once('\n').unwrap().1).unwrap();
    let before = contents(&data(&server));

    let ran = restore(&server, &path, "--journal").expect(4);
    assert!(ran.err.contains("numbers 1 to 1 are not in it"), "{}", ran.err);
    let checked = server.run(&["restore", &path, "--dry-run", "--json"]).expect(0).json();
    assert_eq!(checked["journal"]["missing"], json!([1, 1]));
    let ran = restore(&server, &path, "--journal=/nowhere/sign-outs").expect(3);
    assert!(ran.err.contains("no journal"), "{}", ran.err);
    assert!(contents(&data(&server)) == before, "nothing has changed");
    fs::write(&day, lines).unwrap();
    let _ = restore(&server, &path, "--journal").expect(0);
}

#[tokio::test]
async fn a_second_restore_of_the_same_backup_knows_of_both_times() {
    let mut server = server().start().await;
    let (ada, bob, eve) = (server.member("ada").await, server.member("bob").await, server.member("eve").await);
    let path = back_up(&server);
    assert_eq!(ada.sign_out().await.status(), 200);
    server.kill();
    let _ = restore(&server, &path, "--journal").expect(0);
    let mut server = server.restart().await;
    assert_eq!(server.meet_again(&bob).sign_out().await.status(), 200);
    server.kill();

    let report = restore(&server, &path, "--journal").expect(0).json();

    assert_eq!(report["sessionsEnded"], 2, "{report}");
    let server = server.restart().await;
    assert_eq!(server.meet_again(&eve).refresh().await.status(), 200);
}

#[tokio::test]
async fn a_new_machine_needs_the_master_key_or_a_backup_that_brings_it() {
    let mut old = server().start().await;
    let ada = old.member("ada").await;
    let plain = back_up(&old);
    let full = file(&old, "full.backup").to_str().unwrap().to_owned();
    let ran = old.run(&["backup", "--out", &full, "--with-master-key"]).expect(0);
    assert!(ran.err.contains("warning"), "{}", ran.err);
    let key = fs::read_to_string(data(&old).join("master.key")).unwrap();
    assert!(!lossy(&plain).contains(key.trim()));
    assert!(lossy(&full).contains(key.trim()));
    assert!(!ran.out.contains(key.trim()) && !ran.err.contains(key.trim()));
    let journal = format!("--journal={}", data(&old).join("sign-outs").display());
    assert_eq!(old.terminate().code(), Some(0));

    let mut new = server();
    let ran = new.run(&["restore", &plain, &journal], "").expect(1);
    assert!(ran.err.contains("master key") && ran.err.contains("MASTER_KEY"), "{}", ran.err);
    let _ = new.run(&["restore", &full, &journal], "").expect(0);

    let new = new.start().await;
    assert_eq!(new.meet_again(&ada).refresh().await.status(), 200);
    let mode = fs::metadata(data(&new).join("master.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn lossy(path: &str) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

#[tokio::test]
async fn a_backup_under_load_is_one_moment_and_is_for_its_owner_alone() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let busy = tokio::spawn(async move {
        let mut refreshed = 0;
        while !*stopped.borrow_and_update() {
            // Limited to 60 a minute: then the profile, which reads.
            refreshed += u32::from(ada.refresh().await.status() == 200);
            let _ = ada.get("/api/user/profile").await;
        }
        refreshed
    });
    let (binary, folder) = (env!("CARGO_BIN_EXE_countersign"), server.folder().to_owned());
    let made = tokio::task::spawn_blocking(move || {
        (0..3)
            .map(|n| {
                let out = format!("{n}.backup");
                let mut command = Command::new(binary);
                command.args(["backup", "--out", &out]).current_dir(&folder).env_clear();
                assert!(command.status().unwrap().success());
                folder.join(out)
            })
            .collect::<Vec<_>>()
    })
    .await
    .unwrap();
    stop.send(true).unwrap();
    assert!(busy.await.unwrap() > 0);
    assert_eq!(server.terminate().code(), Some(0));

    for path in made {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let _ = server.run(&["restore", path.to_str().unwrap(), "--dry-run"]).expect(0);
        let bytes = fs::read(&path).unwrap();
        let head = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        assert_eq!(&bytes[head + 1..head + 16], b"SQLite format 3", "readable without this program");
    }
    let left: Vec<_> = fs::read_dir(server.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".countersign")), "{left:?}");
}

#[tokio::test]
async fn where_there_is_no_room_nothing_is_half_done() {
    let mut server = server().start().await;
    let _ada = server.member("ada").await;
    let path = back_up(&server);
    assert_eq!(server.terminate().code(), Some(0));
    let limited = |arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 64; exec {} {arguments}", env!("CARGO_BIN_EXE_countersign"));
        let ran = Command::new("sh").args(["-c", &script]).current_dir(server.folder()).env_clear().output().unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };

    let (code, said) = limited("backup --out small.backup");
    assert!(code != Some(0) && said.contains("room"), "{code:?} {said}");
    assert!(!file(&server, "small.backup").exists());
    let before = contents(&data(&server));
    let (code, said) = limited(&format!("restore {path} --journal"));
    assert!(code != Some(0) && said.contains("room"), "{code:?} {said}");

    assert!(contents(&data(&server)) == before, "nothing has changed");
    let left: Vec<_> = fs::read_dir(server.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".countersign")), "{left:?}");
}

#[tokio::test]
async fn the_trail_tells_of_backups_and_of_what_was_lost() {
    let mut server = server().start().await;
    let path = back_up(&server);
    let ran = server.run(&["backup", "--out", &path]).expect(4);
    assert!(ran.err.contains("is there already"), "{}", ran.err);
    let by_default = server.run(&["backup", "--json"]).expect(0).json();
    assert!(by_default["file"].as_str().unwrap().contains("countersign-data/backups/countersign-"), "{by_default}");
    let _lost = server.member("lost").await;
    assert_eq!(server.terminate().code(), Some(0));

    let report = restore(&server, &path, "--journal").expect(0).json();

    let lost = report["auditRecordsLost"].as_u64().unwrap();
    assert!(lost >= 3, "two backups and a registration at least: {report}");
    let trail = server.run(&["audit", "tail", "--json", "--limit", "200"]).expect(0).json();
    let last = trail["data"].as_array().unwrap().last().unwrap()["record"].clone();
    assert_eq!((&last["event"], &last["reason"]), (&json!("backup_restored"), &json!("journal_replayed")));
    assert_eq!(last["detail"]["records_lost"], lost.to_string());
    let _ = server.run(&["audit", "verify"]).expect(0);
    let kept = report["replacedKeptIn"].as_str().unwrap();
    let kept = format!("sqlite://{}", server.folder().join(kept).join("countersign.db").display());
    let trail = server.run(&["audit", "tail", "--json", "--database", &kept]).expect(0).json();
    let events: Vec<_> = trail["data"].as_array().unwrap().iter().map(|l| l["record"]["event"].clone()).collect();
    assert_eq!(events.iter().filter(|event| **event == "backup_made").count(), 2, "{events:?}");
}

/// A device that was forgotten since must not come back, and the sealed secret of an app must still open.
#[tokio::test]
async fn a_restored_backup_asks_for_the_second_factor_again() {
    let mut server = server().start().await;
    let ada = server.member("ada").await;
    let (phone, codes) = ada.set_up_app().await;
    let home = ada.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step_remembering(&asked, "recovery", &codes[0]).await.expect(200);
    let _ = home.sign_in().await.expect(200);
    let waiting = ada.elsewhere();
    let begun = waiting.sign_in().await.expect(401);
    let path = back_up(&server);
    server.kill();

    let _ = restore(&server, &path, "--journal").expect(0);

    let server = server.restart().await;
    let waiting = server.meet_again(&waiting);
    assert_eq!(waiting.second_step(&begun, "recovery", &codes[1]).await.code(), "TOKEN_INVALID", "it waits no more");
    let home = server.meet_again(&home);
    let asked = home.sign_in().await;
    assert_eq!(asked.code(), "MFA_REQUIRED", "the device is forgotten");
    let _ = home.second_step(&asked, "totp", &phone.code_away(1)).await.expect(200);
}
