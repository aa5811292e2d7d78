-- What is left of the ledger goes into a file; then the tampering is undone, so that the next one
-- begins with a ledger that is right. :tampering says what was done, :names what has to be named.
SELECT coalesce(string_agg(v.status || ' ' || v."check" || ' ' || coalesce(v.object, '') || ' ' || v.detail, E'\n'),
                'nothing is refuted') AS database
  FROM custody.verify_ledger(:'digests') v WHERE v.status = 'refuted' AND v."check" <> 'coverage' \gset
\pset format unaligned
\pset tuples_only on
\o tampered.jsonl
SELECT custody.export_ledger();
\o
\pset format aligned
\pset tuples_only off
ROLLBACK;
\ir bundle.sql
\echo :database
INSERT INTO seen (tampering, names, by, said) VALUES (:'tampering', :'names', 'custody.verify_ledger()', :'database');
