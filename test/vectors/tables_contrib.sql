-- Types of the extensions that PostgreSQL ships with. Some have no send function.
SET search_path = vectors, public;
SET client_min_messages = warning;
CREATE TABLE trees (l ltree, q lquery, t ltxtquery);
INSERT INTO trees VALUES ('Top.Science.Physics', '*.Sci*@|Art.*{1,2}', 'Europe & Russia*@ & !Transport'), ('', NULL, NULL);
CREATE TABLE large (o lo);
INSERT INTO large VALUES (4294967295), (NULL);
CREATE TABLE unsendable_contrib (c cube, s seg, q query_int, e earth, i isbn13, u upc);
INSERT INTO unsendable_contrib VALUES ('(0,0.1),(1,NaN)', '1.50 .. 2', '1&(2|!3)', '(6378168,0,0)', '978-0-393-04002-9', '220356483481'),
    ('(-0)', '<5', '1', NULL, NULL, NULL);
CREATE TABLE cubes (c cube, e earth);
INSERT INTO cubes VALUES ('(0,0.1),(1,-0)', '(6378168,0,0)'), ('(1e300)', NULL);
