-- Which relations a view or materialized view reads, through others too.
lint_reads AS (
    SELECT DISTINCT w.ev_class AS viewer, d.refobjid AS relation
      FROM pg_rewrite w
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
     WHERE w.ev_type = '1' AND w.ev_class IN (SELECT oid FROM lint_relation)
),
lint_reach AS (
    SELECT viewer, relation FROM lint_reads
    UNION
    SELECT r.viewer, n.relation FROM lint_reach r JOIN lint_reads n ON n.viewer = r.relation
)
