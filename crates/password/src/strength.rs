//! How strong a password is, as far as it can be told.

use countersign_kernel::Secret;
use zxcvbn::feedback::{Feedback, Suggestion, Warning};

/// The estimator's work grows faster than the text: more than this many characters say nothing new.
const LOOKED_AT: usize = 64;

/// An estimate of how many guesses an attacker needs who knows what people choose. Advice, never a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strength {
    /// 0 (among the first thousand guesses) to 4 (out of reach).
    pub score: u8,
    /// What to tell the person.
    pub advice: &'static str,
    /// Why, where there is something to say: of the pattern that was found, never of the text.
    pub reason: Option<&'static str>,
}

impl Strength {
    pub(crate) fn of(password: &str, context: &[&str]) -> Self {
        let looked_at = Secret::new(password.chars().take(LOOKED_AT).collect::<String>());
        let estimate = zxcvbn::zxcvbn(looked_at.expose(), context);
        let score = u8::from(estimate.score());
        Self { score, advice: advice(score), reason: estimate.feedback().and_then(reason) }
    }

    /// Advice and reason in one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.reason.map_or_else(|| self.advice.to_owned(), |reason| format!("{} {reason}", self.advice))
    }
}

/// The one thing that is most worth saying.
fn reason(feedback: &Feedback) -> Option<&'static str> {
    feedback.warning().map(warned).or_else(|| feedback.suggestions().iter().find_map(|hint| suggested(*hint)))
}

const fn warned(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => {
            "Keys that lie side by side are tried early."
        }
        Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            "Repeating the same characters adds next to nothing."
        }
        Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword => {
            "Many people use it."
        }
        Warning::ThisIsSimilarToACommonlyUsedPassword => "It is close to one that many people use.",
        Warning::SequencesLikeAbcAreEasyToGuess => "Sequences like abc or 6543 are tried early.",
        Warning::RecentYearsAreEasyToGuess => "Years of our time are tried early.",
        Warning::AWordByItselfIsEasyToGuess => "One word alone is tried early; several words together are not.",
        Warning::DatesAreOftenEasyToGuess => "Dates are tried early, those of your life first.",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess => {
            "Names are tried early."
        }
    }
}

const fn suggested(suggestion: Suggestion) -> Option<&'static str> {
    match suggestion {
        // The advice says so already.
        Suggestion::UseAFewWordsAvoidCommonPhrases
        | Suggestion::AddAnotherWordOrTwo
        | Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => None,
        Suggestion::CapitalizationDoesntHelpVeryMuch | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            Some("Capitals add next to nothing.")
        }
        Suggestion::ReversedWordsArentMuchHarderToGuess => Some("Words written backwards are tried too."),
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => Some("Figures that stand for letters are tried too."),
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => Some("Keys that lie side by side are tried early."),
        Suggestion::AvoidRepeatedWordsAndCharacters => Some("Repeating the same characters adds next to nothing."),
        Suggestion::AvoidSequences => Some("Sequences like abc or 6543 are tried early."),
        Suggestion::AvoidRecentYears
        | Suggestion::AvoidYearsThatAreAssociatedWithYou
        | Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => Some("Years and dates are tried early."),
    }
}

const fn advice(score: u8) -> &'static str {
    match score {
        0 => "Very easy to guess. Several unrelated words are better.",
        1 => "Easy to guess. Several unrelated words are better.",
        2 => "Could be guessed. A longer one is better.",
        3 => "Good.",
        _ => "Very good.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_stronger_than_a_pattern() {
        assert_eq!(Strength::of("qwertyuiop", &[]).score, 0);
        assert_eq!(Strength::of("correct horse battery staple", &[]).score, 4);
    }

    #[test]
    fn each_score_has_its_own_advice() {
        let texts: Vec<_> = (0..=4).map(advice).collect();
        for (score, text) in (0_u8..).zip(&texts) {
            assert!(text.ends_with('.') && !texts[..usize::from(score)].contains(text), "{score}: {text}");
        }
        assert!(texts[0].contains("Very easy") && texts[2].contains("longer") && texts[4].contains("Very good"));
    }

    #[test]
    fn the_reason_names_the_pattern_and_never_the_text() {
        for (text, part) in [
            ("qwertyuiop", "people use"),
            ("poiuytfdsa", "side by side"),
            ("zzzzzzzzzz", "same characters"),
            ("abcdefghij", "Sequences"),
            ("19871988", "Years"),
            ("11.09.1987", "Dates"),
            ("caterpillar", "word"),
            // A suggestion without a warning.
            ("Caterpillarmonkey", "Capitals"),
            ("drawkcabyeknom", "backwards"),
        ] {
            let strength = Strength::of(text, &[]);
            let reason = strength.reason.unwrap_or_default();
            assert!(reason.contains(part) && reason.ends_with('.'), "{text}: {strength:?}");
            assert!(strength.text().starts_with(strength.advice) && strength.text().ends_with(reason));
            assert!(!strength.text().contains(text));
        }
        let strong = Strength::of("correct horse battery staple", &[]);
        assert_eq!((strong.reason, strong.text()), (None, "Very good.".to_owned()));
    }

    #[test]
    fn what_the_person_is_called_is_easy_to_guess() {
        let alone = Strength::of("vanderhaegen", &[]).score;
        let known = Strength::of("vanderhaegen", &["vanderhaegen"]).score;
        assert!(known < alone, "{known} < {alone}");
    }

    #[test]
    fn the_longest_password_is_judged_in_bounded_work() {
        let long = "ab1!".repeat(64);
        assert_eq!(Strength::of(&long, &[]), Strength::of(&long[..64], &[]));
    }
}
