// Large objects: readable on the source, and free to be created on the target.
#include <fmt/format.h>

#include "loader/preflight/context.hpp"

namespace custody::preflight {
namespace {

void check_readable(Context &context) {
    const auto row = context.source.exec(
        "SELECT count(*), min(m.oid) FROM pg_largeobject_metadata m"
        " WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        " AND current_setting('lo_compat_privileges') = 'off'"
        " AND NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (SELECT FROM"
        " aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'"
        " AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))");
    if (row.number(0, 0) > 0)
        context.add("large-object-privilege", "source",
                    fmt::format("role {} may not read {} large objects, the first is {}",
                                context.plan.source.user, row.text(0, 0), row.text(0, 1)));
}

// In batches, as either side may have millions; the target of a move has few.
void check_collisions(Context &context) {
    constexpr int kBatch = 50000;
    std::int64_t collisions = 0;
    std::string first;
    for (std::string last = "0";;) {
        const auto batch = context.target.query(
            "SELECT array_agg(oid), max(oid) FROM (SELECT oid FROM pg_largeobject_metadata"
            " WHERE oid > $1::oid ORDER BY oid LIMIT $2::int) m",
            last, std::to_string(kBatch));
        if (batch.is_null(0, 0))
            break;
        const auto found = context.source.query(
            "SELECT count(*), min(oid) FROM pg_largeobject_metadata WHERE oid = ANY ($1::oid[])",
            batch.str(0, 0));
        if (collisions == 0)
            first = found.str(0, 1);
        collisions += found.number(0, 0);
        last = batch.str(0, 1);
    }
    if (collisions > 0)
        context.add("large-object-collision", "target",
                    fmt::format("{} OIDs are taken, the first is {}", collisions, first));
}

} // namespace

void check_large_objects(Context &context) {
    // A part of a database is moved without large objects, as pg_dump does it.
    const auto &options = context.options;
    if (options.no_schema || !options.schemas.empty() || !options.tables.empty())
        return;
    check_readable(context);
    check_collisions(context);
}

} // namespace custody::preflight
