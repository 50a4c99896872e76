-- What for: audit records whose personal fields can be destroyed without breaking the chain, the queries that are asked of
-- them, signed checkpoints, and the base that takes the place of what was given up for its age.
--
-- Before the first release: records that unreleased builds have written are dropped, because their chain holds the personal
-- fields themselves and not a commitment to them.

DROP TABLE audit_records;
UPDATE audit_head SET seq = 0, hash = NULL;

-- No reference to users or sessions: a record outlives what it tells of. `ordinal` is the commit's moment, made greater than
-- every earlier one of the same process. `address`, `address_key`, `user_agent`, `account` and `salt` are destroyed together;
-- `commitment` is what the chain holds of them. `address_key` is the address as 16 bytes that sort as networks do.
CREATE TABLE audit_records (
    id UUID NOT NULL PRIMARY KEY,
    ordinal BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('anonymous', 'user', 'operator', 'system')),
    actor_id UUID,
    subject UUID,
    session_id UUID,
    address TEXT,
    address_key BYTEA,
    user_agent TEXT,
    account TEXT,
    request_id UUID,
    detail TEXT NOT NULL,
    salt BYTEA,
    commitment BYTEA NOT NULL,
    seq BIGINT,
    prev BYTEA,
    hash BYTEA,
    CHECK ((seq IS NULL) = (hash IS NULL)),
    CHECK ((seq IS NULL) = (prev IS NULL))
);
CREATE INDEX audit_records_ordinal ON audit_records (ordinal, id);
CREATE INDEX audit_records_subject ON audit_records (subject, ordinal, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_records_actor_id ON audit_records (actor_id, ordinal, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_records_session_id ON audit_records (session_id, ordinal, id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_records_event ON audit_records (event, ordinal, id);
CREATE INDEX audit_records_address_key ON audit_records (address_key, ordinal, id) WHERE address_key IS NOT NULL;
CREATE INDEX audit_records_account ON audit_records (account) WHERE account IS NOT NULL;
CREATE INDEX audit_records_unsealed ON audit_records (ordinal, id) WHERE seq IS NULL;
CREATE UNIQUE INDEX audit_records_seq ON audit_records (seq) WHERE seq IS NOT NULL;

-- `signed` says all of the rest; the columns beside it are there to be searched by, and are not believed.
CREATE TABLE audit_checkpoints (
    number BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signed TEXT NOT NULL
);
CREATE INDEX audit_checkpoints_seq ON audit_checkpoints (seq);
CREATE INDEX audit_checkpoints_at ON audit_checkpoints (at);

CREATE TABLE audit_base (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    number BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signed TEXT NOT NULL
);
