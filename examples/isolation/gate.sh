#!/bin/sh
# usage: CUSTODY_TARGET=CONNINFO CUSTODY_APP=CONNINFO ./gate.sh
# Ends with 0 only when isolation is proven, probed from inside the server and from outside as the application,
# and the linter has nothing to say. For CI, after each migration, and daily: roles change without DDL.
set -eu
: "${CUSTODY_TARGET:?name the database, as a superuser: CUSTODY_TARGET=service=app}"
: "${CUSTODY_APP:?name the login of the application: CUSTODY_APP=service=app-api}"
here=$(dirname "$0")

psql -X -q -d "$CUSTODY_TARGET" -f "$here/gate.sql"
custody probe --target="$CUSTODY_TARGET" --role-conninfo="$CUSTODY_APP" --key-file=app1.pem --kid=app1 \
    ${CUSTODY_POOLER:+--pooler="$CUSTODY_POOLER"}
custody lint --target="$CUSTODY_TARGET" --fail-on=warning
echo 'gate: isolated'
