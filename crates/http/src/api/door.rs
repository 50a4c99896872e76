//! What every sign-in brings with it, whatever is proven.

use countersign_account::SignInDoor;
use countersign_session::Delivery;

use crate::app::Auth;
use crate::cookie::Jar;

/// The door of a request with these cookies.
pub(crate) fn door(auth: &Auth, jar: &Jar<'_>, delivery: Option<Delivery>, remember: Option<bool>) -> SignInDoor {
    let mut door = SignInDoor::new(delivery.unwrap_or(Delivery::Cookie), remember.unwrap_or(true));
    door.replaces = jar.session(auth.sessions());
    door.device_cookie = jar.device().map(str::to_owned);
    door.pending_cookie = jar.pending();
    door
}
