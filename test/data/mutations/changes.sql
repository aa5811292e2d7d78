-- Changes of numbers, times, bits and the like: type, what changes, before, after (\N is NULL).
COPY suite.change (name, what, before, after) FROM stdin;
bool	true to false	t	f
bool	NULL to false	\N	f
int2	sign	1	-1
int2	extremes	-32768	32767
int2	NULL to 0	\N	0
int4	next	2147483646	2147483647
int4	NULL to 0	\N	0
int8	beyond what a double holds	9007199254740992	9007199254740993
int8	beyond what 11 digits show	123456789012345	123456789012399
int8	extremes	-9223372036854775808	9223372036854775807
int8	NULL to 0	\N	0
oid	unsigned	4294967295	0
xid	next	3	4
xid8	high word	4294967297	1
cid	next	0	1
tid	block and offset	(0,1)	(1,1)
tid	offset	(0,1)	(0,2)
float4	last bit	1.5	1.5000001
float4	minus zero	-0	0
float4	NaN to NULL	NaN	\N
float4	NaN to infinity	NaN	Infinity
float4	infinity's sign	Infinity	-Infinity
float4	denormal to zero	1e-45	0
float8	12th significant digit	1.23456789012	1.23456789013
float8	17th significant digit	0.30000000000000004	0.3
float8	minus zero	-0	0
float8	NaN to NULL	NaN	\N
float8	NaN to infinity	NaN	Infinity
float8	infinity's sign	Infinity	-Infinity
float8	denormal to zero	4.9e-324	0
float8	power of ten	1e300	1e301
numeric	display scale	1.0	1.00
numeric	display scale of zero	0	0.000
numeric	12th significant digit	123456789.012	123456789.013
numeric	30th significant digit	123456789012345678901234567890.5	123456789012345678901234567891.5
numeric	sign	0.1	-0.1
numeric	NaN to NULL	NaN	\N
numeric	NaN to 0	NaN	0
numeric	small to zero of that scale	=1e-400	=0 * 1e-400
numeric	digit groups	10000	100000000
numeric	a leading group's zeros	0.0001	0.00010001
numeric(12,2)	12th significant digit	1234567890.12	1234567890.13
numeric(12,2)	NULL to 0	\N	0
money	12th significant digit	1234567890.12	1234567890.13
money	sign	-1	1
date	day	2024-02-29	2024-03-01
date	BC	0044-03-15 BC	0044-03-15
date	infinity to its opposite	infinity	-infinity
date	infinity to NULL	infinity	\N
time	last microsecond	12:34:56.789012	12:34:56.789013
time	midnight to midnight	24:00	00:00
time(3)	last millisecond	12:34:56.789	12:34:56.790
timetz	last microsecond	12:34:56.789012+02	12:34:56.789013+02
timetz	zone, at the same instant	12:00+02	11:00+01
timetz	seconds of the zone	12:00+02:00:01	12:00+02:00:02
timestamp	last microsecond	2024-02-29 12:34:56.789012	2024-02-29 12:34:56.789013
timestamp	first microsecond	2024-02-29 00:00:00	2024-02-29 00:00:00.000001
timestamp	infinity	infinity	-infinity
timestamp	infinity to NULL	-infinity	\N
timestamp(0)	second	2024-02-29 12:34:56	2024-02-29 12:34:57
timestamptz	last microsecond	2024-02-29 12:34:56.789012+00	2024-02-29 12:34:56.789013+00
timestamptz	zone	2024-02-29 12:00+00	2024-02-29 12:00+01
timestamptz	hour that clocks repeat	2024-10-27 02:30+02	2024-10-27 02:30+01
timestamptz	BC	0044-03-15 12:00+00 BC	0044-03-15 12:00+00
timestamptz	infinity	infinity	-infinity
interval	day to hours	1 day	24:00
interval	month to days	1 mon	30 days
interval	last microsecond	1 year 2 mons 3 days 04:05:06.789012	1 year 2 mons 3 days 04:05:06.789013
interval	sign of one field	1 day -01:00	1 day 01:00
interval	NULL to 0	\N	0
interval day to second	day to hours	1 day	24:00
bit(5)	last bit	10101	10100
bit	bit	1	0
varbit	length	101	1010
varbit	leading zero	1	01
varbit	NULL to no bits	\N	
bytea	NULL to no bytes	\N	
bytea	zero byte to no bytes	\\x00	\\x
bytea	last byte	\\x00ff5c0a09	\\x00ff5c0a0a
bytea	byte after a zero byte	\\x0001	\\x0002
bytea	last byte of a long one	=decode(repeat('ab', 30000) || '00', 'hex')	=decode(repeat('ab', 30000) || '01', 'hex')
uuid	last digit	12345678-9abc-def0-1234-56789abcdef0	12345678-9abc-def0-1234-56789abcdef1
uuid	NULL to zeros	\N	00000000-0000-0000-0000-000000000000
inet	prefix length	10.0.0.1	10.0.0.1/8
inet	longest prefix but one	10.0.0.1	10.0.0.1/31
inet	family	::ffff:10.0.0.1	10.0.0.1
inet	IPv6 zone of bits	2001:db8::1/64	2001:db8::1/63
inet	host bits	10.0.0.1/8	10.0.0.2/8
cidr	prefix length	10.0.0.0/8	10.0.0.0/9
cidr	host route to network	10.0.0.0/32	10.0.0.0/24
macaddr	last byte	08:00:2b:01:02:03	08:00:2b:01:02:04
macaddr8	ff:fe in the middle	08:00:2b:ff:fe:01:02:03	08:00:2b:ff:fd:01:02:03
point	last bit	(1,2)	(1,2.0000000000000004)
point	minus zero	(0,0)	(-0,0)
point	coordinates swapped	(1,2)	(2,1)
line	sign of all coefficients	{1,2,3}	{-1,-2,-3}
lseg	direction	[(0,0),(1,1)]	[(1,1),(0,0)]
box	corner	((1,1),(0,0))	((1,2),(0,0))
path	open to closed	[(0,0),(1,1)]	((0,0),(1,1))
path	point doubled	[(0,0),(1,1)]	[(0,0),(1,1),(1,1)]
polygon	order of points	((0,0),(1,1),(1,0))	((1,1),(1,0),(0,0))
polygon	a point less	((0,0),(1,1),(1,0))	((0,0),(1,1))
circle	radius	<(0,0),1>	<(0,0),1.0000000000000002>
pg_lsn	last byte	16/B374D848	16/B374D849
pg_snapshot	running transaction	10:20:10,14,15	10:20:10,14
pg_snapshot	xmax	10:20:	10:21:
txid_snapshot	running transaction	10:20:10,14,15	10:20:10,14
int2vector	order	1 2	2 1
int2vector	NULL to none	\N	
oidvector	order	1 2	2 1
oidvector	an element more	1	1 0
regclass	relation	pg_class	pg_type
regclass	relation to its number	pg_class	0
regproc	function	pg_catalog.now	pg_catalog.version
regprocedure	argument types	pg_catalog.lower(text)	pg_catalog.lower(anyrange)
regoper	operator	||/	|/
regoperator	argument types	+(integer,integer)	+(bigint,bigint)
regtype	alias of another type	int4	int8
regtype	array	int4	int4[]
regconfig	configuration	german	english
regdictionary	dictionary	simple	english_stem
regnamespace	schema	pg_catalog	public
regrole	role	postgres	pg_monitor
regcollation	collation	"C"	"POSIX"
aclitem	privilege	postgres=r/postgres	postgres=w/postgres
aclitem	grant option	postgres=r/postgres	postgres=r*/postgres
pg_node_tree (server-made)	constant	=suite.expression('a')	=suite.expression('b')
pg_ndistinct (server-made)	statistics	=(suite.statistics('alike')).stxdndistinct	=(suite.statistics('unlike')).stxdndistinct
pg_dependencies (server-made)	statistics	=(suite.statistics('alike')).stxddependencies	=(suite.statistics('unlike')).stxddependencies
pg_mcv_list (server-made)	statistics	=(suite.statistics('alike')).stxdmcv	=(suite.statistics('unlike')).stxdmcv
gtsvector (no value)	none	\N	\N
pg_brin_bloom_summary (no value)	none	\N	\N
pg_brin_minmax_multi_summary (no value)	none	\N	\N
\.
