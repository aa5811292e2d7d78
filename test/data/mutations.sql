-- One table for each type that a column can have, in schema m, made of the changes listed in
-- mutations/changes*.sql: a row for each change and each place where a value can sit (the column,
-- an array, a domain, a composite in a composite, a range, a multirange).
--
-- psql -v side=before makes the tables as they were, -v side=after with all changes made; both have
-- the same keys. -v unicode=off leaves out what LATIN1 cannot hold, -v from_14=off what 13 does not
-- have. Runs on PostgreSQL 13 to 18; types that the server does not have are left out.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET client_encoding = 'UTF8';
SELECT current_setting('server_version_num')::int >= 140000 AND :'from_14'::bool AS from_14,
       set_config('suite.from_14', (current_setting('server_version_num')::int >= 140000 AND :'from_14'::bool)::text, false) \gset
\ir mutations/types.sql
\ir mutations/changes.sql
\ir mutations/changes_texts.sql
\ir mutations/changes_others.sql
\ir mutations/changes_none.sql
\if :from_14
    \ir mutations/changes_14.sql
\endif
\if :unicode
    \ir mutations/changes_unicode.sql
\endif
\ir mutations/build.sql
SELECT suite.build(:'side');
