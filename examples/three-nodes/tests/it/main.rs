//! Runs the example as a newcomer would, with few rounds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers fail by panicking")]

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The example, whose temporary files go into this folder.
#[expect(clippy::disallowed_methods, reason = "where the programs are, is nothing that a test can know by itself")]
fn example(folder: &TempDir) -> Command {
    let given = ["COUNTERSIGN_TEST_NGINX", "COUNTERSIGN_TEST_VALKEY"].into_iter().filter_map(env::var_os);
    let given = given.filter_map(|program| PathBuf::from(program).parent().map(PathBuf::from));
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(env::split_paths(&path).chain(given)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_three-nodes"));
    command.env("PATH", path).env("TMPDIR", folder.path()).stdin(Stdio::null());
    command
}

/// Nothing is left of a run in this folder: no file, and no process that works there.
fn assert_empty(folder: &TempDir) {
    let left: Vec<_> = folder.path().read_dir().unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|process| process.path());
    let works_there =
        |process: &PathBuf| fs::read_link(process.join("cwd")).is_ok_and(|at| at.starts_with(folder.path()));
    let running: Vec<_> =
        processes.filter(works_there).map(|process| fs::read_to_string(process.join("cmdline"))).collect();
    assert!(running.is_empty(), "{running:?}");
}

/// A folder that another user may look into: PostgreSQL runs as one where the tests run as root.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Nothing listens any more at an address that was printed, and no file is left.
fn assert_gone(printed: &str, folder: &TempDir) {
    let addresses: Vec<SocketAddr> = printed
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("http://"))
        .filter_map(|word| word.trim_end_matches("/orders").replace("localhost", "127.0.0.1").parse().ok())
        .collect();
    assert_eq!(addresses.len(), 5, "nginx, three nodes and the API: {printed}");
    for address in addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} still listens");
    }
    assert_empty(folder);
}

/// The milliseconds in the line that begins so.
fn figures(printed: &str, name: &str) -> Vec<f64> {
    let line = printed.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {printed}"));
    line.split(" ms").filter_map(|figure| figure.trim().parse().ok()).collect()
}

#[test]
fn it_measures_how_soon_a_token_is_refused_everywhere_and_leaves_nothing_behind() {
    let folder = folder();

    let Output { status, stdout, stderr } = example(&folder).args(["--once", "--rounds", "6"]).output().unwrap();

    let (printed, complaint) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{printed}{complaint}");
    assert!(printed.contains("3 by a sign-out, 3 by an operator"), "{printed}");
    for place in ["that node", "the other two nodes", "the guarded API"] {
        let figures = figures(&printed, place);
        let [median, high, max] = figures[..] else { panic!("{place}: {printed}") };
        assert!(0.0 < median && median <= high && high <= max, "{place}: {printed}");
        // It is promised within a second; the bound is wider because the machine may be busy.
        assert!(max < 5_000.0, "{place}: {printed}");
    }
    assert_gone(&printed, &folder);
}

#[test]
fn it_runs_on_until_it_is_interrupted() {
    let folder = folder();
    let mut child = example(&folder).args(["--rounds", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        printed.push_str(&format!("{line}\n"));
        if line.contains("Ctrl-C") {
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(pid, Signal::INT).unwrap();
        }
    }

    assert!(child.wait().unwrap().success(), "{printed}");
    assert_gone(&printed, &folder);
}

#[test]
fn what_is_missing_is_named_with_its_package() {
    let folder = folder();

    let ended = example(&folder).env("PATH", folder.path()).output().unwrap();

    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("valkey-server") && complaint.contains("apt-get install"), "{complaint}");
    assert!(complaint.trim_end().contains("redis-server"), "{complaint}");
}

#[test]
fn when_one_part_fails_it_says_why_and_stops_the_others() {
    let (folder, programs) = (folder(), folder());
    let nginx = programs.path().join("nginx");
    fs::write(&nginx, "#!/bin/sh\necho no such thing >&2\nexit 7\n").unwrap();
    fs::set_permissions(&nginx, Permissions::from_mode(0o755)).unwrap();
    let found = example(&folder);
    let path = found.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH")).unwrap();
    let path = env::join_paths([programs.path().to_owned()].into_iter().chain(env::split_paths(path))).unwrap();

    let ended = example(&folder).env("PATH", path).output().unwrap();

    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("nginx ended with exit status: 7:\nno such thing"), "{complaint}");
    assert_empty(&folder);
}
