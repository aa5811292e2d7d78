-- planted: 1
CREATE TABLE a (org_id uuid, org text);
CREATE POLICY one ON a USING (org_id = coalesce(ctx(), '00000000-0000-0000-0000-000000000000'));
-- safe
CREATE TABLE a (org_id uuid, deleted bool);
CREATE POLICY one ON a USING (org_id = ctx() AND NOT coalesce(deleted, false));
