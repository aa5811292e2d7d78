-- planted: 1
CREATE TABLE a (org_id uuid); CREATE TABLE log (org_id uuid, note text);
CREATE RULE "Log" AS ON INSERT TO a DO ALSO INSERT INTO log VALUES (NEW.org_id);
-- safe
CREATE TABLE a (id int); CREATE TABLE log (org_id uuid, note text);
CREATE RULE log AS ON INSERT TO a DO ALSO INSERT INTO log VALUES (NULL);
CREATE VIEW v AS SELECT * FROM log;
