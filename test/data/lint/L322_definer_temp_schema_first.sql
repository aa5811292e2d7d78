-- planted: 2
CREATE FUNCTION "One"() RETURNS int SECURITY DEFINER LANGUAGE sql SET search_path = public AS $$ SELECT 1 $$;
CREATE FUNCTION two() RETURNS int SECURITY DEFINER LANGUAGE sql SET search_path = pg_temp, public AS $$ SELECT 1 $$;
-- safe
CREATE FUNCTION one() RETURNS int SECURITY DEFINER LANGUAGE sql SET search_path = public, pg_temp AS $$ SELECT 1 $$;
CREATE FUNCTION two() RETURNS int SECURITY DEFINER LANGUAGE sql SET search_path = '' AS $$ SELECT 1 $$;
CREATE FUNCTION three() RETURNS int LANGUAGE sql SET search_path = public AS $$ SELECT 1 $$;
