-- planted: 2
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id IS NULL OR org_id = ctx());
CREATE POLICY "Two" ON a FOR INSERT WITH CHECK (org_id = ANY (ARRAY[ctx()]) OR org_id IS NULL);
-- safe
CREATE TABLE a (org_id uuid, deleted timestamptz);
CREATE POLICY one ON a USING (org_id IS NOT NULL AND org_id = ctx());
CREATE POLICY two ON a USING (org_id = ctx() AND (deleted IS NULL OR deleted > '2020-01-01'));
CREATE POLICY three ON a FOR SELECT TO app USING (org_id IS NULL OR org_id = ctx());
CREATE POLICY floor ON a AS RESTRICTIVE TO app USING (org_id = ctx());
