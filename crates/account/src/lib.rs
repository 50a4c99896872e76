//! Who you are: sign up, sign in, passwords, profile, roles, erasure.
