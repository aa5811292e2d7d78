// Roles that the source's schema names and the target does not know.
#include <set>

#include <fmt/format.h>

#include "loader/preflight/context.hpp"
#include "loader/schema/schema.hpp"

namespace custody::preflight {
namespace {

// Roles that the selected tables and their schemas name. Bootstrap superusers have no entry in
// pg_shdepend, so owners are asked for by name.
std::set<std::string> roles_of_tables(Context &context) {
    const auto rows = context.source.query(
        "WITH t AS (SELECT oid, relnamespace, relowner FROM pg_class WHERE oid = ANY ($1::oid[]))"
        " SELECT r.rolname FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE d.refclassid = 'pg_authid'::regclass AND d.dbid = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())"
        " AND ((d.classid = 'pg_class'::regclass AND d.objid IN (SELECT oid FROM t))"
        " OR (d.classid = 'pg_namespace'::regclass AND d.objid IN (SELECT relnamespace FROM t))"
        " OR (d.classid = 'pg_policy'::regclass AND d.objid IN"
        " (SELECT p.oid FROM pg_policy p JOIN t ON t.oid = p.polrelid)))"
        " UNION SELECT r.rolname FROM t JOIN pg_roles r ON r.oid = t.relowner",
        source_oids(context.plan));
    std::set<std::string> names;
    for (int i = 0; i < rows.rows(); ++i)
        names.insert(rows.str(i, 0));
    return names;
}

bool may_create_roles(Context &context) {
    return context.target
        .exec("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        .boolean(0, 0);
}

} // namespace

void check_roles(Context &context) {
    if (context.options.no_schema)
        return; // nothing is granted, and nobody becomes an owner
    const auto missing = schema::missing_roles(context.source, context.target, context.options);
    if (missing.empty())
        return;
    const bool whole = context.whole_database();
    const auto needed = whole ? std::set<std::string>() : roles_of_tables(context);
    for (const auto &role : missing) {
        if (context.options.roles) {
            context.add("role-missing", plan::Severity::info, role.name,
                        "it is created without a password");
            context.findings.back().remedy =
                "where it is to log in, give it one: ALTER ROLE ... PASSWORD";
        } else if (whole || needed.contains(role.name))
            context.add("role-missing", role.name, "owners, grants, policies or settings name it");
        else
            context.add("role-missing", plan::Severity::warning, role.name,
                        "objects outside the selected tables name it");
    }
    if (context.options.roles && !may_create_roles(context))
        context.add("target-privilege", "roles",
                    fmt::format("role {} may not create roles", context.plan.target.user));
}

} // namespace custody::preflight
