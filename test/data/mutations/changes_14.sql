-- Changes of values that older servers than 14 do not have.
ALTER TABLE suite.change ALTER number RESTART WITH 1001;
COPY suite.change (name, what, before, after) FROM stdin;
numeric (from 14)	infinity's sign	Infinity	-Infinity
numeric (from 14)	infinity to NaN	Infinity	NaN
numeric (from 14)	infinity to NULL	Infinity	\N
numeric (from 14)	infinity to a number	-Infinity	=-1e131000
\.
