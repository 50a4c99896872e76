//! Hides what differs from run to run: ids, tokens, times.

/// `text` with each id of a kind as `[usr 1]`, numbered in order of appearance, each JWT as `[jwt]`, each RFC 3339 moment as
/// `[time]` and each long secret-looking word as `[opaque]`.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut masked = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars() {
        if is_of_word(character) {
            word.push(character);
        } else {
            masked.push_str(&masked_word(&word, &mut seen));
            word.clear();
            masked.push(character);
        }
    }
    masked.push_str(&masked_word(&word, &mut seen));
    masked
}

const fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | ':')
}

fn masked_word(word: &str, seen: &mut Vec<String>) -> String {
    if is_id(word) {
        let kind = word.split('_').next().unwrap_or_default().to_owned();
        if !seen.iter().any(|s| s == word) {
            seen.push(word.to_owned());
        }
        let number = seen.iter().filter(|s| s.starts_with(&kind)).position(|s| s == word).map_or(0, |p| p + 1);
        return format!("[{kind} {number}]");
    }
    if word.starts_with("eyJ") && word.matches('.').count() == 2 {
        return "[jwt]".to_owned();
    }
    if is_moment(word) {
        return "[time]".to_owned();
    }
    let is_opaque = word.len() >= 40 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if is_opaque { "[opaque]".to_owned() } else { word.to_owned() }
}

fn is_id(word: &str) -> bool {
    const KINDS: &[&str] = &["usr", "ses", "key", "tok", "dev", "aud", "req"];
    word.split_once('_').is_some_and(|(kind, digits)| {
        KINDS.contains(&kind)
            && digits.len() == 26
            && digits.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase())
    })
}

fn is_moment(word: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00.000Z";
    word.len() == SHAPE.len()
        && word.chars().zip(SHAPE.chars()).all(|(c, s)| if s == '0' { c.is_ascii_digit() } else { c == s })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tokens_and_times_are_masked_and_the_rest_is_kept() {
        let text = "usr_01k2m3n4p5q6r7s8t9v0w1x2y3 met usr_7zzzzzzzzzzzzzzzzzzzzzzzzz at 2026-01-01T00:00:00.000Z; \
                    usr_01k2m3n4p5q6r7s8t9v0w1x2y3 had eyJh.eyJi.sig_";
        assert_eq!(mask(text), "[usr 1] met [usr 2] at [time]; [usr 1] had [jwt]");
    }
}
