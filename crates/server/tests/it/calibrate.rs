//! `countersign calibrate`.

use crate::support::run;

/// No machine hashes 19 MiB twice in 10 ms as a debug build: what is recommended then is the floor, and it says so.
#[test]
fn never_less_than_the_floor_is_recommended() {
    let ran = run(&["calibrate", "--target-ms", "10", "--json", "--set", "passwords.workers=1"]).expect(0).json();

    assert_eq!(ran["recommended"]["memoryKib"], 19_456);
    assert_eq!(ran["recommended"]["iterations"], 2);
    assert_eq!(ran["recommended"]["parallelism"], 1);
    let measured = ran["measured"].as_array().unwrap();
    let milliseconds = ran["recommended"]["milliseconds"].as_i64().unwrap();
    assert_eq!(ran["isWithinTarget"].as_bool().unwrap(), milliseconds <= 10);
    assert!(measured.len() >= 3 && measured.iter().all(|m| m["memoryKib"].as_i64().unwrap() >= 19_456), "{ran}");
    assert!(measured.iter().any(|m| m["parallelism"] == 4), "lanes are measured: {ran}");
}

#[test]
fn what_is_recommended_can_be_pasted_and_fits_the_budget() {
    let arguments = ["calibrate", "--target-ms", "2000", "--set", "passwords.memory_budget_mib=24"];
    let ran = run(&arguments).expect(0);

    let settings = ran.out.split_once("[passwords]").map(|(_, rest)| rest).unwrap_or_default();
    let table: toml::Table = settings.parse().unwrap();
    let number = |key: &str| table[key].as_integer().unwrap();
    assert!((19_456..=24_576).contains(&number("memory_kib")), "{}", ran.out);
    assert!(number("iterations") >= 2 && number("parallelism") == 1, "{}", ran.out);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, format!("[passwords]{settings}")).unwrap();
    let _ = run(&["config", "show", "--config", file.to_str().unwrap()]).expect(0);
}

#[test]
fn a_target_that_nobody_can_mean_is_refused() {
    for target in ["0", "9", "5001", "soon"] {
        let _ = run(&["calibrate", "--target-ms", target]).expect(2);
    }
}
