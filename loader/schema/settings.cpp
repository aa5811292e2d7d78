#include "loader/schema/settings.hpp"

#include <set>

#include <fmt/format.h>

#include "loader/schema/phase.hpp"

namespace custody::schema {
namespace {

constexpr const char *kSettings = R"(
SELECT pg_catalog.quote_ident(r.rolname), r.rolname, s.setting
FROM pg_catalog.pg_db_role_setting d
JOIN pg_catalog.pg_database b ON b.oid = d.setdatabase AND b.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.setrole
CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) WITH ORDINALITY s(setting, at)
WHERE d.setrole = 0 OR r.oid IS NOT NULL
ORDER BY r.rolname NULLS FIRST, s.at)";

constexpr const char *kComment = R"(
SELECT pg_catalog.quote_literal(c.description) FROM pg_catalog.pg_database b
CROSS JOIN LATERAL pg_catalog.shobj_description(b.oid, 'pg_database') c(description)
WHERE b.datname = pg_catalog.current_database() AND c.description IS NOT NULL)";

constexpr const char *kPrivileges = R"(
WITH acl AS (
    SELECT x.*, b.datdba, false AS by_default FROM pg_catalog.pg_database b,
           pg_catalog.aclexplode(b.datacl) x WHERE b.datname = pg_catalog.current_database()
    UNION ALL
    SELECT x.*, b.datdba, true FROM pg_catalog.pg_database b,
           pg_catalog.aclexplode(pg_catalog.acldefault('d', b.datdba)) x
    WHERE b.datname = pg_catalog.current_database() AND b.datacl IS NOT NULL
)
SELECT NOT pg_catalog.bool_or(by_default), privilege_type,
       coalesce((SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles
                 WHERE oid = acl.grantee), 'PUBLIC'), pg_catalog.bool_or(is_grantable)
FROM acl WHERE grantee <> datdba
GROUP BY grantee, privilege_type HAVING pg_catalog.count(DISTINCT by_default) = 1
ORDER BY 1, 3, 2)";

/// Lists of names are stored with quotes inside, which no literal can give back.
bool is_list_of_names(const std::string &name) {
    static const std::set<std::string> names{"local_preload_libraries", "search_path",
                                             "session_preload_libraries", "temp_tablespaces"};
    return names.contains(name);
}

std::string quoted_name(std::string_view name) {
    std::string quoted;
    while (true) {
        const auto dot = name.find('.');
        quoted += pq::quote_identifier(name.substr(0, dot));
        if (dot == std::string_view::npos)
            return quoted;
        quoted += '.';
        name.remove_prefix(dot + 1);
    }
}

state::TaskRow database_task(const char *type, std::string sql) {
    state::TaskRow task;
    task.kind = "setting";
    task.phase = name_of(Phase::finish);
    task.object_type = type;
    task.sql = std::move(sql);
    return task;
}

void add_comment(pq::Connection &source, const std::string &database,
                 std::vector<state::TaskRow> &tasks) {
    const auto comment = source.exec(kComment);
    if (comment.rows() > 0)
        tasks.push_back(
            database_task("DATABASE COMMENT", fmt::format("COMMENT ON DATABASE {} IS {};", database,
                                                          comment.text(0, 0))));
}

/// What differs from the privileges of a new database; those of its owner stay with the owner.
void add_privileges(pq::Connection &source, const std::string &database,
                    std::vector<state::TaskRow> &tasks) {
    const auto grants = source.exec(kPrivileges);
    std::string sql;
    for (int row = 0; row < grants.rows(); ++row)
        sql += fmt::format("{}{} {} ON DATABASE {} {} {}{};", sql.empty() ? "" : "\n",
                           grants.boolean(row, 0) ? "GRANT" : "REVOKE", grants.text(row, 1),
                           database, grants.boolean(row, 0) ? "TO" : "FROM", grants.text(row, 2),
                           grants.boolean(row, 3) ? " WITH GRANT OPTION" : "");
    if (!sql.empty())
        tasks.push_back(database_task("DATABASE PRIVILEGES", std::move(sql)));
}

} // namespace

std::vector<state::TaskRow> database_tasks(pq::Connection &source, pq::Connection &target,
                                           bool privileges) {
    const auto settings = source.exec(kSettings);
    const std::string database = target.identifier(PQdb(target.raw()));
    std::vector<state::TaskRow> tasks;
    for (int row = 0; row < settings.rows(); ++row) {
        const auto setting = settings.str(row, 2);
        const auto equals = setting.find('=');
        const auto name = setting.substr(0, equals);
        const auto value = target.literal(setting.substr(equals + 1));
        const auto whose = settings.is_null(row, 0) ? fmt::format("ALTER DATABASE {}", database)
                                                    : fmt::format("ALTER ROLE {} IN DATABASE {}",
                                                                  settings.text(row, 0), database);
        auto task =
            database_task(settings.is_null(row, 0) ? "DATABASE SETTING" : "ROLE SETTING", "");
        task.object_schema = settings.str(row, 1);
        task.object_name = name;
        if (is_list_of_names(name))
            task.sql = fmt::format("SELECT pg_catalog.set_config({}, {}, true);\n{} SET {} "
                                   "FROM CURRENT;",
                                   target.literal(name), value, whose, quoted_name(name));
        else
            task.sql = fmt::format("{} SET {} TO {};", whose, quoted_name(name), value);
        tasks.push_back(std::move(task));
    }
    add_comment(source, database, tasks);
    if (privileges)
        add_privileges(source, database, tasks);
    return tasks;
}

} // namespace custody::schema
