-- planted: 3
CREATE TABLE a (org_id uuid, doc jsonb, name text, price numeric); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE INDEX "by doc" ON a USING gin (doc); CREATE INDEX ON a (name text_pattern_ops); CREATE INDEX ON a (price, org_id);
-- safe
CREATE TABLE a (org_id uuid, name text, doc jsonb); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE INDEX ON a (org_id, name text_pattern_ops); CREATE INDEX ON a (name);
CREATE TABLE b (doc jsonb); CREATE INDEX ON b USING gin (doc);
