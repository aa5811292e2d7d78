-- planted: 3
CREATE TABLE admins (who name);
CREATE FUNCTION is_admin() RETURNS bool STABLE LANGUAGE sql AS $$ SELECT true $$;
CREATE TABLE a (org_id uuid);
CREATE POLICY one ON a USING (org_id = ctx() OR is_admin());
CREATE POLICY "Two" ON a USING (org_id = ctx() OR EXISTS (SELECT FROM admins WHERE who = current_user));
CREATE POLICY three ON a USING (org_id = ctx() OR ctx() = '00000000-0000-0000-0000-00000000000a');
-- safe
CREATE TABLE members (org uuid, who name);
CREATE TABLE a (org_id uuid, shared bool, who name);
CREATE POLICY one ON a USING (org_id = ctx() OR shared);
CREATE POLICY two ON a USING (org_id = ctx() OR EXISTS (SELECT FROM members m WHERE m.org = a.org_id AND m.who = current_user));
CREATE POLICY three ON a USING (EXISTS (SELECT FROM members m WHERE m.org = a.org_id AND (m.who = current_user OR current_user = 'x')));
CREATE POLICY four ON a USING (org_id = ctx() OR who = current_user);
