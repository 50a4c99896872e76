-- The indexes that access tokens have in the status list, for verifiers of other makes (docs/design/status-list.md). A row goes
-- when its token has died. How many indexes are given out is kept in one row: it grows, and all nodes go by it.
CREATE TABLE status_indexes (
    idx BIGINT NOT NULL PRIMARY KEY,
    token_id UUID NOT NULL,
    session_id UUID NOT NULL,
    user_id UUID NOT NULL,
    ver BIGINT NOT NULL,
    key_id UUID NOT NULL,
    keep_until BIGINT NOT NULL
);
CREATE INDEX status_indexes_keep_until ON status_indexes (keep_until);

CREATE TABLE status_list_size (
    only_row BOOLEAN NOT NULL PRIMARY KEY CHECK (only_row),
    size BIGINT NOT NULL,
    grown_at BIGINT NOT NULL
);
INSERT INTO status_list_size (only_row, size, grown_at) VALUES (TRUE, 1048576, 0);
