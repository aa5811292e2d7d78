-- planted: 4
CREATE ROLE "by attribute" BYPASSRLS;
CREATE ROLE middle; CREATE ROLE far; GRANT unbound TO middle; GRANT middle TO far;
CREATE ROLE "owns it"; CREATE ROLE member; GRANT "owns it" TO member;
CREATE TABLE a (org_id uuid);
ALTER TABLE a OWNER TO "owns it";
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', ARRAY['"by attribute"', 'far', '"owns it"', 'member']::regrole[]);
-- safe
CREATE TABLE a (org_id uuid);
ALTER TABLE a OWNER TO owning;
CREATE ROLE beside; GRANT app TO beside;
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', '{app,other}');
