-- What for: a session remembers the address that it began at, and what it has been seen with since (docs/design/session-binding.md).
--
-- An earlier version writes neither: `first_address` is then read as the present address, `noticed` as an empty list.
ALTER TABLE sessions ADD COLUMN first_address TEXT;
ALTER TABLE sessions ADD COLUMN noticed TEXT;
UPDATE sessions SET first_address = address;
