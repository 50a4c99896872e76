//! Until when a certificate is valid (RFC 5280 section 4.1.2.5): the one thing of it that an operator has to be reminded of.
//!
//! Trusts nothing: whatever is not as the standard says gives none.

use countersign_kernel::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of the validity of a certificate in DER.
#[must_use]
pub fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (whole, _) = expect(certificate, SEQUENCE)?;
    let (signed, _) = expect(whole, SEQUENCE)?;
    let mut rest = signed;
    if rest.first() == Some(&VERSION) {
        (_, _, rest) = element(rest)?;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (_, _, after_begin) = element(validity)?;
    let (tag, text, _) = element(after_begin)?;
    moment(tag, std::str::from_utf8(text).ok()?)
}

fn expect(input: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, contents, rest) = element(input)?;
    (tag == wanted).then_some((contents, rest))
}

/// The tag and contents of the first element, and what follows it.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from + 2)?.parse::<i64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let (hours, minutes, seconds) = (part(4)?, part(6)?, part(8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    Some(Timestamp::from_seconds(days(year, month, day) * 86_400 + hours * 3_600 + minutes * 60 + seconds))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, years counted from March so that leap days come last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        for (tag, text, wanted) in [
            (UTC_TIME, "700101000000Z", Some("1970-01-01T00:00:00.000Z")),
            (UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59.000Z")),
            (UTC_TIME, "240229120000Z", Some("2024-02-29T12:00:00.000Z")),
            (GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01T00:00:00.000Z")),
            (GENERALIZED_TIME, "21000301000000Z", Some("2100-03-01T00:00:00.000Z")),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700001000000Z", None),
            (GENERALIZED_TIME, "700101000000Z", None),
            (UTC_TIME, "7001010000+1Z", None),
            (UTC_TIME, "700101000000", None),
        ] {
            assert_eq!(moment(tag, text).map(Timestamp::to_rfc3339).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_gives_none() {
        for bytes in [&b""[..], b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x02\x30\x00", b"\x02\x01\x01"] {
            assert_eq!(not_after(bytes), None, "{bytes:x?}");
        }
    }
}
