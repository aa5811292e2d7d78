-- planted: 1
CREATE FUNCTION "Org"() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_user::text $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = "Org"());
CREATE POLICY two ON a USING (org_id = (SELECT "Org"()));
-- safe
CREATE FUNCTION unused() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_user::text $$;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
