//! What is asked of the answer to a challenge, on any input. The fuzz target and the test that replays the corpus both run this.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_kernel::{Secret, Timestamp};
use countersign_limit::Challenges;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static CHALLENGES: LazyLock<Challenges> = LazyLock::new(|| Challenges::new(&Secret::new([1; 32])));

/// An answer, as it comes and as the JSON within: whatever it is, it is good for one subject and in time, or for nobody. Whether
/// it was good.
pub fn challenge_response(data: &[u8]) -> bool {
    let as_it_comes = std::str::from_utf8(data).is_ok_and(is_good);
    as_it_comes | is_good(&STANDARD.encode(data))
}

fn is_good(response: &str) -> bool {
    let judged = |name: &[u8], now| CHALLENGES.judge(&[b"sign_in", name], response, now);
    let solution = judged(b"ada", NOW);
    if solution.is_some() {
        assert_eq!(judged(b"ada", NOW), solution);
        assert_eq!(judged(b"bob", NOW), None);
        assert_eq!(judged(b"ada", NOW + countersign_limit::challenge::LIFETIME), None);
    }
    solution.is_some()
}
