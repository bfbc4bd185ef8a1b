-- Whom agents talked with was kept as a hash of the caller's number without a key, of which the number can be found by
-- trying all. It is taken out of their rows, and wiped off the disk.
UPDATE agents SET state = json_remove(state, '$.talks') WHERE json_valid(state);
INSERT INTO to_be_wiped (what) SELECT 'agents' WHERE EXISTS (SELECT * FROM agents) ON CONFLICT (what) DO NOTHING;
