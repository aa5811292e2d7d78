-- planted: 4
CREATE TABLE a (org_id uuid); CREATE TABLE b (org_id uuid);
CREATE POLICY one ON a USING (ctx() IS NULL OR org_id = ctx());
CREATE POLICY "Two" ON b AS RESTRICTIVE USING (org_id = ctx() OR nullif(current_setting('x', true), '') IS NULL);
CREATE POLICY three ON a FOR INSERT WITH CHECK (CASE WHEN ctx() IS NULL THEN true ELSE org_id = ctx() END);
CREATE POLICY four ON a USING (true OR org_id = ctx());
-- safe
CREATE TABLE a (org_id uuid, shared bool);
CREATE POLICY one ON a USING (ctx() IS NOT NULL AND org_id = ctx());
CREATE POLICY two ON a USING (org_id = ctx() OR shared AND ctx() IS NOT NULL);
CREATE POLICY three ON a USING (CASE WHEN shared THEN false ELSE org_id = ctx() END);
CREATE POLICY four ON a FOR SELECT TO app USING (ctx() IS NULL OR org_id = ctx());
CREATE POLICY floor ON a AS RESTRICTIVE TO app USING (org_id = ctx());
