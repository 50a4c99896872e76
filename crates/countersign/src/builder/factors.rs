//! Who needs a second factor.

use countersign_kernel::Lifetime;

use super::Builder;

impl Builder {
    /// Roles whose rights need a second factor, besides `admin`, whose always do. Whoever has such a role and no second factor can
    /// sign in and set one up; the guards of roles and permissions ask for it.
    pub fn second_factor_for_roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.factors.required_roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// For how long a device may be remembered on which its owner has proven a second factor and asked for it; 30 days without it,
    /// and zero: never.
    pub const fn remember_devices(mut self, lifetime: Lifetime) -> Self {
        self.factors.remember_device = lifetime;
        self
    }
}
