// The one door to the server's headers: no other file of the extension opens extern "C" around
// an include or includes postgres.h. Include it last, after every C++ and project header, because
// the server's macros (printf, gettext, Min, ...) would rewrite what follows.
// A room that needs one more server header adds it to the list below.
#pragma once
#pragma GCC system_header // headers before 16 use `register`; their warnings are not ours to mend

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

extern "C" {
#include <postgres.h>

#include <access/brin_internal.h>
#include <access/brin_revmap.h>
#include <access/brin_tuple.h>
#include <access/commit_ts.h>
#include <access/detoast.h>
#include <access/genam.h>
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/itup.h>
#include <access/nbtree.h>
#include <access/parallel.h>
#include <access/relation.h>
#include <access/relscan.h>
#include <access/sysattr.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/transam.h>
#include <access/tupdesc.h>
#include <access/xact.h>
#include <access/xlog.h>
#include <catalog/dependency.h>
#include <catalog/index.h>
#include <catalog/indexing.h>
#include <catalog/namespace.h>
#include <catalog/objectaccess.h>
#include <catalog/objectaddress.h>
#include <catalog/partition.h>
#include <catalog/pg_am.h>
#include <catalog/pg_attribute.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_enum.h>
#include <catalog/pg_index.h>
#include <catalog/pg_inherits.h>
#include <catalog/pg_language.h>
#include <catalog/pg_namespace.h>
#include <catalog/pg_policy.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_range.h>
#include <catalog/pg_trigger.h>
#include <catalog/pg_type.h>
#include <commands/dbcommands.h>
#include <commands/defrem.h>
#include <commands/event_trigger.h>
#include <commands/extension.h>
#include <commands/progress.h>
#include <commands/trigger.h>
#include <commands/user.h>
#include <common/hashfn.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <executor/tuptable.h>
#include <fmgr.h>
#include <funcapi.h>
#include <lib/stringinfo.h>
#include <libpq/pqformat.h>
#include <mb/pg_wchar.h>
#include <miscadmin.h>
#include <nodes/makefuncs.h>
#include <nodes/nodeFuncs.h>
#include <nodes/nodes.h>
#include <nodes/pg_list.h>
#include <nodes/plannodes.h>
#include <optimizer/optimizer.h>
#include <parser/parse_coerce.h>
#include <parser/parse_func.h>
#include <parser/parse_relation.h>
#include <parser/parse_type.h>
#include <parser/parsetree.h>
#include <partitioning/partbounds.h>
#include <partitioning/partdesc.h>
#include <pgstat.h>
#include <pgtime.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <replication/origin.h>
#include <replication/syncrep.h>
#include <rewrite/rewriteManip.h>
#include <rewrite/rowsecurity.h>
#include <storage/buffile.h>
#include <storage/bufmgr.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
#include <tcop/deparse_utility.h>
#include <tcop/pquery.h>
#include <tcop/tcopprot.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/bytea.h>
#include <utils/date.h>
#include <utils/datum.h>
#include <utils/float.h>
#include <utils/fmgroids.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/json.h>
#include <utils/jsonb.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/numeric.h>
#include <utils/partcache.h>
#include <utils/pg_locale.h>
#include <utils/pg_lsn.h>
#include <utils/plancache.h>
#include <utils/portal.h>
#include <utils/rangetypes.h>
#include <utils/rel.h>
#include <utils/resowner.h>
#include <utils/rls.h>
#include <utils/ruleutils.h>
#include <utils/snapmgr.h>
#include <utils/syscache.h>
#include <utils/timeout.h>
#include <utils/timestamp.h>
#include <utils/tuplesort.h>
#include <utils/tuplestore.h>
#include <utils/typcache.h>
#include <utils/uuid.h>
#include <utils/varlena.h>
#include <utils/xid8.h>
#include <utils/xml.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
#if PG_VERSION_NUM >= 140000
#include <utils/multirangetypes.h>
#endif
}

#include "extension/pg/compat.hpp"
