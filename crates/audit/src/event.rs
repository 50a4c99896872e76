//! What can happen, as a closed list.

use serde::{Deserialize, Serialize};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something that happened. The text form (`signed_in`) is stable: it is stored, exported and filtered by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Event {
            /// Every event, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The event with this text form.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

events! {
    /// An account was registered by its owner.
    SignedUp = "signed_up",
    /// A registration was refused (reason: `email_taken`, `limited`, `closed`).
    SignUpFailed = "sign_up_failed",
    /// A sign-in was completed and a session opened.
    SignedIn = "signed_in",
    /// A sign-in was refused (reason: `unknown_account`, `wrong_password`, `disabled`, `limited`, `overloaded`; at the second
    /// factor `wrong_code`, `code_reused`, `clock_drift`, `wrong_recovery_code`, `no_such_factor`; of a passkey
    /// `passkey_unknown_challenge`, `passkey_wrong_origin`, `passkey_user_not_verified`, `passkey_counter_back` and the like).
    SignInFailed = "sign_in_failed",
    /// A first proof was good, and a second factor was asked for; no session is open.
    SecondFactorAsked = "second_factor_asked",
    /// A device is not asked for a second factor for a while (`remembered` names it).
    DeviceRemembered = "device_remembered",
    /// A remembered device is asked for a second factor again, by its owner's wish (`remembered` names it).
    DeviceForgotten = "device_forgotten",
    /// A second factor was set up (`factor`: `totp`, `passkey`).
    FactorAdded = "factor_added",
    /// The first proof of a new second factor was wrong (`factor`; reason: `wrong_code`, `clock_drift`; of a passkey
    /// `unknown_challenge`, `wrong_origin`, `taken` and the like).
    FactorAdditionFailed = "factor_addition_failed",
    /// A second factor was taken away by its owner (`factor`).
    FactorRemoved = "factor_removed",
    /// Everything that an account is proven by besides its password was taken away by an operator.
    FactorsReset = "factors_reset",
    /// Recovery codes were made, and the old ones are void.
    RecoveryCodesMade = "recovery_codes_made",
    /// A recovery code was used (`left`: how many there are still).
    RecoveryCodeUsed = "recovery_code_used",
    /// A data key was made: secrets in rows are sealed under it from now on (`key`).
    DataKeyMade = "data_key_made",
    /// A session was ended by its owner.
    SignedOut = "signed_out",
    /// All of a person's sessions were ended.
    SignedOutEverywhere = "signed_out_everywhere",
    /// A session was ended by somebody or something else than its owner's sign-out (reason says which).
    SessionEnded = "session_ended",
    /// A refresh came from another kind of browser or another network than its session was known by (reason: `user_agent`,
    /// `network`, `user_agent_and_network`). Written once for each that is new, not once a refresh.
    SessionMoved = "session_moved",
    /// Row 9 of the refresh table: a spent refresh token came back and its session was ended.
    RefreshReused = "refresh_reused",
    /// Row 3 of the refresh table: the session was ahead of the database, which had been rolled back.
    SessionRecovered = "session_recovered",
    /// Row 8 of the refresh table: a spent token was answered because its holder proved possession of the bound key.
    RefreshProven = "refresh_proven",
    /// A running session proved its person again.
    SteppedUp = "stepped_up",
    /// A step-up was refused.
    StepUpFailed = "step_up_failed",
    /// A password was changed by its owner.
    PasswordChanged = "password_changed",
    /// A password change was refused (reason: `wrong_password`, `policy`, `limited`).
    PasswordChangeFailed = "password_change_failed",
    /// A stored hash was brought up to the present policy at a sign-in.
    PasswordRehashed = "password_rehashed",
    /// Somebody asked for a mail that confirms an account's address.
    EmailVerificationRequested = "email_verification_requested",
    /// Somebody proved that he reads mail at an account's address (`by`: the owner, in a session or browser that had shown the
    /// password; else `mailbox`, and then what had been set before was taken away).
    EmailVerified = "email_verified",
    /// Somebody asked for a mail that sets a new password.
    PasswordResetRequested = "password_reset_requested",
    /// An operator had a mail sent that sets a new password, which its owner chooses.
    PasswordResetStarted = "password_reset_started",
    /// A password was set anew by a mailed link or code.
    PasswordReset = "password_reset",
    /// Somebody asked for a mail that signs in.
    SignInLinkRequested = "sign_in_link_requested",
    /// The owner of an account asked for another address, which has to confirm first.
    EmailChangeRequested = "email_change_requested",
    /// An account's address was changed after the new one had confirmed.
    EmailChanged = "email_changed",
    /// An account's former address was brought back by the link that it had been sent.
    EmailRestored = "email_restored",
    /// A mailed link or code was refused (`purpose` says what it was for).
    MailedLinkRefused = "mailed_link_refused",
    /// A mail could not be delivered, and nobody will try again (reason: `expired`, `refused`, `unreachable`; `kind` says which).
    MailUndelivered = "mail_undelivered",
    /// A passkey got another name.
    PasskeyRenamed = "passkey_renamed",
    /// A second factor was not taken away (`factor`; reason: `last_method`).
    FactorRemovalFailed = "factor_removal_failed",
    /// The signature counter of a passkey did not move on: there may be a copy of it. Its answer was refused.
    PasskeyCloneSuspected = "passkey_clone_suspected",
    /// A profile field was changed by its owner.
    ProfileChanged = "profile_changed",
    /// An account was created by an operator.
    AccountCreated = "account_created",
    /// An account was brought in from another system by an operator.
    AccountImported = "account_imported",
    /// An account was disabled and its sessions ended.
    AccountDisabled = "account_disabled",
    /// An account was enabled again.
    AccountEnabled = "account_enabled",
    /// An account and its personal data were deleted.
    AccountDeleted = "account_deleted",
    /// An account deletion was refused (reason: `wrong_password`, `limited`).
    AccountDeletionFailed = "account_deletion_failed",
    /// The roles of an account were changed.
    RolesAssigned = "roles_assigned",
    /// A role was created or its permissions were changed.
    RoleSet = "role_set",
    /// A role was deleted and taken from everyone who had it.
    RoleDeleted = "role_deleted",
    /// The one-time link that grants the first administrator was made.
    AdminClaimOffered = "admin_claim_offered",
    /// The one-time link was used.
    AdminClaimed = "admin_claimed",
    /// A signing key was made and published.
    SigningKeyCreated = "signing_key_created",
    /// A signing key was brought in from outside.
    SigningKeyImported = "signing_key_imported",
    /// A signing key began to sign.
    SigningKeyActivated = "signing_key_activated",
    /// A signing key stopped signing; its tokens live on until they expire.
    SigningKeyRetired = "signing_key_retired",
    /// A signing key was withdrawn at once: tokens under it are refused.
    SigningKeyWithdrawn = "signing_key_withdrawn",
    /// A retired signing key left the published set after its last token had died.
    SigningKeyRemoved = "signing_key_removed",
    /// An access token was made by an operator.
    TokenMinted = "token_minted",
    /// An access token was revoked by itself.
    TokenRevoked = "token_revoked",
    /// A key for a service was made (`machine`, `name`): it opens the revocation feed.
    MachineCreated = "machine_created",
    /// The key of a service was taken away (`machine`, `name`).
    MachineRevoked = "machine_revoked",
    /// A limit refused a request (reason: the limit's name). Written once per key and window, not per request.
    LimitReached = "limit_reached",
    /// A request that a cookie authorised came from elsewhere and was refused.
    CsrfRefused = "csrf_refused",
    /// Someone signed in was refused something he may not do.
    AccessDenied = "access_denied",
    /// A command on the server's machine was refused (reason: `not_found`, `denied`; `command` says which).
    CommandRefused = "command_refused",
    /// A server process began to serve (`settings` is a fingerprint of its settings without secrets).
    ServerStarted = "server_started",
    /// A server process stopped in an orderly way.
    ServerStopped = "server_stopped",
    /// A server began with other settings than the one before it (fingerprints `before` and `settings`).
    SettingsChanged = "settings_changed",
    /// A backup was made.
    BackupMade = "backup_made",
    /// A backup was put back.
    BackupRestored = "backup_restored",
    /// The database was moved from a SQLite file to PostgreSQL (`to`, `rows`).
    DatabaseMoved = "database_moved",
    /// Records of the audit trail were written out as an export (`first`, `last`).
    AuditExported = "audit_exported",
    /// The oldest records were given up for their age (`first`, `last`); a signed base takes their place.
    AuditPruned = "audit_pruned",
    /// The server found its own audit trail not intact (`finding` says where).
    AuditDamaged = "audit_damaged",
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }

    /// The outcome with this text form.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "success" => Some(Self::Success),
            "refused" => Some(Self::Refused),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reads_back_from_its_text() {
        for &event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
        }
        assert_eq!(Event::parse("made_up"), None);
    }
}
