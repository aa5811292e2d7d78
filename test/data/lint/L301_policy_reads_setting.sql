-- planted: 2
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = current_setting('app.org')::uuid);
CREATE POLICY two ON a FOR INSERT WITH CHECK (org_id = (SELECT nullif(current_setting('app.org', true), '')::uuid));
CREATE TABLE "B" (org_id uuid);
CREATE POLICY one ON "B" AS RESTRICTIVE USING (org_id::text IN ('x', current_setting('app.org')));
-- safe
CREATE TABLE a (org_id uuid, current_setting text);
CREATE POLICY one ON a USING (org_id = ctx() AND current_setting <> 'current_setting()');
