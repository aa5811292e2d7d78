-- planted: 1
CREATE TABLE members (org uuid, who name);
CREATE POLICY "one 1" ON members USING (org IN (SELECT m.org FROM members m WHERE m.who = current_user));
-- safe
CREATE TABLE members (org uuid, who name);
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id IN (SELECT m.org FROM members m WHERE m.who = current_user));
