-- planted: 1
CREATE TABLE b (id int); ALTER TABLE b ENABLE ROW LEVEL SECURITY;
CREATE SUBSCRIPTION "From far" CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false);
-- safe
CREATE SUBSCRIPTION "From far" CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false);
