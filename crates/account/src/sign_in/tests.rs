use countersign_kernel::{Timestamp, UserId};
use countersign_store::UserStatus;

use super::*;

fn user(status: UserStatus) -> User {
    User {
        id: UserId::from_bytes([1; 16]),
        email: "ada@example.com".to_owned(),
        email_verified: false,
        name: "Ada".to_owned(),
        status,
        ver: 1,
        device_epoch: 0,
        roles: vec![],
        permissions: vec![],
        created_at: Timestamp::EPOCH,
    }
}

#[test]
fn only_the_right_password_of_an_active_account_is_good() {
    let (active, disabled) = (user(UserStatus::Active), user(UserStatus::Disabled));
    let hash = PasswordHash(Secret::new("hash".to_owned()));
    let verification = |matches| Verification { matches, needs_rehash: false, is_legacy: false };

    for (user, stored, matches, wanted) in [
        (Some(&active), Some(&hash), true, Ok(())),
        (Some(&active), Some(&hash), false, Err("wrong_password")),
        // Whoever does not know the password is not told that the account is disabled, not even by the trail's reader.
        (Some(&disabled), Some(&hash), false, Err("wrong_password")),
        (Some(&disabled), Some(&hash), true, Err("disabled")),
        (Some(&active), None, false, Err("wrong_password")),
        (Some(&active), None, true, Err("wrong_password")),
        (None, None, false, Err("unknown_account")),
        (None, Some(&hash), true, Err("unknown_account")),
    ] {
        assert_eq!(judge(user, stored, verification(matches)).map(|_| ()), wanted);
    }
}
