-- planted: 4
CREATE TABLE a (id int PRIMARY KEY, org_id uuid, mail text UNIQUE);
CREATE TABLE "B" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id uuid, mail text);
CREATE UNIQUE INDEX "by mail" ON "B" (lower(mail));
CREATE TABLE c (org_id uuid, span int4range, EXCLUDE USING gist (span WITH &&));
-- safe
CREATE TABLE a (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid, mail text, UNIQUE (mail, org_id));
CREATE TABLE b (id serial PRIMARY KEY, org_id uuid, mail text);
CREATE UNIQUE INDEX ON b ((org_id::text), mail);
CREATE TABLE c (id int PRIMARY KEY);
