#!/bin/sh
# usage: CUSTODY_TARGET=CONNINFO CUSTODY_APP=CONNINFO ./isolate.sh
# From a schema as it comes from Supabase to isolation that is proven. CUSTODY_TARGET is a superuser's, CUSTODY_APP
# a login of the application. May be run again. Ends with 0 only when the gate has passed.
set -eu
: "${CUSTODY_TARGET:?name the database, as a superuser: CUSTODY_TARGET=service=app}"
: "${CUSTODY_APP:?name the login of the application: CUSTODY_APP=service=app-api}"
here=$(dirname "$0")
run() { psql -X -q -d "$CUSTODY_TARGET" "$@"; }

# 1. The extension, and what the dump calls. Then the dump: here schema.sql, with you custody run or pg_restore.
run -f "$here/target.sql"
[ -n "$(run -At -c "SELECT to_regclass('public.organizations')")" ] || run -f "$here/schema.sql"

# 2. Protection.
run -f "$here/protect.sql"

# 3. The key that the application signs with. The database has its public half; who has the file is every user of
#    every organization.
if [ ! -e app1.pem ]; then
    custody token --new-key=ed25519 --kid=app1 -o app1.pem | run -o /dev/null
fi

# 4. The application, with a token as it would make one for a user who has logged in.
org=$(run -At -c "SELECT min(id::text) FROM public.organizations")
user=$(run -At -c "SELECT min(user_id::text) FROM public.memberships WHERE org_id = '$org'")
token=$(custody token --key-file=app1.pem --kid=app1 --org="$org" --user="$user" --lifetime=60 \
    --database-id="$(run -At -c 'SELECT custody.database_id()')")
psql -X -q -d "$CUSTODY_APP" -v token="$token" -v org="$org" -f "$here/application.sql"

# 5. The gate.
run -f "$here/accepted.sql"
. "$here/gate.sh"
