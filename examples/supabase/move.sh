#!/bin/sh
# usage: CUSTODY_SOURCE=CONNINFO CUSTODY_TARGET=CONNINFO ./move.sh
# Ends with custody's exit code: 0 only when everything arrived and is proven (docs/loader.md).
set -eu
: "${CUSTODY_SOURCE:?name the source, as in CUSTODY_SOURCE=service=old}"
: "${CUSTODY_TARGET:?name the target, as in CUSTODY_TARGET=service=new}"
export CUSTODY_SOURCE CUSTODY_TARGET
here=$(dirname "$0")

psql -X -d "$CUSTODY_SOURCE" -f "$here/source.sql"
psql -X -q -d "$CUSTODY_TARGET" -f "$here/target.sql"
custody run --config="$here/move.toml"
psql -X -d "$CUSTODY_TARGET" -f "$here/proof.sql"
