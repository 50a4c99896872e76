//! The languages that somebody reads, best first.

use std::fmt;

/// A language by its primary subtag (RFC 5646): `de` of `de-AT`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; 3]);

impl Language {
    /// The language of a tag such as `de` or `de-AT`, without regard to case; none where it begins with no word of two or three
    /// letters.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?.trim();
        if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut letters = [0; 3];
        for (slot, letter) in letters.iter_mut().zip(primary.bytes()) {
            *slot = letter.to_ascii_lowercase();
        }
        Some(Self(letters))
    }

    /// The subtag, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('\0')
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many languages of one person count.
const MOST: usize = 4;

/// The languages that somebody reads, best first, at most four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Languages([Option<Language>; MOST]);

impl Languages {
    /// The languages of an `Accept-Language` field (RFC 9110 section 12.5.4), those with a greater weight first.
    #[must_use]
    pub fn of_field(field: &str) -> Self {
        let mut weighed: Vec<(u32, Language)> = Vec::new();
        // A field is some dozen entries at most; one of thousands is nobody's.
        for entry in field.split(',').take(MOST_ENTRIES) {
            let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let (Some(language), weight) = (Language::parse(tag.trim()), weight(parameters)) else { continue };
            if weight > 0 && !weighed.iter().any(|(_, known)| *known == language) {
                weighed.push((weight, language));
            }
        }
        weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        weighed.into_iter().map(|(_, language)| language).collect()
    }

    /// The languages of words with spaces between, as [`Languages::to_words`] writes them.
    #[must_use]
    pub fn of_words(words: &str) -> Self {
        words.split(' ').filter_map(Language::parse).collect()
    }

    /// The languages as words with spaces between.
    #[must_use]
    pub fn to_words(self) -> String {
        self.iter().map(|language| language.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// Each language, best first.
    pub fn iter(&self) -> impl Iterator<Item = Language> {
        self.0.into_iter().flatten()
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        let mut first = [None; MOST];
        for (slot, language) in first.iter_mut().zip(languages) {
            *slot = Some(language);
        }
        Self(first)
    }
}

/// The weight in thousandths; 1,000 where none is given, 0 where it is none.
fn weight(parameters: &str) -> u32 {
    let Some((name, value)) = parameters.split_once('=') else { return 1_000 };
    if !name.trim().eq_ignore_ascii_case("q") {
        return 1_000;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    match whole {
        "1" => 1_000,
        "0" => {
            let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
            digits.parse().unwrap_or(0)
        }
        _ => 0,
    }
}

const MOST_ENTRIES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_weight_comes_first_and_each_language_once() {
        for (field, wanted) in [
            ("de-AT, de;q=0.9, en;q=0.8", "de en"),
            ("en;q=0.3, fr, DE;q=0.85", "fr de en"),
            ("en;q=0, de", "de"),
            ("*", ""),
            ("", ""),
            ("x-klingon, d3, toolong, de;q=nonsense", ""),
            ("a1,bb,cc,dd,ee,ff", "bb cc dd ee"),
        ] {
            assert_eq!(Languages::of_field(field).to_words(), wanted, "{field}");
        }
    }

    #[test]
    fn words_are_read_as_they_were_written() {
        let languages = Languages::of_field("gsw, de;q=0.5");
        assert_eq!(languages.to_words(), "gsw de");
        assert_eq!(Languages::of_words("gsw de"), languages);
        assert_eq!(Languages::of_words(""), Languages::default());
    }
}
