#!/bin/bash
# Writes vectors.tsv: the wire rows of the tables in tables.sql, computed by plain SQL with the
# server's own send and output functions, and their hashes, computed by xxhsum (which SQL cannot).
# None of custody's code runs. Needs psql on an empty scratch database (PGHOST, PGDATABASE, ...;
# UTF-8, 14 or later), xxd and xxhsum.
#
# Columns, separated by tabs: table, row number, form, rules of the columns, key positions, row as
# COPY delivers it (hex), wire row (hex), hash of the wire row, hash of the key's wire row.
set -euo pipefail
cd "$(dirname "$0")"
export PGCLIENTENCODING=UTF8 PGOPTIONS="-c client_min_messages=warning"
run() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
pins="SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET search_path = ''"
run -c "CREATE EXTENSION hstore" -c "CREATE EXTENSION citext" -f tables.sql -f tables_14.sql \
    -f canonical.sql
hash_of() { xxd -r -p <<<"$1" | xxhsum -H2 | cut -d' ' -f1; }
# One line of COPY TEXT; the columns in canonical order.
copy_line() {
    local columns
    columns=$(run -At -c "SELECT string_agg(format('%I', attname), ',' ORDER BY position)
        FROM vectors.columns WHERE rel = to_regclass('vectors.' || quote_ident('$1'))")
    run -c "$pins" -c "COPY (SELECT $columns FROM vectors.$(run -At -c "SELECT quote_ident('$1')") ORDER BY ctid OFFSET $2 - 1 LIMIT 1) TO STDOUT" |
        head -c -1 | xxd -p | tr -d '\n'
}
run -f vectors.sql | tr '\t' '|' | while IFS='|' read -r name number form rules key sent row key_row; do
    [ "$form" = binary ] || sent=$(copy_line "$name" "$number")
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$number" "$form" "$rules" "$key" \
        "$sent" "$row" "$(hash_of "$row")" "$(hash_of "$key_row")"
done >vectors.tsv
