-- planted: 1
CREATE FUNCTION "One"() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
-- safe
CREATE FUNCTION one() RETURNS int LANGUAGE sql SET search_path = '' AS $$ SELECT 1 $$;
