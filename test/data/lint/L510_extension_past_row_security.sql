-- planted: 1
CREATE EXTENSION dblink;
-- safe
CREATE EXTENSION citext;
