-- planted: 1
CREATE TABLE a (id int, "Call" regprocedure);
-- safe
CREATE TABLE a (id int, relation regclass, call text);
