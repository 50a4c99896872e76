//! What `amr` and `acr` say (RFC 8176 section 2, RFC 9068 section 2.2.1).
//!
//! Promises: `mfa` stands in `amr` exactly where two kinds of proof were given in this session, something known and something
//! had, or one that is both by itself; `acr` is `aal2` there and `aal1` elsewhere. Names that are not ours count as nothing.

/// The name of two kinds of proof.
pub const MULTI_FACTOR: &str = "mfa";

/// Names of what is known: a password; what a mailbox was sent, which is opened with another password.
const KNOWN: &[&str] = &["pwd", "mca"];
/// Names of what is had: what makes or holds one-time codes, a key in hardware, a key that is synced.
const HAD: &[&str] = &["otp", "hwk", "swk"];

/// Sorts the names, drops doubles, and adds [`MULTI_FACTOR`] where it is true.
pub(crate) fn complete(amr: &mut Vec<String>) {
    if is_multi_factor(amr) {
        amr.push(MULTI_FACTOR.to_owned());
    }
    amr.sort_unstable();
    amr.dedup();
}

/// Whether two kinds of proof were given.
#[must_use]
pub fn is_multi_factor(amr: &[String]) -> bool {
    let any = |names: &[&str]| amr.iter().any(|name| names.contains(&name.as_str()));
    any(&[MULTI_FACTOR]) || (any(KNOWN) && any(HAD))
}

/// `acr`: how strong the sign-in was.
pub(crate) fn strength(amr: &[String]) -> &'static str {
    if is_multi_factor(amr) { "aal2" } else { "aal1" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_kinds_of_proof_are_stronger_than_one_or_two_of_one_kind() {
        for (given, wanted, acr) in [
            ("", "", "aal1"),
            ("pwd", "pwd", "aal1"),
            ("mca pwd", "mca pwd", "aal1"),
            ("hwk otp", "hwk otp", "aal1"),
            ("pwd otp pwd", "mfa otp pwd", "aal2"),
            ("mca swk", "mca mfa swk", "aal2"),
            ("user mfa hwk", "hwk mfa user", "aal2"),
            ("pwd face", "face pwd", "aal1"),
            ("pwd OTP", "OTP pwd", "aal1"),
        ] {
            let mut amr: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
            complete(&mut amr);
            assert_eq!((amr.join(" ").as_str(), strength(&amr)), (wanted, acr), "{given}");
        }
    }
}
