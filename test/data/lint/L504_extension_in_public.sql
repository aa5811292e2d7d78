-- planted: 1
CREATE EXTENSION citext SCHEMA public;
-- safe
CREATE EXTENSION citext SCHEMA s;
