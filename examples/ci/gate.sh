#!/bin/sh
# A step of a pipeline: passes only when the target has the schemas and the rows of the source.
# CUSTODY_SOURCE and CUSTODY_TARGET name the databases; proof/ is what the pipeline should keep.
set -u
cd "$(dirname "$0")"
mkdir -p proof

# Definitions first: a table that is missing is told more plainly here. What may differ is in ignore.
custody compare --quiet --config=gate.toml --json --output=proof/compare.json
schemas=$?
# Many people read a pipeline's log: rows that differ are told without their values.
custody verify --quiet --config=gate.toml --redact --report-directory=proof
rows=$?

for code in $schemas $rows; do
    case $code in
    0 | 5) ;;
    *)
        echo "gate: nothing is known, the check itself ended with $code" >&2
        exit "$code"
        ;;
    esac
done
[ "$schemas" = 0 ] || echo 'gate: schemas differ or could not all be read, see proof/compare.json' >&2
[ "$rows" = 0 ] || echo 'gate: rows differ or could not all be read, see proof/report.html' >&2
[ "$schemas$rows" = 00 ] && echo 'gate: schemas and rows are the same'
