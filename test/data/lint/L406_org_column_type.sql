-- planted: 1
CREATE TABLE a (org_id uuid); CREATE TABLE b (org_id uuid); CREATE TABLE "C" (org_id text);
-- safe
CREATE TABLE a (org_id bigint); CREATE TABLE b (org_id int); CREATE TABLE c (id text);
CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.d (org_id text);
