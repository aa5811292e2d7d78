-- planted: 2
CREATE TABLE members (org uuid, who name);
CREATE TABLE a (org_id uuid); CREATE TABLE "B" (org_id uuid);
CREATE POLICY one ON a USING (org_id IN (SELECT org FROM members WHERE who = current_user));
CREATE POLICY two ON a FOR INSERT WITH CHECK (EXISTS (SELECT FROM members m WHERE m.org = org_id));
CREATE POLICY one ON "B" USING (org_id = ANY (ARRAY(SELECT org FROM members WHERE who = current_user)));
-- safe
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = (SELECT ctx()));
CREATE POLICY two ON a FOR SELECT USING (org_id IN (SELECT unnest(ARRAY[ctx()])));
