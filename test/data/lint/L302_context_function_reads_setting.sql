-- planted: 3
CREATE FUNCTION uid() RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('jwt.sub', true), '') $$;
CREATE FUNCTION "Org"(int) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN pg_catalog.current_setting ('app.org'); END $$;
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = uid());
CREATE POLICY two ON a USING (org_id = (SELECT "Org"(1)));
CREATE POLICY three ON a FOR INSERT WITH CHECK (org_id = uid());
CREATE FUNCTION "Through 1"() RETURNS text STABLE LANGUAGE sql AS $$ SELECT s.uid() $$;
CREATE FUNCTION through2() RETURNS text STABLE LANGUAGE sql AS $$ SELECT s."Through 1"() $$;
CREATE POLICY four ON a USING (org_id = through2());
-- safe
CREATE FUNCTION unused() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('jwt.sub', true) $$;
CREATE FUNCTION not_unused() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT ctx() $$;
CREATE FUNCTION used() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT not_unused() $$;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx());
CREATE POLICY two ON a USING (org_id = used());
