#include <set>

#include <fmt/format.h>

#include "loader/schema/schema.hpp"

namespace custody::schema {
namespace {

/// What pg_restore sets before it sends anything; to the end of the transaction.
constexpr const char *kSettings =
    "SELECT pg_catalog.set_config('search_path', '', true); "
    "SET LOCAL standard_conforming_strings = on; SET LOCAL check_function_bodies = off; "
    "SET LOCAL xmloption = content; SET LOCAL client_min_messages = warning; "
    "SET LOCAL default_tablespace = ''; SET LOCAL default_table_access_method = heap; ";

bool extension_there(pq::Connection &target, const state::TaskRow &task) {
    return task.object_type == "EXTENSION" &&
           target.query("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = $1",
                        task.object_name)
                   .rows() > 0;
}

bool worth_another_try(const pq::SqlError &error) {
    static const std::set<std::string> states{"57014", "40P01", "40001", "55P03"};
    return error.retryable() || states.contains(error.sqlstate());
}

/// Whether the error says that the target has what the task would make. An object of the same
/// name is not enough, so these are only those that have no content of their own.
std::string benign_reason(const state::TaskRow &task, const std::string &sqlstate) {
    if (task.object_type == "SCHEMA" && sqlstate == "42P06")
        return "the schema exists";
    if (task.object_type == "COMMENT" && task.object_name.starts_with("EXTENSION ") &&
        sqlstate == "42501")
        return "the comment of an extension is its owner's, and comes with it";
    return "";
}

bool already_there(const std::string &sqlstate) {
    static const std::set<std::string> states{"42P07", "42710", "42723", "42P06", "42P16", "42701"};
    return states.contains(sqlstate);
}

Outcome failed(const state::TaskRow &task, const pq::SqlError &error) {
    Outcome outcome{Outcome::State::failed, error.sqlstate(), error.what(),
                    error.detail(),         error.hint(),     ""};
    if (outcome.detail.empty())
        outcome.detail = error.context();
    if (const auto why = benign_reason(task, error.sqlstate()); !why.empty()) {
        outcome.state = Outcome::State::benign;
        outcome.note = why;
    } else if (already_there(error.sqlstate()) && outcome.hint.empty()) {
        outcome.hint = "it was made after the plan: drop it, or abandon this run and plan again";
    }
    return outcome;
}

} // namespace

Outcome apply(pq::Connection &target, const state::TaskRow &task) {
    if (task.sql.empty())
        return {Outcome::State::benign,
                "",
                "",
                "",
                "",
                task.note.empty() ? "there is nothing to do" : task.note};
    if (extension_there(target, task))
        return {Outcome::State::benign, "", "", "", "", "the extension exists"};
    target.exec("SAVEPOINT custody_task");
    try {
        // A view's rows are read with the rights of its owner, hidden ones left out.
        target.exec(std::string(kSettings) + (task.kind == "matview"
                                                  ? "SET LOCAL row_security = on"
                                                  : "SET LOCAL row_security = off"));
        target.exec(task.sql);
        target.exec("RELEASE SAVEPOINT custody_task");
        return {};
    } catch (const pq::SqlError &error) {
        if (error.connection_lost())
            throw;
        target.exec("ROLLBACK TO SAVEPOINT custody_task");
        target.exec("RELEASE SAVEPOINT custody_task");
        if (worth_another_try(error))
            throw;
        return failed(task, error);
    }
}

} // namespace custody::schema
