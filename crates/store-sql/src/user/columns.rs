//! A person's row as columns.

use countersign_kernel::UserId;
use countersign_store::{Error, User, UserStatus};
use uuid::Uuid;

use crate::row::{Place, moment, row, split_words};

/// The columns of a person.
macro_rules! user_columns {
    () => {
        "users.id AS user_id, users.email, users.email_verified, users.name, users.status, users.ver, users.device_epoch, \
         users.roles, users.permissions, users.created_at AS user_created_at"
    };
}
pub(crate) use user_columns;

row! {
    pub(crate) struct UserRow {
        pub(crate) user_id: Uuid,
        pub(crate) email: String,
        pub(crate) email_verified: bool,
        pub(crate) name: String,
        pub(crate) status: String,
        pub(crate) ver: i64,
        pub(crate) device_epoch: i64,
        pub(crate) roles: String,
        pub(crate) permissions: String,
        pub(crate) user_created_at: i64,
    }
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        let id = UserId::from_uuid(row.user_id);
        let place = Place { table: "users", id: &id };
        let status = match row.status.as_str() {
            "active" => UserStatus::Active,
            "disabled" => UserStatus::Disabled,
            _ => return Err(place.corrupt("status")),
        };
        // Sorted here: the engines' ideas of text order differ.
        let mut permissions = split_words(&row.permissions);
        permissions.sort_unstable();
        Ok(Self {
            id,
            email: row.email,
            email_verified: row.email_verified,
            name: row.name,
            status,
            ver: place.count("ver", row.ver)?,
            device_epoch: place.count("device_epoch", row.device_epoch)?,
            roles: split_words(&row.roles),
            permissions,
            created_at: moment(row.user_created_at),
        })
    }
}
