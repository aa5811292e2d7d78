-- planted: 3
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (false);
CREATE TABLE c (org_id uuid);
CREATE POLICY floor ON c AS RESTRICTIVE USING (NOT true);
CREATE TABLE "B" (org_id uuid);
CREATE POLICY one ON "B" FOR SELECT USING (org_id = ctx());
CREATE POLICY two ON "B" FOR DELETE USING (1 = 2);
-- safe
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
CREATE POLICY two ON a AS RESTRICTIVE FOR DELETE USING (false);
CREATE POLICY three ON a FOR SELECT USING (true);
