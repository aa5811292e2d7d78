#!/bin/bash
# usage: test/vectors/tokens.sh >test/vectors/tokens.tsv
# Tokens for the database and the second of docs/token-format.md, made by the openssl program and by
# nothing of custody. The keys are made anew; so are the tokens. Columns: name; key (public: base64url of
# an Ed25519 key, or base64 of SubjectPublicKeyInfo; secret: as in the key file); verdict (good or
# refused); token.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
for kind in "ed25519" "rsa -pkeyopt rsa_keygen_bits:2048" "ec -pkeyopt ec_paramgen_curve:P-256"; do
    name=${kind%% *}
    # shellcheck disable=SC2086
    openssl genpkey -algorithm $kind -out "$name" 2>/dev/null
    openssl pkey -in "$name" -pubout -outform DER -out "$name.der"
done
secret=$(openssl rand -hex 32)
ed=$(tail -c 32 ed25519.der | b64)

# Reads a text, writes its signature.
sign_ed25519() { cat >text && openssl pkeyutl -sign -rawin -inkey ed25519 -in text; }
sign_hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; }
sign_rsa() { openssl dgst -sha256 -sign rsa; }
# r and s, from the DER sequence that openssl writes.
sign_ec() {
    openssl dgst -sha256 -sign ec >der
    openssl asn1parse -inform DER -in der | sed -n 's/.*INTEGER *://p' | while read -r number; do
        printf '%64s' "$number" | tr ' ' 0
    done | xxd -r -p
}
own() { # kid payload signer...
    local text
    text=custody1.$1.$(printf %s "$2" | b64)
    printf '%s.%s' "$text" "$(printf %s "$text" | "${@:3}" | b64)"
}
jwt() { # header payload signer...
    local text
    text=$(printf %s "$1" | b64).$(printf %s "$2" | b64)
    printf '%s.%s' "$text" "$(printf %s "$text" | "${@:3}" | b64)"
}
row() { printf '%s\t%s\t%s\t%s\n' "$@"; }

db=db=01234567-89ab-8cde-8f01-23456789abcd
time='iat=1799999990&exp=1800000300'
org='org_type=uuid&org=aaaaaaaa-0000-4000-8000-000000000001'
good="$db&$org&user=ann&$time"
key="HMAC-SHA256 $(printf %s "$secret" | xxd -r -p | b64)"
row own-ed25519 "$ed" good "$(own app "$good" sign_ed25519)"
row own-hmac "$key" good "$(own app "$good" sign_hmac "$secret")"
row own-bigint "$ed" good "$(own app "$db&org_type=bigint&org=-7&user=ann&$time" sign_ed25519)"
row own-text "$ed" good "$(own app "$db&org_type=text&org=Z%c3%BCrich+%26%20S&user=ann&$time" sign_ed25519)"
row own-orgs "$ed" good "$(own app "$good&org=bbbbbbbb-0000-4000-8000-000000000002" sign_ed25519)"
row own-user "$ed" good "$(own app "user=ann&$time&$db" sign_ed25519)"
row own-all "$ed" good "$(own app "$good&role=editor&nonce=abc&claims=%7B%22a%22%3A%5B1%5D%7D" sign_ed25519)"
row own-expired "$ed" refused "$(own app "$db&$org&user=ann&iat=1799999000&exp=1800000000" sign_ed25519)"
row own-future "$ed" refused "$(own app "$db&$org&user=ann&iat=1800000031&exp=1800000300" sign_ed25519)"
row own-database "$ed" refused "$(own app "db=01234567-89ab-8cde-8f01-23456789abce&$org&user=ann&$time" sign_ed25519)"
row own-no-user "$ed" refused "$(own app "$db&$org&$time" sign_ed25519)"
row own-twice "$ed" refused "$(own app "$good&user=eve" sign_ed25519)"
row own-unknown "$ed" refused "$(own app "$good&admin=1" sign_ed25519)"
row own-control "$ed" refused "$(own app "$good&role=a%0Ab" sign_ed25519)"
row own-utf8 "$ed" refused "$(own app "$good&role=%C0%AF" sign_ed25519)"
row own-claims "$ed" refused "$(own app "$good&claims=%7B%22a%22%3A1%2C%22a%22%3A2%7D" sign_ed25519)"
row own-signer "$ed" refused "$(own app "$good" sign_hmac "$secret")"
row own-secret "$key" refused "$(own app "$good" sign_hmac "00$secret")"
row own-truncated "$ed" refused "$(own app "$good" sign_ed25519 | head -c -4)"

spki() { openssl base64 -A -in "$1.der"; }
claims='{"iss":"https://issuer.example","aud":["api","x"],"azp":"web","sub":"ann","exp":1800000300,"iat":1799999990.5,"app_metadata":{"org":"aaaaaaaa-0000-4000-8000-000000000001"}}'
row jwt-rs256 "$(spki rsa)" good "$(jwt '{"alg":"RS256","kid":"k","typ":"JWT"}' "$claims" sign_rsa)"
row jwt-es256 "$(spki ec)" good "$(jwt '{"alg":"ES256","kid":"k"}' "$claims" sign_ec)"
row jwt-eddsa "$(spki ed25519)" good "$(jwt '{"alg":"EdDSA","kid":"k"}' "$claims" sign_ed25519)"
row jwt-hs256 "HS256 $(printf %s "$secret" | xxd -r -p | b64)" good "$(jwt '{"alg":"HS256"}' "$claims" sign_hmac "$secret")"
row jwt-none "$(spki rsa)" refused "$(jwt '{"alg":"none","kid":"k"}' "$claims" true)"
row jwt-confused "$(spki rsa)" refused "$(jwt '{"alg":"HS256","kid":"k"}' "$claims" sign_hmac "$(xxd -p rsa.der | tr -d '\n')")"
row jwt-said "$(spki ec)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "$claims" sign_ec)"
row jwt-der "$(spki ec)" refused "$(jwt '{"alg":"ES256","kid":"k"}' "$claims" openssl dgst -sha256 -sign ec)"
row jwt-audience "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/\"api\"/\"app\"}" sign_rsa)"
row jwt-issuer "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/issuer.example/issuer.example\/}" sign_rsa)"
row jwt-party "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/\"web\"/\"evil\"}" sign_rsa)"
row jwt-expired "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/1800000300/1799999969}" sign_rsa)"
row jwt-no-end "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/\"exp\"/\"end\"}" sign_rsa)"
row jwt-early "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/\{/\{\"nbf\":1800000031,}" sign_rsa)"
row jwt-critical "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k","crit":["b64"],"b64":true}' "$claims" sign_rsa)"
row jwt-duplicate "$(spki rsa)" refused "$(jwt '{"alg":"RS256","kid":"k"}' "${claims/\{/\{\"sub\":\"eve\",}" sign_rsa)"
