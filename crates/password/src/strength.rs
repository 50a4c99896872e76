//! How strong a password is, as far as it can be told.

use countersign_kernel::Secret;

/// The estimator's work grows faster than the text: more than this many characters say nothing new.
const LOOKED_AT: usize = 64;

/// An estimate of how many guesses an attacker needs who knows what people choose. Advice, never a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strength {
    /// 0 (among the first thousand guesses) to 4 (out of reach).
    pub score: u8,
    /// What to tell the person.
    pub advice: &'static str,
}

impl Strength {
    pub(crate) fn of(password: &str, context: &[&str]) -> Self {
        let looked_at = Secret::new(password.chars().take(LOOKED_AT).collect::<String>());
        let score = u8::from(zxcvbn::zxcvbn(looked_at.expose(), context).score());
        Self { score, advice: advice(score) }
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
