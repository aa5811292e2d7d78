-- Counts the events that there must be, in triggers that are not custody's.
CREATE TABLE model.counted (xid xid8, tbl regclass, org text, events int);
CREATE FUNCTION model.count_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    o jsonb := to_jsonb(OLD); n jsonb := to_jsonb(NEW);
    subject regclass := coalesce((SELECT relid FROM pg_partition_ancestors(TG_RELID) a WHERE relid IN (SELECT tbl FROM model.subject)), TG_RELID);
    key text[] := model.key(subject);
BEGIN
    IF TG_OP = 'UPDATE' AND NOT EXISTS (SELECT FROM unnest(key || '{org}'::text[]) k WHERE (o ->> k) IS DISTINCT FROM (n ->> k)) THEN
        IF subject = 'quiet'::regclass AND (o - 'x')::text = (n - 'x')::text THEN RETURN NULL; END IF;
        o := NULL;
    END IF;
    IF o IS NOT NULL THEN INSERT INTO model.counted VALUES (pg_current_xact_id(), subject, o ->> 'org', 1); END IF;
    IF n IS NOT NULL THEN INSERT INTO model.counted VALUES (pg_current_xact_id(), subject, n ->> 'org', 1); END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION model.count_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject regclass := coalesce((SELECT relid FROM pg_partition_ancestors(TG_RELID) a WHERE relid IN (SELECT tbl FROM model.subject)), TG_RELID);
BEGIN
    IF subject <> 'cut'::regclass AND (SELECT relkind FROM pg_class WHERE oid = TG_RELID) = 'r' THEN
        EXECUTE format('INSERT INTO model.counted SELECT pg_current_xact_id(), %s, to_jsonb(t) ->> ''org'', 1 FROM %s t',
                       subject::oid, TG_RELID::regclass);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION model.count_begin() RETURNS void LANGUAGE plpgsql AS $$
DECLARE s record; BEGIN
    FOR s IN SELECT j.tbl, p.relid, p.level FROM model.subject j, pg_partition_tree(j.tbl) p
             UNION SELECT tbl, tbl, 0 FROM model.subject LOOP
        IF s.level = 0 THEN
            EXECUTE format('CREATE TRIGGER zz_count AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION model.count_row()', s.relid);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zz_count', s.relid);
        END IF;
        EXECUTE format('CREATE TRIGGER zz_count_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION model.count_truncated()', s.relid);
        EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER zz_count_truncated', s.relid);
    END LOOP;
END $$;
