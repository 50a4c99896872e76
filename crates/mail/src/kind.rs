//! The mails that there are, as a closed list.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal [$($fact:ident),*],)*) => {
        /// A mail. The text form (`reset`) is stable: texts and overrides are found by it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every mail, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The mail with this text form.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The facts that its texts may name, besides those of every mail (`name`, `site`).
            #[must_use]
            pub const fn facts(self) -> &'static [Fact] {
                match self { $(Self::$variant => &[$(Fact::$fact),*],)* }
            }
        }
    };
}

kinds! {
    /// Confirms an account's address.
    Verify = "verify" [Link, Code, Minutes, Device],
    /// Somebody tried to register with an address that has an account.
    AccountExists = "account_exists" [Link],
    /// Sets a new password.
    Reset = "reset" [Link, Code, Minutes, Device],
    /// The same, because an operator has asked for it.
    ResetByAdmin = "reset_by_admin" [Link, Code, Minutes],
    /// The same, because the password was taken away when the mailbox was proven.
    SetPassword = "set_password" [Link, Code, Minutes],
    /// Signs in.
    SignIn = "sign_in" [Link, Code, Minutes, Device],
    /// Confirms the address that an account is to have, at that address.
    ChangeEmail = "change_email" [Link, Code, Minutes, Device],
    /// Tells the present address that another is to take its place.
    ChangeAsked = "change_asked" [Other, When, Device, Address, Help],
    /// Tells the former address that another has taken its place, and leads back.
    EmailChanged = "email_changed" [Other, Link, Days, When, Device, Address],
    /// Somebody signed in from a browser that the account did not know.
    NewDevice = "new_device" [When, Device, Address, Help],
    /// The password was changed.
    PasswordChanged = "password_changed" [When, Device, Address, Help],
    /// A second factor or passkey was added.
    FactorAdded = "factor_added" [Factor, When, Device, Address, Help],
    /// A second factor or passkey was removed.
    FactorRemoved = "factor_removed" [Factor, When, Device, Address, Help],
    /// A recovery code was used.
    RecoveryCodeUsed = "recovery_code_used" [When, Device, Address, Help],
    /// A session was ended because a copy of its token was used.
    SessionTheft = "session_theft" [When, Device, Address, Help],
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal like $example:literal,)*) => {
        /// Something that a mail says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fact {
            $($(#[$doc])* $variant,)*
        }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// How texts name it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// An example, for previews.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }
        }
    };
}

facts! {
    /// What the person is called.
    Name = "name" like "Ada <b>Lovelace</b>",
    /// The host of the public URL.
    Site = "site" like "auth.example.com",
    /// The link.
    Link = "link" like "https://auth.example.com/reset/0123456789abcdef",
    /// The code beside the link.
    Code = "code" like "7KQX-M2PD",
    /// How many minutes link and code work.
    Minutes = "minutes" like "15",
    /// How many days the link works.
    Days = "days" like "7",
    /// The kind of browser that it was done with.
    Device = "device" like "Firefox on Linux",
    /// The network address that it was done from.
    Address = "address" like "192.0.2.1",
    /// When it was done.
    When = "when" like "2026-03-01 12:00 UTC",
    /// The other address.
    Other = "other" like "ada@new.example",
    /// What kind of second factor.
    Factor = "factor" like "totp",
    /// Where to go if it was somebody else.
    Help = "help" like "https://auth.example.com/forgot",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_reads_back_from_its_text() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("made_up"), None);
    }
}
