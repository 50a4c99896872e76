-- What for: which pepper a password hash needs, so that a server knows at its start whether it can judge every hash.
--
-- The id stands in the hash itself as `keyid`. Empty for hashes without a pepper, so the index is as small as their number.
ALTER TABLE passwords ADD COLUMN pepper_id TEXT;
CREATE INDEX passwords_pepper ON passwords (pepper_id) WHERE pepper_id IS NOT NULL;
