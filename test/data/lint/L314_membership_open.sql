-- planted: 1
CREATE TABLE "Members" (org uuid, who name); GRANT SELECT, INSERT ON "Members" TO app;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id IN (SELECT org FROM "Members" WHERE who = current_user));
CREATE POLICY two ON a FOR INSERT WITH CHECK (EXISTS (SELECT FROM "Members" m WHERE m.org = a.org_id));
-- safe
CREATE TABLE members (org uuid, who name); GRANT SELECT ON members TO app;
CREATE TABLE closed (org uuid, who name); GRANT ALL ON closed TO app; ALTER TABLE closed ENABLE ROW LEVEL SECURITY;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id IN (SELECT org FROM members WHERE who = current_user));
CREATE POLICY two ON a USING (org_id IN (SELECT org FROM closed WHERE who = current_user));
