//! PostgreSQL: one statement each.

use countersign_kernel::{Secret, SessionId, UserId};
use countersign_store::{Error, PasswordHash, RefreshWrite, RevocationHead, Session, User};
use sqlx::{FromRow, PgPool};

use super::sql;
use crate::engine::on_postgres;
use crate::error::from_sqlx;
use crate::postgres::Lease;
use crate::revocation::columns::head_of;
use crate::row::Place;
use crate::session::columns::{SessionRow, WriteColumns, bind_write};
use crate::user::columns::UserRow;

#[derive(FromRow)]
struct SessionAndUser {
    #[sqlx(flatten)]
    session: SessionRow,
    #[sqlx(flatten)]
    user: UserRow,
}

pub(crate) async fn session_and_user(pool: &PgPool, id: SessionId) -> Result<Option<(Session, User)>, Error> {
    let select = sqlx::query_as::<_, SessionAndUser>(sql::SESSION_AND_USER).bind(id.as_uuid());
    let mut lease = Lease::take(pool).await.map_err(from_sqlx)?;
    match on_postgres!(&mut lease, |c| select.fetch_optional(c).await).map_err(from_sqlx)? {
        Some(SessionAndUser { session, user }) => Ok(Some((session.try_into()?, user.try_into()?))),
        None => Ok(None),
    }
}

pub(crate) async fn user(pool: &PgPool, id: UserId) -> Result<Option<User>, Error> {
    let select = sqlx::query_as::<_, UserRow>(sql::USER).bind(id.as_uuid());
    let mut lease = Lease::take(pool).await.map_err(from_sqlx)?;
    let found = on_postgres!(&mut lease, |c| select.fetch_optional(c).await).map_err(from_sqlx)?;
    found.map(User::try_from).transpose()
}

#[derive(FromRow)]
struct UserAndPassword {
    #[sqlx(flatten)]
    user: UserRow,
    phc: Option<String>,
}

pub(crate) async fn user_and_password(
    pool: &PgPool,
    email_key: &str,
) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
    let select = sqlx::query_as::<_, UserAndPassword>(sql::USER_AND_PASSWORD).bind(email_key);
    let mut lease = Lease::take(pool).await.map_err(from_sqlx)?;
    match on_postgres!(&mut lease, |c| select.fetch_optional(c).await).map_err(from_sqlx)? {
        Some(UserAndPassword { user, phc }) => {
            Ok(Some((user.try_into()?, phc.map(|phc| PasswordHash(Secret::new(phc))))))
        }
        None => Ok(None),
    }
}

pub(crate) async fn write(pool: &PgPool, write: &RefreshWrite) -> Result<Option<User>, Error> {
    let columns = WriteColumns::try_from(write)?;
    let update = bind_write!(sqlx::query_as::<_, UserRow>(sql::WRITE_ON_POSTGRES), columns);
    let mut lease = Lease::take(pool).await.map_err(from_sqlx)?;
    let written = on_postgres!(&mut lease, |c| update.fetch_optional(c).await).map_err(from_sqlx)?;
    written.map(User::try_from).transpose()
}

pub(crate) async fn heads(pool: &PgPool) -> Result<(RevocationHead, u64), Error> {
    let mut lease = Lease::take(pool).await.map_err(from_sqlx)?;
    let (seq, hash, changes): (i64, i64, i64) =
        on_postgres!(&mut lease, |c| sqlx::query_as(sql::HEADS).fetch_one(c).await).map_err(from_sqlx)?;
    let changes = Place { table: "signing_key_head", id: &"the head" }.count("changes", changes)?;
    Ok((head_of(seq, hash)?, changes))
}
