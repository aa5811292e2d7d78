#!/bin/bash
# Writes vectors.tsv: the wire rows of the tables in tables*.sql, computed by plain SQL with the
# server's own send and output functions, and their hashes, computed by xxhsum (which SQL cannot) and
# sha256sum. None of custody's code runs. Needs psql on an empty scratch database (PGHOST,
# PGDATABASE, ...; UTF-8, 15), the extensions that PostgreSQL ships with, xxd and xxhsum.
#
# Columns, separated by tabs: table, row number, form, rules of the columns, key positions, row as
# COPY delivers it (hex), wire row (hex), hash of the wire row, hash of the key's wire row, both by
# XXH3-128, the same two by SHA-256.
set -euo pipefail
cd "$(dirname "$0")"
export PGCLIENTENCODING=UTF8 PGOPTIONS="-c client_min_messages=warning"
copied=$(mktemp -d)
trap 'rm -r "$copied"' EXIT
run() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
for extension in hstore citext ltree lo cube seg intarray earthdistance isn; do
    run -c "CREATE EXTENSION $extension"
done
run -f tables.sql -f tables_types.sql -f tables_14.sql -f tables_contrib.sql -f tables_arrays.sql \
    -f canonical.sql
# Every table by COPY TEXT, columns in canonical order: one line for each row.
{
    echo "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
        SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET search_path = '';"
    run -At -v directory="$copied" <<'SQL'
SELECT format('COPY (SELECT %s FROM vectors.%I ORDER BY ctid) TO STDOUT \g %s', string_agg(quote_ident(attname), ',' ORDER BY position),
    relname, quote_literal(:'directory' || '/' || relname))
FROM pg_class LEFT JOIN vectors.columns ON rel = oid
WHERE relnamespace = 'vectors'::regnamespace AND relkind = 'r' GROUP BY relname;
SQL
} | run
hash_of() { xxd -r -p <<<"$1" | "${@:2}" | cut -d' ' -f1; }
run -f vectors.sql | tr '\t' '|' | while IFS='|' read -r name number form rules key sent row key_row; do
    [ "$form" = binary ] || sent=$(sed -n "${number}p" "$copied/$name" | head -c -1 | xxd -p | tr -d '\n')
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$number" "$form" "$rules" "$key" \
        "$sent" "$row" "$(hash_of "$row" xxhsum -H2)" "$(hash_of "$key_row" xxhsum -H2)" \
        "$(hash_of "$row" sha256sum)" "$(hash_of "$key_row" sha256sum)"
done >vectors.tsv
