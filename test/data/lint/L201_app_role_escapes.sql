-- planted: 6
CREATE ROLE "by attribute" BYPASSRLS;
CREATE ROLE middle; CREATE ROLE far; GRANT unbound TO middle; GRANT middle TO far;
CREATE ROLE "owns it"; CREATE ROLE member; GRANT "owns it" TO member;
CREATE ROLE "may grant"; CREATE ROLE first NOINHERIT; CREATE ROLE second;
\if :from_16
GRANT unbound TO "may grant" WITH ADMIN TRUE, SET FALSE, INHERIT FALSE;
GRANT second TO first WITH SET TRUE, INHERIT FALSE; GRANT "owns it" TO second WITH SET FALSE, INHERIT TRUE;
\else
GRANT unbound TO "may grant" WITH ADMIN OPTION;
GRANT second TO first; GRANT "owns it" TO second;
\endif
CREATE TABLE a (org_id uuid);
ALTER TABLE a OWNER TO "owns it";
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', ARRAY['"by attribute"', 'far', '"owns it"', 'member', '"may grant"', 'first']::regrole[]);
-- safe
CREATE TABLE a (org_id uuid);
ALTER TABLE a OWNER TO owning;
CREATE ROLE beside; GRANT app TO beside;
CREATE ROLE nothing;
\if :from_16
CREATE ROLE between; GRANT owning TO between WITH SET TRUE, INHERIT FALSE; GRANT between TO nothing WITH SET FALSE, INHERIT TRUE;
\endif
INSERT INTO custody.protection (relation, class, org_column, roles)
VALUES ('a', 'owned', 'org_id', '{app,other,nothing}');
