-- What the two verifiers say of tampered.jsonl, against the anchored digests.
\set loader `custody audit verify-bundle tampered.jsonl --anchor-file=anchors --public-key=anchor.pub 2>&1`
\set python `python3 "$VERIFY_BUNDLE" tampered.jsonl --digest anchors 2>&1`
\echo '---' :tampering
\echo :loader
\echo :python
INSERT INTO seen (tampering, names, by, said)
VALUES (:'tampering', :'names', 'custody audit', :'loader'), (:'tampering', :'names', 'verify_bundle.py', :'python');
