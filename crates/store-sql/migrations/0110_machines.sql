-- What for: keys of services that read the revocation feed.
--
-- An earlier version has no feed and reads nothing of this.
CREATE TABLE machines (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
