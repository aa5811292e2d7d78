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

} // namespace

std::vector<state::TaskRow> setting_tasks(pq::Connection &source, pq::Connection &target) {
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
        state::TaskRow task;
        task.kind = "setting";
        task.phase = name_of(Phase::finish);
        task.object_type = settings.is_null(row, 0) ? "DATABASE SETTING" : "ROLE SETTING";
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
    return tasks;
}

} // namespace custody::schema
