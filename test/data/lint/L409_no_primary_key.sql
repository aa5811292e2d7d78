-- planted: 1
CREATE TABLE "A" (id int UNIQUE);
-- safe
CREATE TABLE a (id int PRIMARY KEY);
