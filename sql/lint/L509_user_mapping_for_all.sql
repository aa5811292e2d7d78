-- code: L509
-- name: user_mapping_for_all
-- level: warning
-- title: Every role may go to another server as the same user
-- why: what this database keeps apart is one to the far server
SELECT quote_ident(m.srvname) AS object, 'user mapping FOR PUBLIC' AS seen,
       format('DROP USER MAPPING FOR PUBLIC SERVER %I;', m.srvname) AS remediation
  FROM pg_user_mappings m
 WHERE m.umuser = 0
