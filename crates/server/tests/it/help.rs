//! Help and exit codes.

use crate::support::run;

#[test]
fn no_command_is_help_and_usage_error() {
    let ran = run(&[]).expect(2);
    assert!(ran.err.contains("countersign dev") && ran.err.contains("Exit codes"), "{}", ran.err);
}

#[test]
fn a_group_without_a_command_is_help_and_usage_error() {
    for group in ["keys", "user", "session", "role", "token", "config", "audit"] {
        let ran = run(&[group]).expect(2);
        assert!(ran.err.contains("Commands:"), "{group}: {}", ran.err);
    }
}

#[test]
fn every_command_has_help_that_ends_well() {
    for command in [
        "dev",
        "serve",
        "keys list",
        "keys rotate",
        "keys import",
        "keys withdraw",
        "keys generate-master",
        "user list",
        "user create",
        "user disable",
        "user enable",
        "user delete",
        "user set-role",
        "user revoke",
        "session list",
        "session revoke",
        "role list",
        "role set",
        "role delete",
        "token mint",
        "token inspect",
        "config show",
        "config check",
        "config schema",
        "audit tail",
        "audit verify",
        "audit export",
        "doctor",
        "backup",
        "restore",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = run(&arguments).expect(0);
        assert!(ran.out.contains("Usage:") && ran.out.contains("--json"), "{command}: {}", ran.out);
    }
}

#[test]
fn a_command_that_nobody_knows_is_a_usage_error() {
    let ran = run(&["usr", "list"]).expect(2);
    assert!(ran.err.contains("'user'"), "it names the nearest: {}", ran.err);
}

#[test]
fn a_command_without_data_says_where_it_looked() {
    for command in [["keys", "list"], ["user", "list"], ["audit", "verify"], ["role", "list"]] {
        let ran = run(&command).expect(3);
        assert!(ran.err.contains("countersign-data/countersign.db"), "{command:?}: {}", ran.err);
    }
}
