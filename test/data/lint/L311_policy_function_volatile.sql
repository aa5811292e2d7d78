-- planted: 1
CREATE FUNCTION "Org"() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_user; END $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = "Org"());
CREATE POLICY two ON a USING (org_id = (SELECT "Org"()));
-- safe
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
CREATE FUNCTION unused() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
