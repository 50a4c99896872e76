use super::*;
use crate::testing::{chain, record};

fn line() -> RecordLine {
    let (place, record) = chain(3).pop().unwrap();
    RecordLine { place: Some(place), record }
}

#[test]
fn a_line_reads_back_to_the_same_record() {
    let mut erased = line();
    erased.record.erase();
    for line in [line(), erased, RecordLine { place: None, record: record(1) }] {
        assert_eq!(RecordLine::parse(&line.to_json()), Ok(line.clone()));
        assert_eq!(Line::parse(&line.to_json()), Ok(Line::Record(Box::new(line))));
    }
}

#[test]
fn a_header_and_a_checkpoint_read_back() {
    let (place, _) = chain(3).pop().unwrap();
    let key = serde_json::json!({"kty": "OKP"});
    let header = Header::new(Timestamp::EPOCH, Some(key), Link::START, place.link);
    for line in [Line::Header(Box::new(header)), Line::Checkpoint("a.b.c".to_owned())] {
        assert_eq!(Line::parse(&line.to_json()), Ok(line));
    }
    let other = Line::parse("{\"countersign\":\"something\",\"version\":2}");
    assert!(matches!(other, Err(LineError::NotARecord(_))), "{other:?}");
}

// attack 100
// bug S89
#[test]
fn a_line_stays_one_line_whatever_the_record_holds() {
    let mut hostile = line();
    hostile.record.user_agent = Some("a\r\n{\"seq\":1}\u{2028}\u{1b}[2J\u{85}\u{e0041}".to_owned());

    let text = hostile.to_json();

    assert!(!text.chars().any(crate::redact::is_unsafe_to_show), "{text}");
    assert_eq!(RecordLine::parse(&text), Ok(hostile));
}

#[test]
fn nothing_in_a_line_is_free_to_be_changed() {
    let text = line().to_json();
    let hash = line().place.unwrap().link.hash.to_string();
    for (from, to) in [
        ("{\"seq\"", "{\"note\":\"hello\",\"seq\""),
        ("{\"seq\":3", "{\"seq\":3,\"seq\":3"),
        ("{\"seq\":3", "{\"seq\":0"),
        ("{\"seq\":3,", "{"),
        (hash.as_str(), "00"),
        ("\"prev\":\"", "\"prev\":\"0"),
        ("\"salt\":\"", "\"salt\":\"0"),
        ("\"blinding\":{", "\"blinding\":{\"erased\":\"00\","),
        ("\"time\":\"2025", "\"time\":\"2024"),
        ("\"detail\":{", "\"detail\":{\"try\":\"9\","),
        ("\"record\":{", "\"record\":{\"remark\":1,"),
        ("sign_in_failed", "sign_in_admired"),
    ] {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from} is in the line");
        assert!(RecordLine::parse(&edited).is_err(), "{edited}");
    }
}

#[test]
fn a_line_beyond_all_measure_is_refused_before_it_is_read() {
    assert_eq!(Line::parse(&" ".repeat(MAX_LINE + 1)), Err(LineError::TooLong));
}
