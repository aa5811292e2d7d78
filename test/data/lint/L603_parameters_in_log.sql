-- planted: 2
SET LOCAL log_statement = 'all';
ALTER ROLE app SET log_min_duration_statement = '1s';
-- safe
SET LOCAL log_statement = 'all'; SET LOCAL log_parameter_max_length = 0;
ALTER ROLE app SET log_min_duration_statement = '1s'; ALTER ROLE app SET log_parameter_max_length = 0;
