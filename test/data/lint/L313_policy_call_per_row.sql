-- planted: 2
CREATE TABLE a (org_id uuid, org text);
CREATE POLICY one ON a USING (org_id = ctx());
CREATE POLICY two ON a USING (org_id = (SELECT ctx()) OR org_id = ctx());
CREATE TABLE b (org_id uuid);
CREATE POLICY one ON b USING (org_id = current_setting('app.org')::uuid);
-- safe
CREATE FUNCTION visible(org uuid) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT org IS NOT NULL $$;
CREATE TABLE a (org_id uuid, made timestamptz);
CREATE POLICY one ON a USING (org_id = (SELECT ctx()));
CREATE POLICY two ON a USING (visible(org_id) AND made < now());
