//! The unit that is shipped, and what the server tells systemd.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use clap::Parser;
use countersign_server::command::Cli;
use countersign_server::config::definitions;
use tempfile::TempDir;

use crate::bare::Bare;

const UNIT: &str = include_str!("../../../../deploy/systemd/countersign.service");

fn values(name: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_names_a_command_and_settings_that_are_there() {
    let [start] = values("ExecStart")[..] else { panic!("one ExecStart") };
    let cli = Cli::try_parse_from(start.split_whitespace()).unwrap();
    assert_eq!(cli.global.config.unwrap().to_str(), Some("/etc/countersign/countersign.toml"));

    for variable in values("Environment") {
        let (name, _) = variable.split_once('=').unwrap();
        assert!(definitions().any(|d| d.variable() == name), "{name}");
    }
    for credential in values("LoadCredential") {
        let (name, _) = credential.split_once(':').unwrap();
        assert!(definitions().any(|d| d.secret && d.key.replace('.', "__") == name), "{name}");
    }
    assert_eq!(values("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
}

#[test]
fn the_unit_is_locked_down() {
    for wanted in [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateDevices=yes",
        "MemoryDenyWriteExecute=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "StateDirectoryMode=0700",
        "UMask=0077",
        "Type=notify",
    ] {
        assert!(UNIT.lines().any(|line| line == wanted), "{wanted}");
    }
}

/// Every state that comes, until the one that is waited for.
fn until(socket: &UnixDatagram, wanted: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while !heard.iter().any(|state: &String| state.starts_with(wanted)) {
        let mut state = [0; 256];
        let length = socket.recv(&mut state).unwrap_or_else(|error| panic!("{wanted}: {error}; {heard:?}"));
        heard.push(String::from_utf8_lossy(&state[..length]).into_owned());
    }
    heard
}

#[test]
fn systemd_hears_of_ready_alive_reloading_and_stopping() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut server = Bare::start(
        folder,
        &[
            ("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420"),
            ("NOTIFY_SOCKET", path.to_str().unwrap()),
            ("WATCHDOG_USEC", "200000"),
        ],
    );

    assert_eq!(until(&socket, "READY=1"), ["READY=1"], "first of all");
    until(&socket, "WATCHDOG=1");
    server.signal("HUP");
    let reloading = until(&socket, "RELOADING=1").pop().unwrap();
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    until(&socket, "READY=1");
    server.signal("TERM");
    until(&socket, "STOPPING=1");
    assert_eq!(server.code(), Some(0));
}
