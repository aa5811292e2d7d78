-- Two ways to one value: nothing changes.
COPY suite.change (name, what, before, after, same) FROM stdin;
float4	sign of NaN	NaN	=- 'NaN'::float4	t
float8	sign of NaN	NaN	=- 'NaN'::float8	t
float8[]	sign of NaN in an array	{NaN,1}	=ARRAY[- 'NaN'::float8, 1]	t
m.float_range	sign of NaN in a range	[1,NaN]	=m.float_range(1, - 'NaN'::float8, '[]')	t
numeric	scale that comes from a sum	3.00	=1.5 + 1.50	t
numeric(12,2)	typmod gives the scale	1	1.00	t
char(8)	typmod gives the spaces	a	a  	t
uuid	case of digits	ABCDEF12-9abc-def0-1234-56789abcdef0	abcdef129abcdef0123456789abcdef0	t
timestamptz	zone of the same instant	2024-02-29 12:00+00	2024-02-29 14:00+02	t
jsonb	white space and order of keys	{"b":1,"a":2}	{ "a" : 2, "b" : 1 }	t
jsonb	a key twice	{"a":1,"a":2}	{"a":2}	t
hstore	order of pairs	b=>1, a=>2	a=>2, b=>1	t
tsvector	order of lexemes	b:2 a:1	a:1 b:2	t
int4range	canonical bounds	[1,5]	[1,6)	t
int4[]	NULL sliced away	{1,2}	=(ARRAY[1,2,NULL])[1:2]	t
int4[]	bounds that are usual	{1,2}	[1:2]={1,2}	t
text[]	NULL sliced away	{b}	=(ARRAY['a',NULL,'b'])[3:3]	t
text[]	NULL replaced	{a,b}	=array_replace(ARRAY['a',NULL], NULL, 'b')	t
m."outer"	NULL sliced away in a field	(7,,,,"{1,2}")	=ROW(7, NULL, NULL, NULL, (ARRAY[1,2,NULL]::float4[])[1:2])	t
m.moods	NULL sliced away in a domain	{sad}	=(ARRAY['sad',NULL]::m.mood[])[1:1]	t
inet	longest prefix	10.0.0.1	10.0.0.1/32	t
bytea	escape format	\\x610062	a\\000b	t
xid8	leading zeros	1	0001	t
m.mood	expression	ok	='o' || 'k'	t
\.
