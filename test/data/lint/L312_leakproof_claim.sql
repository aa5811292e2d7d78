-- planted: 1
CREATE FUNCTION "Like"(a text, b text) RETURNS bool LEAKPROOF IMMUTABLE LANGUAGE sql AS $$ SELECT a LIKE b $$;
-- safe
CREATE FUNCTION "Like"(a text, b text) RETURNS bool IMMUTABLE LANGUAGE sql AS $$ SELECT a LIKE b $$;
