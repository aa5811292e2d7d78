-- planted: 3
CREATE TABLE a (org_id uuid, deleted bool);
CREATE POLICY one ON a USING (org_id = org_id);
CREATE POLICY "Two" ON a FOR SELECT USING (NOT deleted);
CREATE POLICY three ON a FOR INSERT WITH CHECK (org_id IS NOT NULL);
-- safe
CREATE TABLE a (org_id uuid, deleted bool, who name);
CREATE POLICY one ON a USING (org_id = ctx() AND NOT deleted);
CREATE POLICY two ON a FOR SELECT USING (who = current_user);
CREATE POLICY three ON a FOR DELETE TO app USING (deleted);
CREATE POLICY floor ON a AS RESTRICTIVE TO app USING (org_id = ctx());
