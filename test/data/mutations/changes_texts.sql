-- Changes of texts, documents, and types of extensions.
COPY suite.change (name, what, before, after) FROM stdin;
text	NULL to empty	\N	
text	NULL to its name	\N	NULL
text	NULL to how COPY writes it	\N	\\N
text	trailing space	a	a 
text	leading space	a	 a
text	trailing newline	a	a\n
text	case	a	A
text	space to tab	a b	a\tb
text	carriage return	a\nb	a\r\nb
text	backslash	a\\b	a\\\\b
text	control character	a\bb	a\fb
text	quote	a'b	a"b
text	comma, as a record writes it	a,b	"a,b"
text	digit of a number in a text	1.0	1.00
text	last byte of a long one	=repeat('long ', 20000) || 'a'	=repeat('long ', 20000) || 'b'
text	first byte of a long one	=repeat('long ', 20000)	='L' || substr(repeat('long ', 20000), 2)
text	length of a long one	=repeat('x', 70000)	=repeat('x', 70001)
text (high bytes)	accent	é	è
text (high bytes)	case	É	é
text (high bytes)	no-break space	=' '	=chr(160)
varchar	trailing space	a	a 
varchar	NULL to empty	\N	
varchar(20)	trailing space	a	a 
varchar(20)	case	a	A
char(8)	case	a	A
char(8)	leading space	a	 a
char(8)	NULL to spaces	\N	
bpchar	trailing space	a	a 
bpchar	NULL to empty	\N	
name	trailing space	a	a 
name	63rd byte	=repeat('n', 63)::name	=(repeat('n', 62) || 'm')::name
"char"	next	a	b
"char"	NULL to the zero byte	\N	
"char" (above 127)	a high byte	=(-61)::"char"	=(-60)::"char"
refcursor	case	a	A
json	white space	{"a":1}	{"a": 1}
json	trailing space	[]	[] 
json	order of keys	{"a":1,"b":2}	{"b":2,"a":1}
json	a key twice	{"a":1}	{"a":1,"a":1}
json	scale	1.0	1.00
json	escape	"A"	"\\\\u0041"
json	null to NULL	null	\N
jsonb	scale	2.0	2.00
jsonb	scale in depth	{"a": [1, {"b": 2.0}]}	{"a": [1, {"b": 2.00}]}
jsonb	number to text	{"a": 1}	{"a": "1"}
jsonb	null to NULL	null	\N
jsonb	null to nothing	{"a": null}	{}
jsonb	object to array	{}	[]
jsonb	depth	[1]	[[1]]
jsonb	case of a key	{"a": 1}	{"A": 1}
jsonb	true to its name	true	"true"
jsonb	12th significant digit	123456789.012	123456789.013
jsonb	trailing space	"a"	"a "
jsonb	value moved to the next key	{"a": 1, "b": null}	{"a": null, "b": 1}
jsonb	last of a long one	=(SELECT jsonb_agg(i) FROM generate_series(1, 3000) i)	=(SELECT jsonb_agg(i) FROM generate_series(1, 2999) i) || '3001'
jsonb (high bytes)	accent in a key	{"é": 1}	{"è": 1}
jsonpath	mode	strict $.a	lax $.a
jsonpath	key	$.a	$."a "
jsonpath	filter	$ ? (@ > 1)	$ ? (@ >= 1)
jsonpath (high bytes)	accent	$."é"	$."è"
xml	trailing space	<a>b</a>	<a>b </a>
xml	empty element	<a/>	<a></a>
xml	order of attributes	<a b="1" c="2"/>	<a c="2" b="1"/>
xml	content to NULL	<a/>	\N
xml (high bytes)	accent	<a>é</a>	<a>è</a>
tsvector	weight	a:1A	a:1B
tsvector	position	a:1	a:2
tsvector	no position	a:1	a
tsvector	NULL to empty	\N	
tsvector	lexeme	'a b'	'a' 'b'
tsvector (high bytes)	accent	é:1	è:1
tsquery	order	a & b	b & a
tsquery	operator	a & b	a | b
tsquery	distance	a <-> b	a <2> b
tsquery	prefix	a	a:*
tsquery	weight	a:A	a:B
tsquery	NULL to empty	\N	
tsquery (high bytes)	accent	é	è
citext	case	a	A
citext	trailing space	a	a 
citext	NULL to empty	\N	
citext (high bytes)	case of an accent	É	é
hstore	NULL to its name	a=>NULL	a=>"NULL"
hstore	NULL value to empty	a=>NULL	a=>""
hstore	case of a key	a=>1	A=>1
hstore	value moved to the next key	a=>1, b=>NULL	a=>NULL, b=>1
hstore	pair gone	a=>1, b=>2	a=>1
hstore	NULL to empty	\N	
hstore (high bytes)	accent	é=>1	è=>1
ltree	case	a.b	a.B
ltree	level	a.b	a.b.c
ltree	NULL to empty	\N	
lquery	quantifier	a.*{1}.b	a.*{1,2}.b
lquery	modifier	a@	a*
ltxtquery	operator	a & b	a | b
cube	last bit	(1,2)	(1,2.0000000000000004)
cube	point to box	(1,2)	(1,2),(1,3)
cube	dimension	(1)	(1,0)
cube	minus zero	(0)	(-0)
public.earth (with extension)	last bit	=public.ll_to_earth(0, 0)::public.earth	=public.ll_to_earth(0, 180)::public.earth
query_int	operator	1&2	1|2
seg	significant digits	1.0	1.00
seg	certainty	1	~1
seg	bounds	1 .. 2	1 .. 3
ean13	number	4006381333931	0220356483481
isbn	number	0-393-04002-X	0-306-40615-2
isbn13	number	978-0-393-04002-9	978-0-306-40615-7
issn	number	1436-4522	0317-8471
issn13	number	1436-4522	0317-8471
ismn	number	979-0-2306-7118-7	979-0-060-11561-5
ismn13	number	979-0-2306-7118-7	979-0-060-11561-5
upc	number	036000291452	012345678905
lo	number	1	2
custody.digest	rows	1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505	1:fast:binary:9f2c51d0aa17b3e4:1001:4758ddac5f9ee9383325230e1f285505
custody.digest	last bit of the sum	1:sql:text:9f2c51d0aa17b3e4:2:4758ddac5f9ee9383325230e1f2855054758ddac5f9ee9383325230e1f285505	1:sql:text:9f2c51d0aa17b3e4:2:4758ddac5f9ee9383325230e1f2855054758ddac5f9ee9383325230e1f285504
ltree_gist (no value)	none	\N	\N
ghstore (no value)	none	\N	\N
gtrgm (no value)	none	\N	\N
intbig_gkey (no value)	none	\N	\N
gbtreekey2 (no value)	none	\N	\N
gbtreekey4 (no value)	none	\N	\N
gbtreekey8 (no value)	none	\N	\N
gbtreekey16 (no value)	none	\N	\N
gbtreekey32 (no value)	none	\N	\N
gbtreekey_var (no value)	none	\N	\N
\.
