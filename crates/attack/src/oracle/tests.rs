//! A tool that never finds anything proves nothing: here it meets answers that tell.

use std::time::Duration;

use super::*;

/// What was seen of answers that took so many µs each.
fn seen(said: &str, micros: impl IntoIterator<Item = u64>) -> Seen {
    let times = micros.into_iter().map(Duration::from_micros).collect();
    Seen { times, said: Some(said.to_owned()), changed: false }
}

fn findings(known: &Seen, unknown: &Seen) -> Vec<String> {
    let mut report = Report::of("oracle");
    judge("a door", known, unknown, &mut report);
    report.findings
}

/// Times between 100 and 199 µs, each as often as any other, in no order.
fn scattered() -> impl Iterator<Item = u64> {
    (0..300_u64).map(|n| 100 + (n * 37) % 100)
}

#[test]
fn answers_that_read_alike_and_take_alike_tell_nothing() {
    assert!(findings(&seen("401", scattered()), &seen("401", scattered())).is_empty());
    // A pause of the machine.
    let paused = scattered().map(|time| if time == 150 { 2_000_000 } else { time });
    assert!(findings(&seen("401", paused), &seen("401", scattered())).is_empty());
}

#[test]
fn a_difference_of_a_fifth_of_the_spread_is_found_in_both_directions() {
    let later = || scattered().map(|time| time + 20);
    assert_eq!(findings(&seen("401", later()), &seen("401", scattered())), ["a door: the time tells, in 68 of 100"]);
    assert_eq!(findings(&seen("401", scattered()), &seen("401", later())), ["a door: the time tells, in 68 of 100"]);
}

#[test]
fn words_that_differ_are_found() {
    assert_eq!(findings(&seen("401", scattered()), &seen("404", scattered())), ["a door: answers differ: 401 | 404"]);
    let mut fickle = seen("401", scattered());
    fickle.changed = true;
    assert_eq!(findings(&fickle, &seen("401", scattered())).len(), 1);
}

#[test]
fn an_answer_is_read_without_what_is_always_another() {
    let answer = |id: &str, csrf: &str, more: &str| {
        let head = format!(
            "HTTP/1.1 401 X\r\nX-Request-Id: {id}\r\nSet-Cookie: csrf={csrf}; Path=/\r\nDate: {id}\r\n{more}\r\n"
        );
        Answer::read(format!("{head}{{\"code\":\"AUTH_FAILED\",\"requestId\":\"{id}\"}}").as_bytes()).unwrap()
    };
    assert_eq!(reading(&answer("1", "a", "")), reading(&answer("2", "b", "")));
    assert_ne!(reading(&answer("1", "a", "")), reading(&answer("1", "a", "Retry-After: 1\r\n")));
}
