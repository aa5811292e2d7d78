-- planted: 1
CREATE FUNCTION "Is member"(org uuid) RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT org IS NOT NULL $$;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING ("Is member"(org_id));
CREATE POLICY two ON a FOR DELETE USING ("Is member"(org_id) AND org_id = ctx());
-- safe
CREATE FUNCTION norm(org text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT lower(org) $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (norm(org_id) = ctx()::text);
