-- What for: second factors. Authenticator apps and recovery codes; sign-ins that wait for a second factor; devices that are not
-- asked for one; when a session last proved one.
--
-- An earlier version knows none of these tables. It lets whoever has the password in, so do not let it serve beside this one once
-- people have set up second factors.

-- `sealed` opens under the data key `seal_key`, for this person alone. `last_step` is the newest step whose code was taken; `burnt_step`
-- one whose code was shown to be known before its time.
CREATE TABLE totps (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    seal_key BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    burnt_step BIGINT NOT NULL
);
CREATE INDEX totps_seal_key ON totps (seal_key);

CREATE TABLE recovery_codes (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE pending_sign_ins (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    browser_hash BYTEA,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    methods TEXT NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery IN ('cookie', 'body')),
    remember BOOLEAN NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pending_sign_ins_user_id ON pending_sign_ins (user_id);
CREATE INDEX pending_sign_ins_expires_at ON pending_sign_ins (expires_at);

CREATE TABLE remembered_devices (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id UUID NOT NULL,
    user_agent TEXT,
    address TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_id)
);
CREATE INDEX remembered_devices_expires_at ON remembered_devices (expires_at);

-- Apart from `sessions`, because a refresh reads and writes a session's row and none of this.
CREATE TABLE factor_proofs (
    session_id UUID NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    proven_at BIGINT NOT NULL
);
