-- What for: people, their passwords and roles, sessions, signing keys, roots, revocations, one-time tokens, audit records.
--
-- One text for SQLite and PostgreSQL, so only UUID, BYTEA, TEXT, BIGINT and BOOLEAN. Moments are microseconds since 1970.
-- No column that a refresh writes is in an index: a refresh then touches one page of the table and no other.

-- `roles` and `permissions` follow from user_roles and role_permissions: lists of names, a space between. They are written by
-- the statement that raises `ver`, so that a refresh reads rights with the row instead of gathering them.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    ver BIGINT NOT NULL,
    device_epoch BIGINT NOT NULL,
    roles TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE passwords (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phc TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- No spaces, because they separate the names in a list.
CREATE TABLE roles (
    name TEXT NOT NULL PRIMARY KEY CHECK (name <> '' AND name NOT LIKE '% %')
);

CREATE TABLE role_permissions (
    role TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    permission TEXT NOT NULL CHECK (permission <> '' AND permission NOT LIKE '% %'),
    PRIMARY KEY (role, permission)
);

CREATE TABLE user_roles (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    role TEXT NOT NULL REFERENCES roles (name),
    PRIMARY KEY (user_id, place),
    UNIQUE (role, user_id)
);

INSERT INTO roles (name) VALUES ('admin');

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    delivery TEXT NOT NULL CHECK (delivery IN ('cookie', 'body')),
    remember BOOLEAN NOT NULL,
    generation BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    period BIGINT NOT NULL,
    delivered BIGINT,
    answered BYTEA NOT NULL,
    recent BYTEA NOT NULL,
    uses_ids BOOLEAN NOT NULL,
    bound_key BYTEA,
    idle_deadline BIGINT NOT NULL,
    absolute_deadline BIGINT NOT NULL,
    ended_at BIGINT,
    ended_reason TEXT,
    seen_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    device_id UUID,
    user_agent TEXT,
    address TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_absolute_deadline ON sessions (absolute_deadline);

CREATE TABLE signing_keys (
    id UUID NOT NULL PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    sealed BYTEA NOT NULL,
    public_jwk TEXT,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    retired_at BIGINT,
    gone_after BIGINT
);
-- Of racing nodes one makes the key.
CREATE UNIQUE INDEX signing_keys_one_of_state ON signing_keys (algorithm, state) WHERE state IN ('next', 'active');

CREATE TABLE signing_key_head (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    changes BIGINT NOT NULL
);
INSERT INTO signing_key_head (only_row, changes) VALUES (TRUE, 0);

CREATE TABLE roots (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE revocations (
    seq BIGINT NOT NULL PRIMARY KEY,
    hash BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('token', 'session', 'person', 'key')),
    target UUID NOT NULL,
    below BIGINT,
    except_session UUID,
    effect TEXT NOT NULL CHECK (effect IN ('superseded', 'ended')),
    revoked_at BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX revocations_keep_until ON revocations (keep_until);

-- Numbers come from this row, not from a sequence: whoever has taken one holds the row until its commit, so that commit
-- order is number order and a rollback leaves no gap.
CREATE TABLE revocation_head (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    seq BIGINT NOT NULL,
    hash BIGINT NOT NULL
);
INSERT INTO revocation_head (only_row, seq, hash) VALUES (TRUE, 0, 0);

CREATE TABLE access_lifetimes (
    seconds BIGINT NOT NULL PRIMARY KEY,
    noted_at BIGINT NOT NULL
);

-- `owner` is `user_id`, or zeros for nobody's token: a key cannot hold a null.
CREATE TABLE one_time_tokens (
    purpose TEXT NOT NULL,
    owner UUID NOT NULL,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (purpose, owner)
);
CREATE INDEX one_time_tokens_user_id ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);

-- No reference to users or sessions: a record outlives what it tells of. `ordinal` is the commit's moment, made greater than
-- every earlier one of the same process.
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
    user_agent TEXT,
    request_id UUID,
    detail TEXT NOT NULL,
    seq BIGINT,
    hash BYTEA,
    CHECK ((seq IS NULL) = (hash IS NULL))
);
CREATE INDEX audit_records_ordinal ON audit_records (ordinal, id);
CREATE INDEX audit_records_subject ON audit_records (subject, ordinal, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_records_unsealed ON audit_records (ordinal, id) WHERE seq IS NULL;
CREATE UNIQUE INDEX audit_records_seq ON audit_records (seq) WHERE seq IS NOT NULL;

CREATE TABLE audit_head (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    seq BIGINT NOT NULL,
    hash BYTEA,
    CHECK ((seq = 0) = (hash IS NULL))
);
INSERT INTO audit_head (only_row, seq, hash) VALUES (TRUE, 0, NULL);
