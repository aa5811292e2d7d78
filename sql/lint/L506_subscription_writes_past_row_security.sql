-- code: L506
-- name: subscription_writes_past_row_security
-- level: info
-- title: Subscription into this database
-- why: the apply worker writes what the publisher sends, whichever organization it is of; since
--   16 it fails on FORCEd tables unless its owner bypasses them
SELECT quote_ident(s.subname) AS object, 'owner ' || quote_ident(pg_get_userbyid(s.subowner)) AS seen,
       'see that the publisher sends what belongs here' AS remediation
  FROM pg_subscription s
 WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND EXISTS (SELECT FROM lint_relation r WHERE r.relrowsecurity)
