-- What 14 brought: multiranges, and numeric's infinities with the scale that they send.
CREATE TABLE vectors.multiranges (i int4multirange, f vectors.float_multirange, a datemultirange[]);
INSERT INTO vectors.multiranges VALUES
    ('{[1,5),[7,9)}', '{[1,2],[3,NaN]}', '{"{[2024-01-01,2024-02-01)}","{}",NULL}'),
    ('{}', '{(,)}', '{}'),
    (NULL, vectors.float_multirange(vectors.float_range(1, - 'NaN'::float8, '[]')), NULL);
CREATE TABLE vectors.infinities (n numeric, a numeric[]);
INSERT INTO vectors.infinities VALUES ('Infinity', '{-Infinity,NaN}'), ('-Infinity', NULL);
