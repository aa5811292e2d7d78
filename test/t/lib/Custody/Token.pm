# Tokens made without any code of custody: by the openssl program and Perl's own modules, from what
# docs/token-format.md and the RFCs say.
package Custody::Token;

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use Encode qw(encode_utf8 is_utf8);
use File::Temp qw(tempdir);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

use parent qw(Exporter);
our @EXPORT = qw(base64url own_token form jwt jwk key_pair hmac_signer encoded_json);

my $folder = tempdir('custody-token-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $number = 0;

sub base64url { encode_base64url(is_utf8($_[0]) ? encode_utf8($_[0]) : $_[0]) =~ tr/=//dr }

sub encoded_json { JSON::PP->new->canonical->utf8->encode($_[0]) }

# Name, value, name, value, ... as application/x-www-form-urlencoded.
sub form {
    my @pair;
    while (my ($name, $value) = splice @_, 0, 2) {
        my $bytes = is_utf8($value) ? encode_utf8($value) : "$value";
        $bytes =~ s/([^A-Za-z0-9._*~ -])/sprintf '%%%02X', ord $1/ge;
        push @pair, "$name=" . $bytes =~ tr/ /+/r;
    }
    return join '&', @pair;
}

sub own_token {
    my ($kid, $sign, @field) = @_;
    my $text = "custody1.$kid." . base64url(@field == 1 ? $field[0] : form(@field));
    return "$text." . base64url($sign->($text));
}

sub jwt {
    my ($header, $payload, $sign) = @_;
    my $text = join '.', map { base64url(ref $_ ? encoded_json($_) : $_) } $header, $payload;
    return "$text." . base64url($sign->($text));
}

sub hmac_signer { my ($secret) = @_; return sub { hmac_sha256($_[0], $secret) } }

sub _write {
    my ($file, $text) = @_;
    open my $handle, '>:raw', $file or die "cannot write $file: $!\n";
    print $handle $text;
    close $handle;
}

sub _read { open my $handle, '<:raw', $_[0] or die "cannot read $_[0]: $!\n"; local $/; <$handle> }

my %kind = (
    ed25519 => '-algorithm ed25519',
    rsa => '-algorithm rsa -pkeyopt rsa_keygen_bits:2048',
    weak_rsa => '-algorithm rsa -pkeyopt rsa_keygen_bits:1024',
    p256 => '-algorithm ec -pkeyopt ec_paramgen_curve:P-256',
    p384 => '-algorithm ec -pkeyopt ec_paramgen_curve:P-384',
);

# {kind, pem, public (PEM), file (of the private key), sign}
sub key_pair {
    my ($kind) = @_;
    my $file = "$folder/key" . ++$number;
    system("openssl genpkey $kind{$kind} -out $file 2>/dev/null") == 0 or die "genpkey $kind\n";
    system("openssl pkey -in $file -pubout -out $file.pub") == 0 or die "pkey $kind\n";
    return {
        kind => $kind,
        file => $file,
        pem => _read($file),
        public => _read("$file.pub"),
        sign => sub { _sign($kind, $file, $_[0]) },
    };
}

sub _sign {
    my ($kind, $file, $text) = @_;
    _write("$file.text", $text);
    my $command = $kind eq 'ed25519' ? "pkeyutl -sign -rawin -inkey $file -in $file.text -out $file.sig"
        : "dgst -sha256 -sign $file -out $file.sig $file.text";
    system("openssl $command") == 0 or die "openssl $command\n";
    my $signature = _read("$file.sig");
    return $kind =~ /^p/ ? _raw_ecdsa($signature, $kind eq 'p256' ? 32 : 48) : $signature;
}

# A DER sequence of two integers as both numbers side by side.
sub _raw_ecdsa {
    my ($der, $size) = @_;
    my ($r, $s) = unpack 'x2 x C/a x C/a', $der;
    return join '', map { substr("\0" x $size . $_, -$size) } $r, $s;
}

# The public key as a JWK, from what "openssl pkey -text" prints.
sub jwk {
    my ($key, %more) = @_;
    my $text = qx(openssl pkey -in $key->{file} -pubout -outform DER | xxd -p) =~ s/\n//gr;
    my $der = pack 'H*', $text;
    my %jwk = (use => 'sig', %more);
    if ($key->{kind} eq 'ed25519') {
        @jwk{qw(kty crv alg x)} = ('OKP', 'Ed25519', 'EdDSA', base64url(substr $der, -32));
    } elsif ($key->{kind} =~ /^p(\d+)/) {
        my $size = $1 / 8;
        @jwk{qw(kty crv alg)} = ('EC', "P-$1", $1 == 256 ? 'ES256' : 'ES384');
        @jwk{qw(x y)} = map { base64url($_) } unpack "a$size a$size", substr $der, -2 * $size;
    } else {
        my ($modulus) = qx(openssl rsa -in $key->{file} -noout -modulus) =~ /=(\w+)/;
        @jwk{qw(kty alg n e)} = ('RSA', 'RS256', base64url(pack 'H*', $modulus), 'AQAB');
    }
    return \%jwk;
}

1;
