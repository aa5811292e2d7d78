-- planted: 2
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
CREATE POLICY two ON a FOR SELECT TO app USING (org_id = ctx());
CREATE POLICY three ON a FOR DELETE TO app USING (org_id = ctx());
CREATE TABLE "B" (org_id uuid);
CREATE POLICY one ON "B" FOR INSERT TO app, other WITH CHECK (org_id = ctx());
CREATE POLICY two ON "B" FOR INSERT TO app WITH CHECK (org_id = ctx());
-- safe
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a FOR SELECT TO app USING (org_id = ctx());
CREATE POLICY two ON a FOR SELECT TO other USING (org_id = ctx());
CREATE POLICY three ON a FOR DELETE TO app USING (org_id = ctx());
CREATE POLICY floor ON a AS RESTRICTIVE USING (org_id = ctx());
CREATE TABLE b (org_id uuid, shared bool);
GRANT SELECT ON b TO app;
CREATE POLICY one ON b USING (org_id = ctx());
CREATE POLICY two ON b USING (shared);
CREATE POLICY floor ON b AS RESTRICTIVE USING (org_id = ctx());
