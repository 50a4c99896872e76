//! What someone must be allowed, as a type in a handler's signature. What a role grants may need a second factor (`right.rs`).

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use crate::app::Auth;
use crate::error::Rejection;
use crate::extract::right::Right;
use crate::extract::user::{CurrentUser, authenticate, reject};

/// A role, named by a type.
pub trait Role: Send + Sync {
    /// The role's name, as the roles table has it.
    const NAME: &'static str;
}

/// A permission, named by a type.
pub trait Permission: Send + Sync {
    /// The permission's name, as roles grant it.
    const NAME: &'static str;
}

/// Some roles, one of which is enough: a tuple of up to six.
pub trait RoleSet: Send + Sync {
    /// Their names.
    const NAMES: &'static [&'static str];
}

/// Some permissions, one of which is enough: a tuple of up to six.
pub trait PermissionSet: Send + Sync {
    /// Their names.
    const NAMES: &'static [&'static str];
}

macro_rules! sets {
    ($($($name:ident),+;)*) => {$(
        impl<$($name: Role),+> RoleSet for ($($name,)+) {
            const NAMES: &'static [&'static str] = &[$($name::NAME),+];
        }

        impl<$($name: Permission),+> PermissionSet for ($($name,)+) {
            const NAMES: &'static [&'static str] = &[$($name::NAME),+];
        }
    )*};
}

sets! {
    A;
    A, B;
    A, B, C;
    A, B, C, D;
    A, B, C, D, E;
    A, B, C, D, E, F;
}

macro_rules! guard {
    ($(#[$doc:meta])* $name:ident, $bound:ident, $kind:literal, $of:ident, $names:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<R>(CurrentUser, PhantomData<R>);

        impl<R> $name<R> {
            /// Who it is.
            #[must_use]
            pub fn into_user(self) -> CurrentUser {
                self.0
            }
        }

        impl<R> Deref for $name<R> {
            type Target = CurrentUser;

            fn deref(&self) -> &CurrentUser {
                &self.0
            }
        }

        impl<S, R> FromRequestParts<S> for $name<R>
        where
            S: Send + Sync,
            Auth: FromRef<S>,
            R: $bound,
        {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
                let auth = Auth::from_ref(state);
                let user = authenticate(&auth, parts).await.map_err(|problem| reject(&auth, parts, problem))?;
                let names: &[&str] = $names;
                let right = Right::$of(&auth, &user, names.iter().copied());
                right.demand(&auth, parts, &user, || format!(concat!($kind, " {}"), names.join("|")))?;
                Ok(Self(user, PhantomData))
            }
        }
    };
}

guard! {
    /// Who is signed in and has the role `R`; with a second factor, where the role needs one.
    ///
    /// # Examples
    /// ```
    /// use countersign_http::{RequireRole, Role};
    ///
    /// struct Editor;
    /// impl Role for Editor {
    ///     const NAME: &'static str = "editor";
    /// }
    ///
    /// async fn publish(editor: RequireRole<Editor>) -> String {
    ///     format!("published by {}", editor.user)
    /// }
    /// ```
    RequireRole, Role, "role", of_roles, &[R::NAME]
}

guard! {
    /// Who is signed in and whose roles permit `R`.
    RequirePermission, Permission, "permission", of_permissions, &[R::NAME]
}

guard! {
    /// Who is signed in and has one of the roles of `R`, a tuple: `AnyRole<(Editor, Admin)>`.
    AnyRole, RoleSet, "any role", of_roles, R::NAMES
}

guard! {
    /// Who is signed in and whose roles permit one of `R`, a tuple.
    AnyPermission, PermissionSet, "any permission", of_permissions, R::NAMES
}
