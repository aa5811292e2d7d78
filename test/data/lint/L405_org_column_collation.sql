-- planted: 2
CREATE COLLATION "loose" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE "A" (org_id text COLLATE "loose");
CREATE DOMAIN citext AS text; CREATE TABLE b (org_id citext);
-- safe
CREATE TABLE a (org_id text); CREATE TABLE b (org_id text COLLATE "C"); CREATE TABLE c (org_id uuid);
