-- The generation that a withdrawal is. Rows stay when the mapping ends: what was shown in a generation can be told, and gone
-- back to. NULL: withdrawn before withdrawals were generations.
ALTER TABLE withdrawn ADD COLUMN generation INTEGER REFERENCES generations (id);
CREATE INDEX withdrawn_by_generation ON withdrawn (generation);
