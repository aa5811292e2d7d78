-- planted: 2
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = current_setting('app.org', true));
CREATE FUNCTION org() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('jwt.org') $$;
CREATE POLICY two ON a USING (org_id = org());
ALTER ROLE app SET app.org = 'one';
ALTER DATABASE lint SET jwt.org = 'one';
-- safe
CREATE TABLE a (org_id text);
CREATE POLICY one ON a USING (org_id = current_setting('app.org', true));
ALTER ROLE app SET work_mem = '1MB';
ALTER ROLE app SET other.setting = 'one';
