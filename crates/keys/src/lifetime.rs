//! When the last token that can be affected has died.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{Error, Tx};

/// Tokens that are signed now live at most until this moment: `from` + the greatest access lifetime of the last 24 hours, or
/// `configured` if that is greater, × 1.05 for the jitter + 150 s for skew and nodes that hear of it late (DESIGN section 2).
///
/// # Errors
/// If the store fails.
pub async fn last_token_dies(tx: &mut dyn Tx, from: Timestamp, configured: Lifetime) -> Result<Timestamp, Error> {
    let noted = tx.greatest_access_lifetime(from - Lifetime::from_hours(24)).await?;
    let greatest = configured.max(Lifetime::from_seconds(i64::from(noted)));
    Ok(from + with_margin(greatest))
}

fn with_margin(lifetime: Lifetime) -> Lifetime {
    let jitter = Lifetime::from_micros(lifetime.as_micros() / 20);
    lifetime + jitter + Lifetime::from_seconds(150)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_minutes_are_kept_for_eighteen_and_a_quarter() {
        assert_eq!(with_margin(Lifetime::from_minutes(15)), Lifetime::from_seconds(900 + 45 + 150));
    }
}
