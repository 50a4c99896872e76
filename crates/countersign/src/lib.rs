//! Sign-up, sign-in, rotating refresh tokens and revocation, mounted in an axum app.
