-- A policy by itself: same, narrower or different, and never by text.
CREATE SCHEMA verdict;
SET search_path = verdict;
SET client_min_messages = warning;
create table d(id int primary key, org_id uuid not null, title text, other uuid, pub bool, n int, torg varchar(20), borg int);
create function my_eq(uuid,uuid) returns bool language sql immutable as 'select true';
create schema regress_custody_evil;
create operator regress_custody_evil.= (leftarg=uuid,rightarg=uuid,function=my_eq);
create function wrap() returns uuid language sql stable as 'select custody.current_org_uuid()';
create function vol() returns bool language plpgsql as 'begin return true; end';
create table m(org_id uuid, uid text);
create table exprs(n serial, col name, e text); -- shapes
insert into exprs(col,e) values
('org_id','org_id = custody.current_org_uuid()'),
('org_id','custody.current_org_uuid() = org_id'),
('org_id','org_id = (select custody.current_org_uuid())'),
('org_id','org_id in (select custody.current_org_uuid())'),
('org_id','org_id = (select (select custody.current_org_uuid()))'),
('org_id','org_id = custody.current_org_uuid() and pub'),
('org_id','org_id = custody.current_org_uuid() and vol()'),
('org_id','(org_id = custody.current_org_uuid() and pub) or (org_id = custody.current_org_uuid() and n>3)'),
('org_id','org_id = custody.current_org_uuid() and (pub or n>3)'),
('org_id','org_id = custody.current_org_uuid() or pub'),
('org_id','org_id = custody.current_org_uuid() or org_id is null'),
('org_id','org_id = coalesce(custody.current_org_or_null_uuid(), org_id)'),
('org_id','coalesce(org_id = custody.current_org_uuid(), false)'),
('org_id','coalesce(org_id = custody.current_org_uuid(), true)'),
('org_id','(org_id = custody.current_org_uuid()) is true'),
('org_id','not (org_id <> custody.current_org_uuid())'),
('org_id','not ((org_id <> custody.current_org_uuid()) is true)'),
('org_id','case when pub then org_id = custody.current_org_uuid() else false end'),
('org_id','case when pub then org_id = custody.current_org_uuid() else true end'),
('org_id','other = custody.current_org_uuid()'),
('org_id','true'),('org_id','false'),('org_id','1=1'),('org_id','1=0'),('org_id','1/0 = 1'),('org_id','null'),
('org_id','org_id operator(regress_custody_evil.=) custody.current_org_uuid()'),
('org_id','org_id = wrap()'),
('org_id','org_id = any(custody.current_orgs_uuid())'),
('org_id','org_id = any((select custody.current_orgs_uuid())::uuid[])'),
('org_id','org_id = any(array[custody.current_org_uuid()])'),
('org_id','org_id in (select org_id from m)'),
('org_id','exists(select 1 from m where m.org_id = d.org_id)'),
('org_id','org_id = custody.current_org_uuid() and exists(select 1 from m where m.org_id = d.org_id)'),
('org_id','org_id::text = custody.current_org_uuid()::text'),
('org_id','org_id::text::uuid = custody.current_org_uuid()'),
('org_id','org_id is not distinct from custody.current_org_uuid()'),
('org_id','org_id >= custody.current_org_uuid()'),
('org_id','org_id >= custody.current_org_uuid() and org_id <= custody.current_org_uuid()'),
('torg','torg = custody.current_org_text()'),
('torg','torg collate "C" = custody.current_org_text()'),
('torg','torg::text = custody.current_org_text()'),
('torg','lower(torg) = custody.current_org_text()'),
('torg','torg like custody.current_org_text()'),
('borg','borg = custody.current_org_bigint()'),
('borg','borg::bigint = custody.current_org_bigint()'),
('borg','borg = custody.current_org_bigint()::int'),
('borg','borg = custody.current_org_or_null_bigint()'),
('borg','borg::text = custody.current_org_bigint()::text'),
('borg','borg % 10 = custody.current_org_bigint()');
do $$ declare r record; begin for r in select * from exprs loop
 begin execute format('create policy p%s on d using (%s)', r.n, r.e); exception when others then raise warning '%: %', r.e, sqlerrm; end; end loop; end $$;
select custody.policy_verdict(p.oid, col), e from exprs join pg_policy p on polname = 'p'||n order by n;

SELECT custody.policy_verdict(0, 'org_id');
SELECT custody.policy_verdict(oid, 'nothing') FROM pg_policy WHERE polname = 'p1';
-- USING and WITH CHECK together; a policy without either.
CREATE POLICY each ON d USING (org_id = custody.current_org_uuid()) WITH CHECK (true);
CREATE POLICY neither ON d;
SELECT polname, custody.policy_verdict(oid, 'org_id') FROM pg_policy WHERE polname IN ('each', 'neither') ORDER BY 1;
-- An accessor that is no longer as custody made it is any function.
BEGIN;
ALTER FUNCTION custody.current_org_uuid() IMMUTABLE;
SELECT custody.policy_verdict(oid, 'org_id') FROM pg_policy WHERE polname = 'p1';
ROLLBACK;
BEGIN;
CREATE OR REPLACE FUNCTION custody.current_org_uuid() RETURNS uuid LANGUAGE sql STABLE LEAKPROOF PARALLEL SAFE AS 'SELECT NULL::uuid';
SELECT custody.policy_verdict(oid, 'org_id') FROM pg_policy WHERE polname = 'p1';
ROLLBACK;
SET client_min_messages = error;
DROP SCHEMA verdict, regress_custody_evil CASCADE;
