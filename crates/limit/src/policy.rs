//! The named limits and their defaults (DESIGN section 5). Each is one line of configuration.

use countersign_kernel::Lifetime;

use crate::quota::{Quota, Reading};

/// There is no limit of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit named {0:?}")]
pub struct UnknownPolicy(pub String);

macro_rules! policies {
    ($($(#[$doc:meta])* $name:ident = $limit:literal in $minutes:literal min,)*) => {
        /// Every named limit.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Policies {
            $($(#[$doc])* pub $name: Quota,)*
        }

        impl Default for Policies {
            fn default() -> Self {
                Self {
                    $($name: Quota {
                        name: stringify!($name),
                        limit: $limit,
                        window: Lifetime::from_minutes($minutes),
                    },)*
                }
            }
        }

        impl Policies {
            /// Every limit, in the order of this list.
            #[must_use]
            pub fn all(&self) -> Vec<Quota> {
                vec![$(self.$name,)*]
            }

            /// The limit named `name`.
            #[must_use]
            pub fn named(&self, name: &str) -> Option<Quota> {
                match name {
                    $(stringify!($name) => Some(self.$name),)*
                    _ => None,
                }
            }

            /// Changes the limit named `name`. A limit of zero refuses everything; a window of zero counts nothing.
            ///
            /// # Errors
            /// [`UnknownPolicy`] if there is no such limit; nothing has changed then.
            pub fn set(&mut self, name: &str, limit: u32, window: Lifetime) -> Result<(), UnknownPolicy> {
                match name {
                    $(stringify!($name) => {
                        self.$name.limit = limit;
                        self.$name.window = window;
                    })*
                    _ => return Err(UnknownPolicy(name.to_owned())),
                }
                Ok(())
            }
        }
    };
}

policies! {
    /// Failed sign-ins from one address to one account.
    sign_in_address_account = 5 in 15 min,
    /// Failed sign-ins from one address, whatever the account.
    sign_in_address = 30 in 15 min,
    /// Failed sign-ins to one account from devices unknown to it, whatever the address.
    sign_in_account = 20 in 60 min,
    /// Failed sign-ins from one device known to the account: a bucket of its own, so that nobody else can lock the owner out.
    sign_in_device = 10 in 60 min,
    /// Failed sign-ins, from devices that the account does not know, out of one network by the table of addresses. A window of
    /// zero: it is not counted.
    sign_in_network = 0 in 0 min,
    /// The same by country.
    sign_in_country = 0 in 0 min,
    /// Failed sign-ins to one account whose challenge was solved: the more, the harder the next one. Refuses nobody.
    challenge_account = 64 in 60 min,
    /// Registrations from one address, refused ones included, successful ones too.
    register_address = 10 in 60 min,
    /// Refreshes of one session.
    refresh_session = 60 in 1 min,
    /// Failed checks of the current password inside a session: step-up, password change, deletion.
    password_account = 10 in 60 min,
    /// Wrong codes of one account's second factors, over all of its sign-ins and sessions.
    second_factor_account = 10 in 60 min,
    /// Mails with a link that were asked for one address, whether or not anybody has it.
    mail_account = 5 in 60 min,
    /// Mails with a link that were asked for from one address.
    mail_address = 30 in 60 min,
    /// Wrong mailed codes of one account, over all mails.
    code_account = 10 in 60 min,
    /// Mailed links and codes from one address that do not work.
    link_address = 30 in 15 min,
    /// Questions to authenticators that strangers had asked from one address, and their answers that did not count.
    passkey_address = 300 in 15 min,
    /// Questions to authenticators that one person had asked.
    passkey_account = 60 in 60 min,
    /// Failed tries of one account at the one-time link that makes the first administrator.
    claim_admin_account = 10 in 60 min,
    /// Calls of one administrator to the administrators' API.
    admin_account = 300 in 1 min,
}

/// How hard the next challenge is: `base` while nothing is counted in `solved`, the reading of
/// [`Policies::challenge_account`], doubled with each quarter of its limit, and sixteen times `base` at the most. There must be
/// an end: whoever floods an account must not make its owner's work endless.
#[must_use]
pub fn max_number(base: u32, solved: &Reading) -> u32 {
    let used = u64::from(solved.limit.saturating_sub(solved.remaining));
    // A limit of zero is used up.
    let doublings = (used * 4)
        .checked_div(u64::from(solved.limit))
        .map_or(MOST_DOUBLINGS, |quarters| u32::try_from(quarters).unwrap_or(MOST_DOUBLINGS).min(MOST_DOUBLINGS));
    base.saturating_mul(1 << doublings)
}

const MOST_DOUBLINGS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_doubles_with_each_quarter_of_the_limit_and_then_no_more() {
        let harder = |limit, used| {
            let window = Lifetime::from_hours(1);
            max_number(1_000, &Reading { name: "", limit, remaining: limit - used, reset: Lifetime::ZERO, window })
        };
        let wanted = [
            (0, 1_000),
            (1, 1_000),
            (15, 1_000),
            (16, 2_000),
            (31, 2_000),
            (32, 4_000),
            (48, 8_000),
            (63, 8_000),
            (64, 16_000),
        ];
        for (used, hardness) in wanted {
            assert_eq!(harder(64, used), hardness, "{used}");
        }
        assert_eq!((harder(1, 0), harder(1, 1)), (1_000, 16_000));
        assert_eq!(harder(0, 0), 16_000);
        assert_eq!(harder(1_000_000, 1_000_000), 16_000);
        let over = Reading { name: "", limit: 1, remaining: 0, reset: Lifetime::ZERO, window: Lifetime::ZERO };
        assert_eq!(max_number(u32::MAX, &over), u32::MAX);
    }

    #[test]
    fn a_limit_is_changed_by_its_name_and_only_it() {
        let mut policies = Policies::default();
        policies.set("sign_in_address", 7, Lifetime::from_minutes(1)).unwrap();

        assert_eq!((policies.sign_in_address.limit, policies.sign_in_address.window), (7, Lifetime::from_minutes(1)));
        let untouched = Policies::default();
        for (changed, default) in policies.all().iter().zip(untouched.all()) {
            assert_eq!(changed.name, default.name);
            assert_eq!(*changed == default, changed.name != "sign_in_address", "{}", changed.name);
        }
        assert_eq!(policies.set("sign_in", 1, Lifetime::ZERO), Err(UnknownPolicy("sign_in".to_owned())));
    }
}
