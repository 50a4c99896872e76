-- What for: mail that waits to be sent, links that were mailed, and the languages that people read.
--
-- An earlier version sends no mail and reads nothing of this.
ALTER TABLE users ADD COLUMN languages TEXT;

-- `next_at` is when a row is due; whoever claims it moves that into the future. `recipient` and `sealed` are wiped when it is
-- settled; an empty `recipient` before that is nobody.
CREATE TABLE outbox (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    recipient TEXT NOT NULL,
    languages TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    settled_at BIGINT,
    outcome TEXT,
    CHECK ((settled_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX outbox_next_at ON outbox (next_at) WHERE settled_at IS NULL;
CREATE INDEX outbox_user_id ON outbox (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX outbox_settled_at ON outbox (settled_at) WHERE settled_at IS NOT NULL;

-- `owner` is `user_id`, or zeros for an address that nobody has: a key cannot hold a null. `address_key` is in the key because a
-- person may hold several links that bring a former address back, one an address.
CREATE TABLE mailed_links (
    secret_hash BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    owner UUID NOT NULL,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    code_hash BYTEA,
    tries_left BIGINT NOT NULL,
    handle_hash BYTEA,
    knows_password BOOLEAN NOT NULL,
    was_proven BOOLEAN NOT NULL,
    asked_with TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    UNIQUE (purpose, owner, address_key)
);
CREATE INDEX mailed_links_user_id ON mailed_links (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX mailed_links_address_key ON mailed_links (address_key);
CREATE INDEX mailed_links_handle_hash ON mailed_links (handle_hash) WHERE handle_hash IS NOT NULL;
CREATE INDEX mailed_links_expires_at ON mailed_links (expires_at);
