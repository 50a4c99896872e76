//! The named limits and their defaults (DESIGN section 5). Each is one line of configuration.

use countersign_kernel::Lifetime;

use crate::quota::Quota;

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
    /// Registrations from one address, refused ones included, successful ones too.
    register_address = 10 in 60 min,
    /// Refreshes of one session.
    refresh_session = 60 in 1 min,
    /// Failed checks of the current password inside a session: step-up, password change, deletion.
    password_account = 10 in 60 min,
}

#[cfg(test)]
mod tests {
    use super::*;

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
