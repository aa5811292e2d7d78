-- planted: 2
CREATE FUNCTION org() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.org'); END $$;
CREATE FUNCTION "Claim"(name text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting(name); END $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = org());
CREATE POLICY two ON a USING (org_id = (SELECT "Claim"('org')));
-- safe
CREATE FUNCTION norm(org text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT lower(org) $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (norm(org_id) = ctx()::text);
