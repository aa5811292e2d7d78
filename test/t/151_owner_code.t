# Code that the owner of recorded tables put into them and into their types (expressions of indexes, statistics and keys of
# partitions, which planning and opening run; constraints of domains) does not run with the rights of others: of custody, of
# a duty, or of a superuser who looks at the ledger.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN IN ROLE custody_admin;
CREATE ROLE other LOGIN;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE auditor LOGIN IN ROLE custody_auditor;
GRANT CREATE ON SCHEMA public TO boss, other;
GRANT USAGE ON SCHEMA custody TO PUBLIC;
SET ROLE boss;
CREATE TABLE seen (what text, who name);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION note(what text) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN
        INSERT INTO public.seen VALUES (what, current_user);
        IF custody.ledger_is_maintained() THEN
            INSERT INTO public.seen VALUES (what, 'unguarded');
        END IF;
        RETURN 1; END $$;
-- IMMUTABLE, as it claims: the planner runs it.
CREATE FUNCTION claimed(what text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.note(what); END $$;
CREATE FUNCTION valid(v int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.note('domain'); RETURN true; END $$;
CREATE DOMAIN numbers AS int CHECK (public.valid(VALUE));
CREATE TABLE p (id int, k int, many numbers[], PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (many numbers[], k int NOT NULL, gone int, id int NOT NULL);
ALTER TABLE p2 DROP COLUMN gone;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
INSERT INTO p VALUES (1, 1, '{1}'), (2, 2, '{2}');
ALTER TABLE p ADD extra text DEFAULT 'quick';
CREATE TABLE plain (a int);
INSERT INTO plain VALUES (1), (1), (2);
-- Two columns and a half of partitions: the key is an expression.
CREATE TABLE q (id int, k int) PARTITION BY RANGE ((k + public.claimed('key')));
CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (10) PARTITION BY RANGE ((k + public.claimed('inner key')));
CREATE TABLE q2 PARTITION OF q1 DEFAULT;
INSERT INTO q VALUES (1, 1);
CREATE TABLE d (id int PRIMARY KEY);
INSERT INTO d VALUES (1);
ALTER TABLE d ADD n numbers[] DEFAULT '{5}';
RESET ROLE;
SELECT custody.audit('p'), custody.audit('plain'), custody.audit('d');
SET ROLE boss;
ALTER TABLE d ADD m numbers[] DEFAULT '{6}';
CREATE INDEX ON p1 ((id + public.claimed('index')));
CREATE INDEX ON p2 (id) WHERE id > public.claimed('condition') - 5;
CREATE INDEX ON plain ((a + public.claimed('index')));
CREATE STATISTICS told ON (a + public.claimed('statistics')), a FROM plain;
ALTER TABLE plain ADD CHECK (a > public.claimed('check') - 5);
SQL
sub as { my ($user, $sql) = @_; return $cluster->sql('clinic', $sql, defined $user ? (user => $user) : ()) }
sub ran {
    my ($what) = @_;
    is as(undef, q{SELECT string_agg(DISTINCT what || ' as ' || who, ', ') FROM seen WHERE who NOT IN ('boss')}), '', $what;
    as(undef, 'TRUNCATE seen');
    return;
}
as(undef, 'TRUNCATE seen');

like as(auditor => 'SELECT string_agg(status, \',\') FROM custody.attest()'), qr/proven/, 'an auditor attests';
ran('... and runs nothing of an owner');
for my $table (qw(p plain d)) {
    is as(undef, "SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('$table')"), 'proven summary', "a superuser reconciles $table";
    ran('... and runs nothing of its owner');
}
for my $user (undef, 'auditor') {
    is as($user, q{SELECT count(*) FROM custody.changes('p') WHERE new ->> 'id' = '2' AND new -> 'many' = '[2]'}), 1,
        ($user // 'superuser') . ': the values of a domain are read';
    as($user, q{SELECT * FROM custody.table_as_of('d', now())});
    as($user, q{SELECT * FROM custody.history('d', '1')});
    as($user, q{SELECT v.* FROM custody_ledger.event e, custody.event_values(e.descriptor, e.new) v WHERE e.op = 'B'});
    is as(undef, q{SELECT count(*) > 0 FROM seen WHERE what = 'domain' AND who = 'boss'}), 't', '... its constraint ran as its owner';
    ran('... and as nobody else');
}

# Keys of partitioned tables, when triggers are made by whoever owns custody.
as(boss => q{SELECT custody.audit('q')});
ran('audit() runs nothing in a key of partitions');
as(lawyer => q{SELECT custody.place_hold('case', 'q')});
ran('place_hold() neither');
as(lawyer => q{SELECT custody.place_hold('case', 'p', '{"id": 1, "k": 1}')});
ran('... nor on a row');

# An event trigger looks for held rows when a partition is detached.
my ($exit, undef, $error) = $cluster->psql('clinic', 'ALTER TABLE p DETACH PARTITION p1', user => 'boss');
like $error, qr/is under legal hold 2/, 'a partition with held rows is not detached';
ran('... to know that, nothing of the owner ran');
as(boss => 'ALTER TABLE p DETACH PARTITION p2');
ran('one without is, and nothing of the owner ran');

# Types of two owners in one value: nobody's rights are the right ones.
as(other => 'CREATE DOMAIN theirs AS int CHECK (VALUE > 0); GRANT USAGE ON TYPE theirs TO PUBLIC');
as(boss => q{CREATE TYPE mixed AS (a theirs, b numbers); CREATE TABLE m (id int PRIMARY KEY, v mixed);
    SELECT custody.audit('m'); INSERT INTO m VALUES (1, '(1,2)')});
as(undef, 'TRUNCATE seen');
like as(undef, q{SELECT new -> 'v' ->> 'bytes' FROM custody.history('m', '1')}), qr/^[0-9a-f]+$/, 'types of two owners are shown as bytes';
is as(undef, q{SELECT status FROM custody.reconcile('m')}), 'proven', '... and compared';
ran('... and nothing of theirs ran');

# ... nor those of who made a type of theirs into another: their code runs in it.
as(undef, 'CREATE DOMAIN narrower AS numbers CHECK (VALUE > 0); CREATE TYPE span AS RANGE (subtype = numbers)');
for (['n', 'narrower', 'narrower[]', 'ARRAY[2]', '[2]'], ['s', 'span', 'span', q{'[1,2]'}, '[1,2]']) {
    my ($column, $type, $kind, $literal, $value) = @$_;
    as(boss => "CREATE TABLE of_$type (id int PRIMARY KEY, $column $kind); SELECT custody.audit('of_$type'); INSERT INTO of_$type VALUES (1, $literal)");
    as(undef, 'TRUNCATE seen');
    for my $user (undef, 'auditor') {
        is as($user, "SELECT new ->> '$column' FROM custody.history('of_$type', '1')"), $value, ($user // 'superuser') . ": values of a $type, which is the superuser's, are read";
        is as(undef, q{SELECT count(*) > 0 FROM seen WHERE what = 'domain' AND who = 'boss'}), 't', '... and the constraint in it ran as its owner';
        ran('... and as nobody else');
    }
}

# A constraint that raises an internal error does not keep others from what is told of other rows.
as(boss => q{CREATE TABLE switch (broken boolean); INSERT INTO switch VALUES (false); GRANT SELECT ON switch TO PUBLIC;
    CREATE FUNCTION breaks(v int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT broken FROM public.switch) THEN RAISE EXCEPTION 'broken' USING ERRCODE = 'internal_error'; END IF; RETURN true; END $$;
    CREATE DOMAIN broken AS int CHECK (public.breaks(VALUE));
    CREATE TABLE b (id int PRIMARY KEY, v broken[]); SELECT custody.audit('b'); INSERT INTO b VALUES (1, '{1}'); UPDATE switch SET broken = true});
is as(auditor => q{SELECT jsonb_object_keys(new -> 'v') || ' ' || (new ->> 'id') FROM custody.changes('b') WHERE op = 'I'}), 'bytes 1',
    'where a constraint breaks there are bytes';

# Nor one that says that the statement is cancelled, or the server goes down; only who cancels does.
for my $state ('57014', '57P01', '40P01', '53100') {
    as(boss => "CREATE OR REPLACE FUNCTION breaks(v int) RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN
        IF (SELECT broken FROM public.switch) THEN RAISE EXCEPTION 'broken' USING ERRCODE = '$state'; END IF; RETURN true; END \$\$");
    is as(auditor => q{SELECT jsonb_object_keys(new -> 'v') || ' ' || (new ->> 'id') FROM custody.changes('b') WHERE op = 'I'}), 'bytes 1', "... of SQLSTATE $state, too";
}
as(boss => q{CREATE OR REPLACE FUNCTION breaks(v int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN true; END $$});
($exit, undef, $error) = $cluster->psql('clinic', q{SET statement_timeout = 500; SELECT count(new) FROM custody.changes('b')}, user => 'auditor');
like $error, qr/canceling statement due to statement timeout.*value of column "v" in the audit ledger, of type public\.broken\[\]/s, 'a constraint that does not end can be left, and is named';
is as(auditor => q{SET custody.owner_code = off; SELECT jsonb_object_keys(new -> 'v') || ' ' || (new ->> 'id') FROM custody.changes('b') WHERE op = 'I'}), 'bytes 1',
    '... and left out';

# What else is an internal error is one for who asks, and he may catch it.
is as(auditor => q{CREATE TEMP TABLE caught (what text);
    DO $$ BEGIN
        FOR i IN 1 .. 3 LOOP
            BEGIN PERFORM custody.image_json(replace(d.text, '"integer"', '"tsvector"'), '\x01000100000004ffffffff')
                     FROM custody_ledger.descriptor d JOIN custody_ledger.audited a ON a.id = d.tbl AND a.name = 'plain';
            EXCEPTION WHEN internal_error THEN INSERT INTO caught VALUES (SQLERRM); END;
        END LOOP; END $$;
    SELECT string_agg(what, ', ') FROM caught}), join(', ', ('invalid size of tsvector') x 3), 'an internal error can be caught';

# A type that no hold could look for would keep holds from every other table.
as(boss => q{CREATE TYPE pair AS (a text, b text); CREATE TABLE orgs (id int PRIMARY KEY, org text); SELECT custody.audit('orgs', 'org');
    CREATE TABLE pairs (id int PRIMARY KEY, org pair)});
for my $statement ('ALTER TABLE orgs ALTER org TYPE pair USING ROW(org, org)::pair', q{SELECT custody.audit('pairs', 'org')}) {
    ($exit, undef, $error) = $cluster->psql('clinic', $statement, user => 'boss');
    like $error, qr/column "org" of public\.\w+ cannot be compared safely/, "refused: $statement";
}
like as(lawyer => q{SELECT custody.place_hold('case', org => '7')}), qr/^\d+$/, 'an organization is held where a table could have been in the way';

# Who may not read a table does not by its row type.
for my $case ([ 'p', qr/permission denied for table p/ ], [ 'boss_only', qr/row-level security/ ]) {
    as(boss => q{CREATE TABLE boss_only (a int); ALTER TABLE boss_only ENABLE ROW LEVEL SECURITY; GRANT SELECT ON boss_only TO auditor})
        if $case->[0] eq 'boss_only';
    ($exit, undef, $error) = $cluster->psql('clinic', "SET row_security = off; SELECT * FROM custody.table_rows(NULL::$case->[0])", user => 'auditor');
    like $error, $case->[1], "table_rows($case->[0])";
}

# Nor does it act in the name of the session that runs it: of the server's own that analyzes tables, of a second person
# who reads a row. What each of these tries would be lawful for whoever the session is.
as(undef, q{SELECT custody.init_ledger(); CREATE TABLE theirs_only (id int PRIMARY KEY); SELECT custody.audit('theirs_only');
    CREATE TABLE not_theirs (id int PRIMARY KEY)});
my $lift = as(boss => q{SELECT custody.request_lift(1, 'mine')});
as(boss => qq{CREATE TABLE tried (what text, how text); GRANT INSERT, SELECT ON tried TO PUBLIC;
    CREATE FUNCTION tries() RETURNS int LANGUAGE plpgsql AS \$f\$
    DECLARE one text; BEGIN
        FOREACH one IN ARRAY ARRAY['custody.approve($lift)', 'custody.request_lift(1, ''as another'')', 'custody.withdraw_request($lift)',
            'custody.unaudit(''public.theirs_only'', ''x'')', 'custody.audit(''public.not_theirs'')',
            'custody.receive_ledger(''month'', ''{}'', ''[]'')', 'custody.attest()'] LOOP
            BEGIN
                EXECUTE 'SELECT ' || one;
                INSERT INTO public.tried VALUES (one, 'done');
            EXCEPTION WHEN OTHERS THEN INSERT INTO public.tried VALUES (one, SQLERRM); END;
        END LOOP; RETURN 1; END \$f\$;
    CREATE FUNCTION tries_here(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS \$f\$ BEGIN
        IF current_user <> session_user THEN PERFORM public.tries(); END IF; RETURN a; END \$f\$;
    CREATE FUNCTION tries_there(v int) RETURNS boolean LANGUAGE plpgsql AS \$f\$ BEGIN
        IF current_user <> session_user THEN PERFORM public.tries(); END IF; RETURN true; END \$f\$;
    CREATE DOMAIN trying AS int CHECK (public.tries_there(VALUE));
    CREATE TABLE trap (id int PRIMARY KEY, v trying[]); SELECT custody.audit('trap'); INSERT INTO trap VALUES (1, '{1}');
    CREATE TABLE analyzed (a int); INSERT INTO analyzed VALUES (1); CREATE INDEX ON analyzed (public.tries_here(a))});
for my $case ([ undef, 'ANALYZE analyzed', 'a superuser analyzes' ], [ 'lawyer', q{SELECT count(*) FROM custody.history('trap', '1')}, 'a second person reads' ]) {
    my ($user, $sql, $what) = @$case;
    as($user, $sql);
    is as(undef, q{SELECT count(*) || ' ' || count(*) FILTER (WHERE how = 'code of tables and types cannot act in the name of a session')
        FROM tried WHERE what !~ 'receive|attest'}), '5 5', "$what, and nothing is done in his name"
        or diag as(undef, 'SELECT * FROM tried');
    is as(undef, q{SELECT count(*) FROM tried WHERE how = 'done'}), 0, '... of all that was tried';
    as(undef, 'TRUNCATE tried');
}
is as(undef, "SELECT state, requested_by FROM custody_ledger.request WHERE id = $lift"), 'open|boss', '... a request is not approved by who asks';
is as(undef, q{SELECT count(*) FROM custody_ledger.request}), 1, '... nor one made as another';
is as(lawyer => "SELECT custody.approve($lift)"), 'hold 1 lifted', 'a second person approves';
done_testing;
