-- code: L603
-- name: parameters_in_log
-- level: warning
-- title: The log holds bind parameters
-- why: tokens are bind parameters: who reads the log can use them until they expire
SELECT x.object, x.seen,
       'set log_parameter_max_length = 0 and log_parameter_max_length_on_error = 0' AS remediation
  FROM (SELECT 'server' AS object,
               'log_parameter_max_length = ' || current_setting('log_parameter_max_length')
               || ', on error ' || current_setting('log_parameter_max_length_on_error')
               || '; log_statement = ' || current_setting('log_statement')
               || ', log_min_duration_statement = ' || current_setting('log_min_duration_statement') AS seen
         WHERE current_setting('log_parameter_max_length_on_error') <> '0'
            OR current_setting('log_parameter_max_length') <> '0'
               AND (current_setting('log_statement') = 'all'
                    OR current_setting('log_min_duration_statement') <> '-1'
                    OR current_setting('log_min_duration_sample') <> '-1'
                    OR current_setting('log_duration')::bool
                    OR current_setting('log_transaction_sample_rate')::float8 > 0)
        UNION ALL
        SELECT coalesce(quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), 'all roles')
               || coalesce(' in ' || quote_ident(d.datname), ''), string_agg(c.entry, ', ')
          FROM pg_db_role_setting s
          LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c(entry)
         WHERE (d.oid IS NULL OR d.datname = current_database())
           AND (c.entry ~ '^log_parameter_max_length(_on_error)?=[^0]'
                OR c.entry = 'log_statement=all' OR c.entry ~ '^log_min_duration_(statement|sample)=\d')
           AND NOT 'log_parameter_max_length=0' = ANY (s.setconfig)
         GROUP BY s.setrole, d.datname) x
