-- planted: 2
CREATE FUNCTION uid() RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('jwt.sub', true), '') $$;
CREATE FUNCTION "Org"(int) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN pg_catalog.current_setting ('app.org'); END $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = uid());
CREATE POLICY two ON a USING (org_id = (SELECT "Org"(1)));
CREATE POLICY three ON a FOR INSERT WITH CHECK (org_id = uid());
-- safe
CREATE FUNCTION unused() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('jwt.sub', true) $$;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
