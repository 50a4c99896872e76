//! Sessions: open, rotate, judge, revoke, verify.
