//! Keeps roles.

use async_trait::async_trait;
use countersign_kernel::UserId;
use countersign_store::{Error, Role, Roles};
use uuid::Uuid;

use crate::engine::{Connection, change, change_many, change_or, find, list, on_postgres, take_all};
use crate::error::{from_driver, from_sqlx, lost_reference, refused};
use crate::row::{row, split_words};
use crate::text::Text;
use crate::tx::SqlTx;
use crate::user::{NO_ROLE, set_rights, ver_of};

macro_rules! role_columns {
    () => {
        "roles.name, (SELECT string_agg(role_permissions.permission, ' ') FROM role_permissions \
         WHERE role_permissions.role = roles.name) AS permissions"
    };
}

const FIND: &str = concat!("SELECT ", role_columns!(), " FROM roles WHERE roles.name = $1");
const LIST: &str = concat!("SELECT ", role_columns!(), " FROM roles ORDER BY roles.name LIMIT 1000");
const INSERT: &str = "INSERT INTO roles (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
/// PostgreSQL only. Giving the role waits for it, and it for those who are giving it: so that whoever is given a role while
/// its permissions change ends up with the new ones or with a raised `ver`. On SQLite the whole transaction is that lock.
const LOCK_ON_POSTGRES: &str = "SELECT name FROM roles WHERE name = $1 FOR UPDATE";
/// PostgreSQL only.
const SHARE_ON_POSTGRES: &str = "SELECT name FROM roles WHERE name = ANY($1) ORDER BY name FOR KEY SHARE";
const CLEAR_PERMISSIONS: &str = "DELETE FROM role_permissions WHERE role = $1";
/// PostgreSQL only. Two roles of one person may change at once: whoever comes second must gather the rights after the first
/// has committed, which a statement that only then gets the row does not.
const LOCK_HOLDERS_ON_POSTGRES: &str = "SELECT users.id FROM users JOIN user_roles ON user_roles.user_id = users.id \
     WHERE user_roles.role = $1 ORDER BY users.id FOR UPDATE OF users";
const RAISE_VERS: &str = concat!(
    "UPDATE users SET ver = ver + 1, ",
    set_rights!(),
    " WHERE id IN (SELECT user_id FROM user_roles WHERE role = $1) RETURNING id, ver"
);
const TAKE_FROM_ALL: &str = "DELETE FROM user_roles WHERE role = $1";
const DELETE: &str = "DELETE FROM roles WHERE name = $1";

row! {
    struct RoleRow {
        name: String,
        permissions: Option<String>,
    }
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        let mut permissions = split_words(row.permissions.as_deref().unwrap_or_default());
        permissions.sort_unstable();
        Self { name: row.name, permissions }
    }
}

#[async_trait]
impl Roles for SqlTx {
    async fn find_role(&mut self, name: &str) -> Result<Option<Role>, Error> {
        Ok(find!(self, RoleRow, FIND, name)?.map(Role::from))
    }

    async fn list_roles(&mut self) -> Result<Vec<Role>, Error> {
        let mut roles: Vec<Role> = list!(self, RoleRow, LIST)?.into_iter().map(Role::from).collect();
        roles.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(roles)
    }

    async fn set_role(&mut self, role: &Role) -> Result<Vec<(UserId, u64)>, Error> {
        change!(self, INSERT, role.name.as_str())?;
        self.lock_role(&role.name).await?;
        change!(self, CLEAR_PERMISSIONS, role.name.as_str())?;
        let mut permissions = role.permissions.clone();
        permissions.sort_unstable();
        permissions.dedup();
        if !permissions.is_empty() {
            let inserted = self.insert_permissions(&role.name, &permissions).await?;
            if usize::try_from(inserted) != Ok(permissions.len()) {
                return Err(refused("not every permission was written"));
            }
        }
        self.raise_vers_of_holders(&role.name, NO_ROLE).await
    }

    async fn delete_role(&mut self, name: &str) -> Result<Option<Vec<(UserId, u64)>>, Error> {
        if name == "admin" {
            return Err(refused("the role admin cannot be deleted"));
        }
        self.writing()?;
        self.lock_role(name).await?;
        let raised = self.raise_vers_of_holders(name, name).await?;
        change_many!(self, TAKE_FROM_ALL, name)?;
        let deleted = change_or!(lost_reference, self, DELETE, name)?;
        Ok((deleted == 1).then_some(raised))
    }
}

impl SqlTx {
    /// Keeps these roles from changing until the end of this transaction. Taken before any person's row is written, here as
    /// in every other place that locks both, so that no two transactions wait for each other.
    pub(crate) async fn share_roles(&mut self, names: &[&str]) -> Result<(), Error> {
        if let Connection::Postgres(lease) = &mut self.connection {
            on_postgres!(lease, |c| sqlx::query(SHARE_ON_POSTGRES).bind(names).execute(c).await).map_err(from_sqlx)?;
        }
        Ok(())
    }

    /// Keeps the role as it is until the end of this transaction.
    pub(crate) async fn lock_role(&mut self, name: &str) -> Result<(), Error> {
        if let Connection::Postgres(lease) = &mut self.connection {
            on_postgres!(lease, |c| sqlx::query(LOCK_ON_POSTGRES).bind(name).execute(c).await).map_err(from_sqlx)?;
        }
        Ok(())
    }

    /// Raises `ver` of everyone who has the role, with the rights that his roles give now, `without` left out.
    async fn raise_vers_of_holders(&mut self, name: &str, without: &str) -> Result<Vec<(UserId, u64)>, Error> {
        if let Connection::Postgres(lease) = &mut self.connection {
            on_postgres!(lease, |c| sqlx::query(LOCK_HOLDERS_ON_POSTGRES).bind(name).execute(c).await)
                .map_err(from_sqlx)?;
        }
        let rows = take_all!(self, (Uuid, i64), RAISE_VERS, name, without)?;
        let with_ver = |(id, ver)| {
            let id = UserId::from_uuid(id);
            Ok((id, ver_of(id, ver)?))
        };
        rows.into_iter().map(with_ver).collect()
    }

    async fn insert_permissions(&mut self, role: &str, permissions: &[String]) -> Result<u64, Error> {
        let mut insert = Text::new("INSERT INTO role_permissions (role, permission) ");
        insert.rows(permissions.iter().map(|permission| [role.into(), permission.as_str().into()]));
        self.change_by(insert).await.map_err(from_driver)
    }
}
