-- Changes that a LATIN1 database cannot hold.
ALTER TABLE suite.change ALTER number RESTART WITH 1101;
COPY suite.change (name, what, before, after) FROM stdin;
text (unicode)	composed to decomposed	=U&'\\00e9'	=U&'e\\0301'
text (unicode)	beyond the basic plane	😀	😁
text (unicode)	look-alike	a	а
text (unicode)	zero-width space	ab	=U&'a\\200bb'
text (unicode)	last character of a wide one	漢字	漢子
\.
