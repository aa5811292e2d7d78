-- Changes of types that are made of others, with what only these have.
COPY suite.change (name, what, before, after) FROM stdin;
m.mood	label	sad	ok
m.mood	case of the label	ok	OK
m.mood	trailing space of the label	ok	ok 
m.mood	NULL to a label	\N	sad
m.year	value	2001	2002
m.leap	domain over a domain	2004	2008
m.moods	array in a domain	{sad,ok}	{ok,sad}
m."inner"	a field	(1,t,sad)	(1,t,ok)
m."inner"	scale of a field	(1.0,t,sad)	(1.00,t,sad)
m."inner"	all fields NULL to NULL	(,,)	\N
m."inner"	field NULL to empty	(1,,sad)	(1,"",sad)
m."inner"	value moved to the next field	=ROW(NULL, '1', NULL)	=ROW(1, NULL, NULL)
m."outer"	nested field	(7,"(1,text,ok)","{""(1,t,sad)"",NULL}",2024,"{NaN,1}")	(7,"(1,text ,ok)","{""(1,t,sad)"",NULL}",2024,"{NaN,1}")
m."outer"	nested field in an array	(7,,"{""(1,t,sad)"",NULL}",2024,)	(7,,"{""(1,T,sad)"",NULL}",2024,)
m."outer"	inner row of NULLs to NULL	(7,"(,,)",,,)	(7,,,,)
m."outer"	inner array empty to NULL	(7,,{},,)	(7,,,,)
m."outer"	inner array of NULL to empty	(7,,{NULL},,)	(7,,{},,)
m."outer"	bounds of an inner array	(7,,,,"{1,2}")	(7,,,,"[2:3]={1,2}")
m.checked	field of a domain over a composite	(8,,,,)	(9,,,,)
m.shelf	relation in a composite	(1,pg_class)	(1,pg_type)
m.nothing	row without fields to NULL	()	\N
m.relation	row of a relation	(1,a)	(1,"a ")
m.mute	trailing space	a	a 
m.mute	NULL to empty	\N	
pg_catalog.pg_enum	row of a catalog	(1,2,3,a)	(1,2,3.5,a)
information_schema.cardinal_number	value	1	2
information_schema.character_data	trailing space	a	a 
information_schema.sql_identifier	case	a	A
information_schema.time_stamp	centisecond	2024-02-29 12:00:00.01+00	2024-02-29 12:00:00.02+00
information_schema.yes_or_no	value	YES	NO
tablefunc_crosstab_2	value moved to the next field	(a,b,)	(a,,b)
tablefunc_crosstab_3	field NULL to empty	(a,b,,d)	(a,b,"",d)
tablefunc_crosstab_4	last field	(a,,,,d)	(a,,,,e)
dblink_pkey_results	field	(1,a)	(2,a)
int4[]	lower bound	{1,2}	[2:3]={1,2}
int4[]	lower bound of the second dimension	{{1},{2}}	[1:2][0:0]={{1},{2}}
int4[]	dimensions	{1,2}	{{1,2}}
int4[]	shape	{{1,2},{3,4}}	{{1,2,3,4}}
int4[]	order	{1,2}	{2,1}
int4[]	empty to NULL	{}	\N
int4[]	empty to NULL in it	{}	{NULL}
int4[]	NULL element to none	{1,NULL}	{1}
int4[]	NULL element to 0	{1,NULL}	{1,0}
int4[]	value moved to the next element	{1,NULL}	{NULL,1}
int4[]	last of a long one	=(SELECT array_agg(i) FROM generate_series(1, 20000) i)	=(SELECT array_agg(i) FROM generate_series(1, 19999) i) || 20001
text[]	NULL to empty	{NULL}	{""}
text[]	NULL to its name	{NULL}	{"NULL"}
text[]	comma	{a,b}	{"a,b"}
text[]	trailing space	{a}	{"a "}
float8[]	minus zero	{-0}	{0}
float8[]	NaN to NULL	{NaN}	{NULL}
bool[]	element	{t,f}	{f,t}
regtype[]	element	{int4,NULL}	{int8,NULL}
int4range	upper bound	[1,5)	[1,6)
int4range	empty to NULL	empty	\N
int4range	empty to unbounded	empty	(,)
int4range	infinite bound	(,5)	[1,5)
int8range	lower bound	[1,5)	[2,5)
numrange	inclusive to exclusive	[1.0,2.0]	(1.0,2.0]
numrange	exclusive upper bound	[1.0,2.0)	[1.0,2.0]
numrange	scale of a bound	[1.0,2.0]	[1.00,2.0]
numrange	NaN to no bound	[1,NaN]	[1,)
tsrange	last microsecond	[2024-01-01,2024-01-02)	[2024-01-01,"2024-01-02 00:00:00.000001")
tsrange	infinity to no bound	[2024-01-01,infinity)	[2024-01-01,)
tstzrange	infinite bound included	[2024-01-01 00:00+00,infinity)	[2024-01-01 00:00+00,infinity]
daterange	day	[2024-01-01,2024-02-29]	[2024-01-01,2024-03-01]
m.float_range	minus zero	[-0,1]	[0,1]
m.float_range	NaN to infinity	[1,NaN]	[1,Infinity]
m.text_range	trailing space	[a,b]	["a ",b]
int4multirange	a range more	{[1,2)}	{[1,2),[5,6)}
int4multirange	empty to NULL	{}	\N
int4multirange	bounds	{[1,5),[7,9)}	{[1,5),[7,10)}
int8multirange	upper bound	{[1,5)}	{[1,6)}
nummultirange	scale of a bound	{[1.0,2.0]}	{[1.00,2.0]}
nummultirange	unbounded to empty	{(,)}	{}
tsmultirange	last microsecond	{[2024-01-01,2024-01-02)}	{[2024-01-01,"2024-01-02 00:00:00.000001")}
tstzmultirange	zone	{["2024-01-01 00:00+00",)}	{["2024-01-01 00:00+01",)}
datemultirange	day	{[2024-01-01,2024-01-02)}	{[2024-01-01,2024-01-03)}
m.float_multirange	minus zero	{[-0,1]}	{[0,1]}
m.text_multirange	trailing space	{[a,b]}	{["a ",b]}
\.
