-- What runs: functions, operators, aggregates, casts, triggers, rules and views. Bodies hold what looks like a dump.

CREATE SCHEMA programs;

CREATE FUNCTION programs.lookalike(n integer DEFAULT 7, VARIADIC words text[] DEFAULT '{a,"b c"}',
    OUT total integer, OUT label text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 7 SET search_path = programs, pg_temp SET "DateStyle" = 'German'
        AS $body$
-- TOC entry 1 (class 1255 OID 1)
-- Name: orders; Type: TABLE; Schema: public; Owner: postgres

--
-- Name: TABLE DATA orders; Type: TABLE DATA; Schema: public; Owner: postgres
--

-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: postgres
BEGIN
    /* COPY public.orders (id, name) FROM stdin;
1	one
\.
    */
    -- PostgreSQL database dump complete
    total := n; label := $inner$it's; a "semicolon" \ $1 $$ $inner$ || words[1];
END
$body$;
COMMENT ON FUNCTION programs.lookalike(integer,
    text[]) IS E'ends like a dump:\n\\.\n--\n-- PostgreSQL database dump complete\n--';
CREATE FUNCTION programs.returns_table(types.mood) RETURNS TABLE (mood types.mood, n bigint) LANGUAGE sql STABLE ROWS 5
    AS 'SELECT mood, count(*) FROM types.holder WHERE mood = $1 GROUP BY 1';
CREATE FUNCTION programs.guarded(text) RETURNS text LANGUAGE sql SECURITY DEFINER STRICT LEAKPROOF
    SET search_path = pg_catalog, pg_temp
    AS 'SELECT upper($1)';
CREATE FUNCTION programs."Overloaded"(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION programs."Overloaded"(text) RETURNS integer LANGUAGE sql AS 'SELECT 2';
CREATE PROCEDURE programs.proceed(INOUT x integer) LANGUAGE plpgsql AS 'BEGIN COMMIT; x := x + 1; END';
\if :from_14
    CREATE FUNCTION programs.standard_body(wanted integer) RETURNS bigint LANGUAGE sql
        BEGIN ATOMIC SELECT count(*) FROM shapes.parent WHERE id = wanted; END;
\endif

CREATE FUNCTION programs.mod_equal(integer, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = length($2)';
CREATE FUNCTION programs.mod_equal(text, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $2 = length($1)';
CREATE OPERATOR programs.=== (LEFTARG = integer, RIGHTARG = text, FUNCTION = programs.mod_equal,
    COMMUTATOR = OPERATOR(programs.===), RESTRICT = eqsel);
CREATE OPERATOR programs.=== (LEFTARG = text, RIGHTARG = integer, FUNCTION = programs.mod_equal,
    COMMUTATOR = OPERATOR(programs.===));
COMMENT ON OPERATOR programs.=== (integer, text) IS 'length equals';
CREATE FUNCTION programs.concat_step(text, text) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT $1 || '; ' || coalesce($2, '\N') $$;
CREATE AGGREGATE programs.concat_all(text) (SFUNC = programs.concat_step, STYPE = text, INITCOND = 'it''s');
CREATE AGGREGATE programs.middle(float8 ORDER BY float8) (SFUNC = ordered_set_transition, STYPE = internal,
    FINALFUNC = percentile_cont_float8_final);
CREATE AGGREGATE programs.rank(VARIADIC "any" ORDER BY VARIADIC "any") (
    SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, HYPOTHETICAL);
CREATE FUNCTION programs.abs_compare(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.btint4cmp(abs($1), abs($2))';
CREATE OPERATOR FAMILY programs.by_size USING btree;
CREATE OPERATOR CLASS programs.abs_ops FOR TYPE integer USING btree FAMILY programs.by_size AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 programs.abs_compare(integer, integer);
CREATE TYPE programs.money_amount AS (units bigint, currency text);
CREATE FUNCTION programs.to_text(programs.money_amount) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT $1.units || ' ' || $1.currency $$;
CREATE CAST (programs.money_amount AS text) WITH FUNCTION programs.to_text(programs.money_amount) AS ASSIGNMENT;
CREATE CAST (types.mood AS integer) WITH INOUT;
CREATE COLLATION programs.posix (locale = 'C');
SELECT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS with_icu \gset
\if :with_icu
    CREATE COLLATION programs.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE programs.folded (name text COLLATE programs.no_case PRIMARY KEY, sorted text COLLATE programs.posix);
    INSERT INTO programs.folded VALUES ('Straße', 'B'), ('ÉCOLE', 'a');
\endif
CREATE TEXT SEARCH DICTIONARY programs.plain (TEMPLATE = pg_catalog.simple, stopwords = english, accept = false);
CREATE TEXT SEARCH CONFIGURATION programs.searching (COPY = pg_catalog.german);
ALTER TEXT SEARCH CONFIGURATION programs.searching ALTER MAPPING FOR asciiword WITH programs.plain, german_stem;
CREATE TABLE programs.searched (id integer PRIMARY KEY, t text, v tsvector GENERATED ALWAYS
    AS (to_tsvector('programs.searching', t)) STORED);
INSERT INTO programs.searched VALUES (1, 'the Häuser and trees');
CREATE INDEX searched_v ON programs.searched USING gin (v);

-- Triggers in each state. None of them may fire while rows are loaded: each would change or add rows.
CREATE TABLE programs.watched (id integer PRIMARY KEY, t text);
CREATE TABLE programs.log (id serial PRIMARY KEY, what text);
CREATE FUNCTION programs.notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO programs.log (what) VALUES (TG_NAME || ' ' || TG_WHEN || ' ' || TG_OP || ' ' || array_to_string(TG_ARGV, '|'));
    IF TG_WHEN = 'BEFORE' AND TG_LEVEL = 'ROW' THEN NEW.t := NEW.t || '!'; RETURN NEW; END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER fires BEFORE INSERT OR UPDATE OF t ON programs.watched FOR EACH ROW WHEN (NEW.id > 0)
    EXECUTE FUNCTION programs.notice('it''s', E'back\\slash', '', E'a\nb');
CREATE TRIGGER is_disabled BEFORE INSERT ON programs.watched FOR EACH ROW EXECUTE FUNCTION programs.notice();
CREATE TRIGGER on_replica BEFORE INSERT ON programs.watched FOR EACH ROW EXECUTE FUNCTION programs.notice('replica');
CREATE TRIGGER "Always" BEFORE INSERT ON programs.watched FOR EACH ROW EXECUTE FUNCTION programs.notice('always');
CREATE TRIGGER by_statement AFTER INSERT OR DELETE OR TRUNCATE ON programs.watched EXECUTE FUNCTION programs.notice();
CREATE TRIGGER transition AFTER UPDATE ON programs.watched REFERENCING OLD TABLE AS "Old" NEW TABLE AS fresh
    EXECUTE FUNCTION programs.notice();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON programs.watched FROM types.holder DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION programs.notice();
ALTER TABLE programs.watched DISABLE TRIGGER is_disabled, ENABLE REPLICA TRIGGER on_replica,
    ENABLE ALWAYS TRIGGER "Always";
COMMENT ON TRIGGER "Always" ON programs.watched IS 'fires in replica mode, too';
INSERT INTO programs.watched SELECT g, 'w' || g FROM generate_series(1, 5) AS g;
UPDATE programs.watched SET t = 'changed' WHERE id = 3;
-- On a partitioned table, with another state on one partition.
CREATE TRIGGER on_parts AFTER INSERT ON parts.by_list FOR EACH ROW EXECUTE FUNCTION programs.notice();
ALTER TABLE parts.by_list_eu DISABLE TRIGGER on_parts;

CREATE TABLE programs.ruled (id integer PRIMARY KEY, t text);
CREATE RULE copies AS ON INSERT TO programs.ruled WHERE NEW.id > 100 DO ALSO INSERT INTO programs.log (what)
    VALUES ('rule ' || NEW.id);
CREATE RULE keeps AS ON DELETE TO programs.ruled DO INSTEAD NOTHING;
CREATE RULE is_disabled AS ON UPDATE TO programs.ruled DO INSTEAD NOTHING;
CREATE RULE always AS ON UPDATE TO programs.ruled DO ALSO NOTIFY ruled;
ALTER TABLE programs.ruled DISABLE RULE is_disabled, ENABLE ALWAYS RULE always, ENABLE REPLICA RULE keeps;
COMMENT ON RULE copies ON programs.ruled IS 'a rule''s comment';
INSERT INTO programs.ruled SELECT g, 'r' FROM generate_series(99, 102) AS g;

CREATE FUNCTION programs.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER survive_enabled ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')
    EXECUTE FUNCTION programs.on_ddl();
CREATE EVENT TRIGGER survive_disabled ON sql_drop EXECUTE FUNCTION programs.on_ddl();
CREATE EVENT TRIGGER survive_always ON ddl_command_start EXECUTE FUNCTION programs.on_ddl();
CREATE EVENT TRIGGER survive_replica ON table_rewrite EXECUTE FUNCTION programs.on_ddl();
ALTER EVENT TRIGGER survive_disabled DISABLE;
ALTER EVENT TRIGGER survive_always ENABLE ALWAYS;
ALTER EVENT TRIGGER survive_replica ENABLE REPLICA;
COMMENT ON EVENT TRIGGER survive_enabled IS 'an event trigger''s comment';

-- Views on views; one needs a primary key to be valid, two need each other's first form, one can be written to.
CREATE VIEW programs.z_first AS SELECT id, t, count(*) OVER () AS n FROM programs.watched WHERE t <> '\';
CREATE VIEW programs.a_second AS SELECT z.*, z.n * 2 AS "Twice" FROM programs.z_first z;
CREATE VIEW programs.m_third (one, two) AS SELECT id, "Twice" FROM programs.a_second ORDER BY 2 DESC LIMIT 5;
CREATE VIEW programs.by_key AS SELECT w.id, w.t, count(l.*) AS logs FROM programs.watched w LEFT JOIN programs.log l
    ON l.id = w.id GROUP BY w.id;
CREATE VIEW programs.on_by_key AS SELECT sum(logs) AS logs FROM programs.by_key;
CREATE VIEW programs.writable WITH (security_barrier, check_option = cascaded) AS SELECT * FROM programs.ruled
    WHERE id < 1000;
ALTER VIEW programs.writable ALTER t SET DEFAULT 'by view';
CREATE TRIGGER instead INSTEAD OF DELETE ON programs.writable FOR EACH ROW EXECUTE FUNCTION programs.notice();
CREATE RECURSIVE VIEW programs.counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 10;
CREATE VIEW programs.circle AS SELECT 1 AS n;
CREATE FUNCTION programs.of_view(programs.circle) RETURNS integer LANGUAGE sql AS 'SELECT $1.n';
CREATE VIEW programs.other_half AS SELECT programs.of_view(c) AS n FROM programs.circle c;
CREATE OR REPLACE VIEW programs.circle AS SELECT max(n) AS n FROM (VALUES (1), (2)) AS v (n);
\if :from_15
    CREATE VIEW programs.as_caller WITH (security_invoker) AS SELECT * FROM programs.log;
\endif
COMMENT ON VIEW programs.z_first IS 'sorts last, comes first';
COMMENT ON COLUMN programs.a_second."Twice" IS 'a view column''s comment';
