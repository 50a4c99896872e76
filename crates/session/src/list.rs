//! The sessions of one person.
