-- What for: secrets of other systems (a pepper, a signer key), without which the password hashes brought in from there cannot be
-- checked. `passwords.phc` names them; it holds hashes of other systems too, until their owners sign in.

CREATE TABLE import_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
