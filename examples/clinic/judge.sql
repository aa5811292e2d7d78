-- What is left of the ledger goes into a file; then the tampering is undone, so that the next one
-- begins with a ledger that is right. :tampering says what was done, :names what has to be named.
\pset format unaligned
\pset tuples_only on
\o tampered.jsonl
SELECT custody.export_ledger();
\o
\pset format aligned
\pset tuples_only off
ROLLBACK;
\ir bundle.sql
