# What the boundary's rules demand of every file, proven from the symbols that its object needs.
# Which rules hold is said by the file's place and by the words of its first comment:
#   extension/pg/     the boundary: may raise, jump and catch
#   "Pure C++"        and all of common/: no symbol of the server
#   "plain C-style"   may call the server unguarded, so it has nothing to unwind
#   any other         leaves raising and jumping to the boundary
use FindBin;
use lib "$FindBin::Bin/../t/lib";
use Custody::Test;

my $raising = qr/errstart(?:_cold)?|errfinish|pg_re_throw|ReThrowError|ThrowErrorData
    |CopyErrorData|FlushErrorState/x;
my $jumping = qr/_*(?:sig)?(?:setjmp|longjmp)(?:_chk)?|PG_exception_stack/;
my $unwinding = qr/_Unwind_Resume|__gxx_personality_v0|__cxa_begin_catch/;
# A function-local static with an initialiser that runs, and threads: nowhere in the extension.
my $never = qr/__cxa_guard_acquire|pthread_create|_ZNSt6thread.*/;
my %forbidden = (
    boundary => $never,
    'c-style' => qr/$never|$jumping|$unwinding/,
    guarded => qr/$never|$jumping|$raising/,
);

sub lines_of {
    open my $pipe, '-|', @_ or die "cannot run $_[0]: $!\n";
    my @line = <$pipe>;
    close $pipe or die "@_ failed\n";
    chomp @line;
    return @line;
}

# The server's own symbols; those with a version belong to libraries that it copied from.
my %of_server = map { $_ => 1 } map { /^\S+ \S (\w+)$/ } lines_of(qw(nm -D --defined-only),
    program('postgres'));
ok $of_server{palloc} && $of_server{errstart}, 'the server\'s symbols are known';

sub undefined { map { /^\s*[Uvw] (\w+)/ } lines_of(qw(nm -u), $_[0]) }

sub kind {
    my ($path, $source) = @_;
    return 'pure' if $path =~ m{^common/};
    return 'boundary' if $path =~ m{^extension/pg/};
    open my $file, '<', $source or die "cannot read $source: $!\n";
    my $comment = '';
    while (<$file>) { last unless m{^//}; $comment .= $_; }
    return $comment =~ /\bpure C\+\+/i ? 'pure' : $comment =~ /\bplain C-style/i ? 'c-style' : 'guarded';
}

# The symbols that the object of a source must not need.
sub wrong_symbols {
    my ($kind, $object) = @_;
    return grep { $kind eq 'pure' ? $of_server{$_} : /^(?:$forbidden{$kind})$/ } undefined($object);
}

sub sources_below { grep { -f } glob "$_[0]/common/*.cpp $_[0]/extension/*.cpp $_[0]/extension/*/*.cpp" }

my $top = source_directory();
my ($major) = lines_of($ENV{PG_CONFIG} || 'pg_config', '--version');
my $build = "$top/build/pg" . ($major =~ /(\d+)/)[0];
for my $source (sources_below($top)) {
    my $path = substr $source, length "$top/";
    my $object = "$build/$path" =~ s/cpp$/o/r;
    my $kind = kind($path, $source);
    my @wrong = -e $object ? wrong_symbols($kind, $object) : 'not built: run make';
    is "@wrong", '', "$path ($kind)";
}
for my $object (glob "$build/extension/*.o $build/extension/*/*.o") {
    next if $object eq "$build/extension/pg/boundary.o";
    is join(' ', grep { /setjmp/ } undefined($object)), '',
        substr($object, length "$build/") . ' sets no jump target';
}
my @exported = map { /^\S+ T (\w+)$/ } lines_of(qw(nm -D --defined-only), "$build/custody.so");
ok scalar(grep { $_ eq 'Pg_magic_func' } @exported), 'the module exports its magic block';
is join(' ', grep { /^_Z/ } @exported), '', 'and no function of C++';

# The check sees what it is there to see: each of these files breaks one rule.
my ($include) = lines_of($ENV{PG_CONFIG} || 'pg_config', '--includedir-server');
my $broken = "$top/test/boundary/broken";
my $object = temporary_directory() . '/broken.o';

sub compile {
    return run_command(qw(g++ -std=c++20 -O1 -fPIC -D_GNU_SOURCE), "-I$top", '-isystem', $include,
        '-c', $_[0], '-o', $object);
}

for my $source (sources_below($broken)) {
    my $path = substr $source, length "$broken/";
    my $made = compile($source);
    my @wrong = $made->{exit} ? () : wrong_symbols(kind($path, $source), $object);
    ok scalar(@wrong), "a broken rule is seen: $path" or diag $made->{stderr};
}
# What the guard cannot hold safely does not compile; the first line says what the compiler does.
for my $source (glob "$broken/refused/*.cpp") {
    my ($expected) = map { m{^// refused: (.*)} } lines_of('head', '-n', 1, $source);
    my $made = compile($source);
    isnt $made->{exit}, 0, substr($source, length "$broken/") . ' does not compile';
    like $made->{stderr}, qr/error: .*\Q$expected\E/, 'for the right reason';
}

done_testing;
