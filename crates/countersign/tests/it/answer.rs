//! What an answer said, in the words of the contract.

use countersign_testkit::Reply;

/// Its status and its code.
pub(crate) fn said(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.code())
}

/// It is a 401 with this code, and leaves every cookie alone.
pub(crate) fn refused(reply: &Reply, code: &str, reason: &str) {
    assert_eq!(said(reply), (401, code.to_owned()), "{reason}");
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "no refusal sets or clears a cookie: {reason}");
}
