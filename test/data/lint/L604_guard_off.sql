-- planted: 1
CREATE TABLE a (org_id uuid);
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
-- safe
CREATE TABLE a (org_id uuid);
INSERT INTO custody.protection (relation, class, org_column) VALUES ('a', 'owned', 'org_id');
CREATE FUNCTION custody.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
ALTER EXTENSION custody ADD FUNCTION custody.watch();
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION custody.watch();
ALTER EVENT TRIGGER watch ENABLE ALWAYS;
