-- A verified user enters an organization that a table names: as the table's owner, whatever row security,
-- search_path or operators the caller brings.
CREATE ROLE member_owner;
CREATE ROLE member_app;
GRANT USAGE ON SCHEMA custody TO member_app;
\set a '''aaaaaaaa-0000-0000-0000-000000000001'''
\set b '''bbbbbbbb-0000-0000-0000-000000000002'''
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || CASE WHEN detail <> '' THEN ' | ' || detail ELSE '' END;
END$$;

CREATE SCHEMA members AUTHORIZATION member_owner;
SET ROLE member_owner;
CREATE TABLE members."Member Of" (usr text, org uuid, "Role" text, num int4);
INSERT INTO members."Member Of" VALUES ('ann', :a, 'editor', 1), ('bob', :b, NULL, 2), ('two', :a, 'x', 3), ('two', :a, 'y', 3);
ALTER TABLE members."Member Of" ENABLE ROW LEVEL SECURITY;
ALTER TABLE members."Member Of" FORCE ROW LEVEL SECURITY;
RESET ROLE;

-- Nobody has named a table, or verified a user.
SELECT try(format('SELECT custody.enter_org(%L::uuid)', :a));
SELECT custody.set_membership('members."Member Of"', 'usr', 'org', 'Role');
SELECT relation, user_column, org_column, role_column FROM custody.membership_source;
SET ROLE member_app;
SELECT try(format('SELECT custody.enter_org(%L::uuid)', :a));
RESET ROLE;

SELECT try('SELECT custody.check_membership(NULL, NULL, NULL, NULL)');

-- Who has an organization enters no other. (A user without one comes from a token: test/t/084_token_membership.t.)
BEGIN;
SELECT custody.set_context(:b::uuid, 'ann');
SET ROLE member_app;
SELECT try(format('SELECT custody.enter_org(%L::uuid)', :a));
SELECT try(format('SELECT custody.enter_org(%L::uuid)', :b));
ROLLBACK;

-- What cannot tell who is a member.
CREATE VIEW members.v AS SELECT * FROM members."Member Of";
CREATE MATERIALIZED VIEW members.m AS SELECT * FROM members."Member Of";
CREATE TEMP TABLE temporary (usr text, org uuid);
CREATE COLLATION members.same (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE members.folded (usr text COLLATE members.same, org uuid, other numeric, fixed character(3));
SELECT try(s) FROM unnest(ARRAY[
    'SELECT custody.set_membership(''members.v'', ''usr'', ''org'')',
    'SELECT custody.set_membership(''members.m'', ''usr'', ''org'')',
    'SELECT custody.set_membership(''temporary'', ''usr'', ''org'')',
    'SELECT custody.set_membership(''members.folded'', ''usr'', ''org'')',
    'SELECT custody.set_membership(''members.folded'', ''org'', ''other'')',
    'SELECT custody.set_membership(''members.folded'', ''org'', ''fixed'')',
    'SELECT custody.set_membership(''members.folded'', ''org'', ''nothing'')',
    'SELECT custody.set_membership(''members."Member Of"'', ''usr'', ''org'', ''nothing'')',
    'SELECT custody.set_membership(NULL, ''usr'', ''org'')']) s;
SELECT relation FROM custody.membership_source;

-- Only who was granted it names the table.
SET ROLE member_app;
SELECT try('SELECT custody.set_membership(''pg_class'', ''relname'', ''oid'')'),
       try('SELECT custody.unset_membership()'), try('TABLE custody.membership_source');
RESET ROLE;
SELECT custody.unset_membership();
SELECT count(*) FROM custody.membership_source;

SET client_min_messages = warning;
DROP FUNCTION try(text);
DROP SCHEMA members CASCADE;
REVOKE ALL ON SCHEMA custody FROM member_app;
DROP ROLE member_app, member_owner;
