//! Keeps accounts.

pub(crate) mod columns;

use async_trait::async_trait;
use countersign_kernel::{Languages, UserId};
use countersign_store::{Error, NewAddress, NewUser, Page, PageRequest, User, UserStatus, Users};
use uuid::Uuid;

use crate::engine::{Connection, change, change_many, find, list, on_postgres, take, take_or};
use crate::error::{from_driver, from_sqlx, refused, taken_meanwhile};
use crate::hot::sql::USER;
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::{Place, micros, to_column};
use crate::text::Text;
use crate::tx::SqlTx;
use crate::user::columns::{UserRow, user_columns};

/// Sets the rights of a person as his roles give them, `$2` left out. Whoever runs it holds the person's row and his roles.
macro_rules! set_rights {
    () => {
        "roles = COALESCE((SELECT string_agg(user_roles.role, ' ' ORDER BY user_roles.place) FROM user_roles \
         WHERE user_roles.user_id = users.id AND user_roles.role <> $2), ''), \
         permissions = COALESCE((SELECT string_agg(permission, ' ') FROM (SELECT DISTINCT role_permissions.permission \
         FROM user_roles JOIN role_permissions ON role_permissions.role = user_roles.role \
         WHERE user_roles.user_id = users.id AND user_roles.role <> $2) AS permitted), '')"
    };
}
pub(crate) use set_rights;

const INSERT: &str = "INSERT INTO users (id, email, email_key, email_verified, name, status, ver, device_epoch, roles, \
     permissions, created_at) \
     VALUES ($1, $2, $3, $4, $5, 'active', 1, 0, '', '', $6) ON CONFLICT (email_key) DO NOTHING";
// SQLite has one writer at a time: there every account is locked. NO KEY, or inserting a session would wait for it.
const LOCK_ON_POSTGRES: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
const FIND_BY_EMAIL_KEY: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE users.email_key = $1");
const LIST: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users WHERE users.id > $1 AND substr(users.email_key, 1, length($2)) = $2 ORDER BY users.id LIMIT $3"
);
const HAS: &str = "SELECT EXISTS (SELECT 1 FROM users)";
const HAS_OTHER_WITH_ROLE: &str = "SELECT EXISTS (SELECT 1 FROM users \
     JOIN user_roles ON user_roles.user_id = users.id AND user_roles.role = $1 \
     WHERE users.status = 'active' AND users.id <> $2)";
const SET_NAME: &str = "UPDATE users SET name = $2 WHERE id = $1";
const SET_STATUS: &str = "UPDATE users SET status = $2, ver = ver + 1 WHERE id = $1 AND status <> $2 RETURNING ver";
const RAISE_VER: &str = "UPDATE users SET ver = ver + 1 WHERE id = $1 RETURNING ver";
const RAISE_VER_TO: &str = "UPDATE users SET ver = CASE WHEN ver < $2 THEN $2 ELSE ver END WHERE id = $1 RETURNING ver";
const CLEAR_ROLES: &str = "DELETE FROM user_roles WHERE user_id = $1";
const SET_RIGHTS: &str = concat!("UPDATE users SET ", set_rights!(), " WHERE id = $1");
/// No role: nothing is left out.
pub(crate) const NO_ROLE: &str = "";
const DELETE: &str = "DELETE FROM users WHERE id = $1";
const SET_VERIFIED: &str =
    "UPDATE users SET email_verified = TRUE WHERE id = $1 AND email_key = $2 AND email_verified = FALSE";
const SET_EMAIL: &str = "UPDATE users SET email = $2, email_key = $3, email_verified = TRUE, ver = ver + 1 WHERE id = $1 \
     AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = $3 AND other.id <> $1) RETURNING ver";
const SET_LANGUAGES: &str = "UPDATE users SET languages = $2 WHERE id = $1";
const RAISE_EPOCH: &str = "UPDATE users SET device_epoch = device_epoch + 1 WHERE id = $1";

#[async_trait]
impl Users for SqlTx {
    async fn insert_user(&mut self, user: &NewUser) -> Result<bool, Error> {
        let inserted = change!(
            self,
            INSERT,
            user.id.as_uuid(),
            user.email.as_str(),
            user.email_key.as_str(),
            user.email_verified,
            user.name.as_str(),
            micros(user.created_at),
        )?;
        Ok(inserted == 1)
    }

    async fn find_user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        find!(self, UserRow, USER, id.as_uuid())?.map(User::try_from).transpose()
    }

    async fn lock_user(&mut self, id: UserId) -> Result<Option<User>, Error> {
        self.writing()?;
        if let Connection::Postgres(lease) = &mut self.connection {
            on_postgres!(lease, |c| sqlx::query(LOCK_ON_POSTGRES).bind(id.as_uuid()).execute(c).await)
                .map_err(from_sqlx)?;
        }
        self.find_user(id).await
    }

    async fn find_user_by_email_key(&mut self, email_key: &str) -> Result<Option<User>, Error> {
        find!(self, UserRow, FIND_BY_EMAIL_KEY, email_key)?.map(User::try_from).transpose()
    }

    async fn list_users(&mut self, prefix: &str, request: &PageRequest) -> Result<Page<User>, Error> {
        let after = match Start::of(request, |text| text.parse().ok().map(UserId::as_uuid)) {
            Start::First => Uuid::nil(),
            Start::After(id) => id,
            Start::Nowhere => return Ok(nothing()),
        };
        let rows = list!(self, UserRow, LIST, after, prefix, rows_to_ask(request))?;
        let users = rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?;
        Ok(page(users, request, |user: &User| user.id.to_string()))
    }

    async fn has_users(&mut self) -> Result<bool, Error> {
        Ok(find!(self, (bool,), HAS)?.is_some_and(|(has,)| has))
    }

    async fn has_other_active_with_role(&mut self, role: &str, except: Option<UserId>) -> Result<bool, Error> {
        if self.writing().is_ok() {
            // Or two operators could remove each other, each having seen the other in office.
            self.lock_role(role).await?;
        }
        let except = except.map_or(Uuid::nil(), UserId::as_uuid);
        Ok(find!(self, (bool,), HAS_OTHER_WITH_ROLE, role, except)?.is_some_and(|(has,)| has))
    }

    async fn set_user_name(&mut self, id: UserId, name: &str) -> Result<bool, Error> {
        Ok(change!(self, SET_NAME, id.as_uuid(), name)? == 1)
    }

    async fn set_user_status(&mut self, id: UserId, status: UserStatus) -> Result<Option<u64>, Error> {
        let text = match status {
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
        };
        let row = take!(self, (i64,), SET_STATUS, id.as_uuid(), text)?;
        row.map(|(ver,)| ver_of(id, ver)).transpose()
    }

    async fn raise_user_ver(&mut self, id: UserId) -> Result<Option<u64>, Error> {
        let row = take!(self, (i64,), RAISE_VER, id.as_uuid())?;
        row.map(|(ver,)| ver_of(id, ver)).transpose()
    }

    async fn raise_user_ver_to(&mut self, id: UserId, least: u64) -> Result<Option<u64>, Error> {
        let row = take!(self, (i64,), RAISE_VER_TO, id.as_uuid(), to_column(least)?)?;
        row.map(|(ver,)| ver_of(id, ver)).transpose()
    }

    async fn set_user_roles(&mut self, id: UserId, roles: &[String]) -> Result<Option<u64>, Error> {
        self.writing()?;
        let mut wanted: Vec<&str> = Vec::with_capacity(roles.len());
        for role in roles {
            if !wanted.contains(&role.as_str()) {
                wanted.push(role);
            }
        }
        self.share_roles(&wanted).await?;
        let Some(ver) = self.raise_user_ver(id).await? else { return Ok(None) };
        change!(self, CLEAR_ROLES, id.as_uuid())?;
        if !wanted.is_empty() {
            let inserted = self.insert_user_roles(id, &wanted).await?;
            if usize::try_from(inserted) != Ok(wanted.len()) {
                return Err(refused("not every role was given"));
            }
        }
        if change!(self, SET_RIGHTS, id.as_uuid(), NO_ROLE)? != 1 {
            return Err(refused("the person is gone that was there a moment ago"));
        }
        Ok(Some(ver))
    }

    async fn set_email_verified(&mut self, id: UserId, email_key: &str) -> Result<bool, Error> {
        Ok(change!(self, SET_VERIFIED, id.as_uuid(), email_key)? == 1)
    }

    async fn set_user_email(&mut self, id: UserId, email: &str, email_key: &str) -> Result<NewAddress, Error> {
        let row = take_or!(taken_meanwhile, self, (i64,), SET_EMAIL, id.as_uuid(), email, email_key)?;
        match row {
            Some((ver,)) => Ok(NewAddress::Set(ver_of(id, ver)?)),
            None if self.find_user(id).await?.is_some() => Ok(NewAddress::Taken),
            None => Ok(NewAddress::Gone),
        }
    }

    async fn set_user_languages(&mut self, id: UserId, languages: Languages) -> Result<bool, Error> {
        Ok(change!(self, SET_LANGUAGES, id.as_uuid(), languages.to_words())? == 1)
    }

    async fn raise_device_epoch(&mut self, id: UserId) -> Result<bool, Error> {
        Ok(change!(self, RAISE_EPOCH, id.as_uuid())? == 1)
    }

    async fn delete_user(&mut self, id: UserId) -> Result<bool, Error> {
        Ok(change_many!(self, DELETE, id.as_uuid())? == 1)
    }
}

impl SqlTx {
    async fn insert_user_roles(&mut self, id: UserId, roles: &[&str]) -> Result<u64, Error> {
        let mut insert = Text::new("INSERT INTO user_roles (user_id, place, role) ");
        insert.rows((0_i64..).zip(roles).map(|(place, role)| [id.as_uuid().into(), place.into(), (*role).into()]));
        self.change_by(insert).await.map_err(from_driver)
    }
}

/// The new `ver` of a person.
pub(crate) fn ver_of(id: UserId, ver: i64) -> Result<u64, Error> {
    Place { table: "users", id: &id }.count("ver", ver)
}
