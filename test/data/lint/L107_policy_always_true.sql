-- planted: 5
CREATE TABLE a (org_id uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON a USING (true);
CREATE POLICY "Two 2" ON a FOR SELECT USING (1 = 1 OR NOT true);
CREATE POLICY three ON a FOR INSERT TO app WITH CHECK (true);
CREATE POLICY four ON a FOR UPDATE TO app USING (org_id = ctx()) WITH CHECK (length('x') = 1);
CREATE TABLE b (org_id uuid); GRANT SELECT ON b TO app, other;
CREATE POLICY one ON b USING (true);
CREATE POLICY floor ON b AS RESTRICTIVE TO app USING (org_id = ctx());
-- safe
CREATE TABLE a (org_id uuid);
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON a FOR SELECT TO app USING (true);
CREATE POLICY floor ON a AS RESTRICTIVE TO app USING (org_id = ctx());
CREATE TABLE b (org_id uuid);
CREATE POLICY one ON b USING (org_id = ctx());
CREATE POLICY two ON b FOR INSERT WITH CHECK (false);
CREATE POLICY three ON b FOR DELETE USING (1 = 2);
CREATE TABLE c (org_id uuid); GRANT other TO app; GRANT SELECT ON c TO app;
CREATE POLICY one ON c FOR SELECT USING (true);
CREATE POLICY floor ON c AS RESTRICTIVE TO other USING (org_id = ctx());
