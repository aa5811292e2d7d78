-- planted: 1
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = current_setting('app.org', true));
-- safe
CREATE TABLE a (org_id uuid, org text);
CREATE POLICY one ON a USING (org_id = current_setting('app.org', true)::uuid);
CREATE POLICY two ON a USING (org = nullif(current_setting('app.org', true), ''));
