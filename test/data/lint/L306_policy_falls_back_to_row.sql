-- planted: 2
CREATE TABLE a (org_id uuid, org text);
CREATE POLICY one ON a USING (org_id = coalesce(ctx(), org_id));
CREATE POLICY "Two" ON a FOR INSERT WITH CHECK (org = coalesce(nullif(current_setting('x', true), ''), org));
-- safe
CREATE TABLE a (org_id uuid, deleted bool, org text);
CREATE POLICY one ON a USING (org_id = ctx() AND NOT coalesce(deleted, false));
CREATE POLICY two ON a USING (coalesce(org, 'none') = current_user);
