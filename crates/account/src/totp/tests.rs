use super::*;

/// The secret of RFC 6238 appendix B.
const RFC: &[u8] = b"12345678901234567890";

fn shared() -> Shared {
    Shared::new(RFC, "auth.example.com", "ada@example.com").unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// The last six digits of the eight of RFC 6238 appendix B, SHA-1.
#[test]
fn the_codes_are_those_of_the_rfc() {
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let step = u64::try_from(seconds / 30).unwrap();
        assert_eq!(shared().judge(code, at(seconds)), CodeJudged::Fits { step }, "{seconds}");
    }
}

#[test]
fn one_step_each_way_is_taken_and_ten_minutes_are_recognised() {
    // Step 66666666, which begins at this moment.
    let (step, begin) = (66_666_666, 1_999_999_980);
    let code = "279037";
    for (away, expected) in [
        (0, CodeJudged::Fits { step }),
        (29, CodeJudged::Fits { step }),
        (59, CodeJudged::Fits { step }),
        (-1, CodeJudged::Fits { step }),
        (-30, CodeJudged::Fits { step }),
        (60, CodeJudged::Drifted { step, drift: ClockDrift { seconds: -60 } }),
        (-31, CodeJudged::Drifted { step, drift: ClockDrift { seconds: 60 } }),
        (629, CodeJudged::Drifted { step, drift: ClockDrift { seconds: -600 } }),
        (-600, CodeJudged::Drifted { step, drift: ClockDrift { seconds: 600 } }),
        (630, CodeJudged::Wrong),
        (-601, CodeJudged::Wrong),
    ] {
        assert_eq!(shared().judge(code, at(begin + away)), expected, "{away}");
    }
    assert_eq!(shared().judge("287082", at(59)), CodeJudged::Fits { step: 1 }, "near the beginning of time, too");
}

#[test]
fn what_is_no_code_is_wrong() {
    for text in ["", "28708", "2870822", "28708a", "２８７０８２", "287082\0", "-87082", "null", "[\"287082\"]"] {
        assert_eq!(shared().judge(text, at(59)), CodeJudged::Wrong, "{text:?}");
    }
    assert_eq!(shared().judge(" 287 082 ", at(59)), CodeJudged::Fits { step: 1 }, "apps show them in two groups");
}

#[test]
fn an_app_is_told_who_and_where_and_nothing_else() {
    let url = shared().url().unwrap();
    let url = url.expose();
    assert!(url.starts_with("otpauth://totp/auth.example.com:ada%40example.com?"), "{url}");
    for part in ["secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "issuer=auth.example.com"] {
        assert!(url.contains(part), "{url}");
    }
    assert_eq!(shared().text().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");

    let svg = qr_svg(&shared().url().unwrap()).unwrap();
    let svg = svg.expose();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    for no in ["<script", "href", "url(", "<style", "onload"] {
        assert!(!svg.contains(no), "{no}");
    }
}

#[test]
fn a_colon_in_an_address_does_not_split_the_label() {
    let odd = Shared::new(RFC, "localhost:8420", "\"a:b\"@example.com").unwrap();
    let url = odd.url().unwrap();
    assert_eq!(url.expose().matches(':').count(), 2, "the scheme's and the label's: {}", url.expose());
}
