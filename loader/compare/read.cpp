#include "loader/compare/read.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/compare/queries.hpp"
#include "loader/compare/sql_text.hpp"
#include "loader/core/json.hpp"
#include "loader/core/log.hpp"
#include "loader/core/signals.hpp"

namespace custody::compare {
namespace {

constexpr int kNameColumns = 4;
constexpr int kOldest = 130000;
constexpr std::size_t kSequencesAtOnce = 100;

/// For the transaction only, so that a pooler may stand between. Whatever changes how the server
/// writes names and constants; and a lock that an ALTER TABLE holds ends one class, not the
/// comparison.
constexpr const char *kPinned =
    "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = on;"
    "SET LOCAL client_encoding = 'UTF8'; SET LOCAL datestyle = 'ISO, MDY';"
    "SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';"
    "SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex';"
    "SET LOCAL xmlbinary = 'base64'; SET LOCAL lc_monetary = 'C';"
    "SET LOCAL standard_conforming_strings = on; SET LOCAL row_security = off;"
    "SET LOCAL jit = off; SET LOCAL client_min_messages = 'error';"
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"
    "SET LOCAL lock_timeout = '60s'";

/// What decides what statements mean or yield, and what an application needs to be there.
constexpr const char *kServerSettings = R"(
SELECT NULL, NULL, NULL, name, setting || coalesce(' ' || unit, '') AS "value",
       source IN ('database', 'user', 'database user', 'client', 'session', 'command line')
       AS "~overridden"
  FROM pg_catalog.pg_settings
 WHERE lower(name) IN ('array_nulls', 'backslash_quote', 'block_size', 'bytea_output',
       'datestyle', 'default_table_access_method', 'default_tablespace',
       'default_text_search_config', 'default_transaction_deferrable',
       'default_transaction_isolation', 'default_transaction_read_only', 'extra_float_digits',
       'idle_in_transaction_session_timeout', 'integer_datetimes', 'intervalstyle', 'lc_monetary',
       'lc_numeric', 'lc_time', 'lo_compat_privileges', 'local_preload_libraries', 'lock_timeout',
       'max_function_args', 'max_identifier_length', 'max_index_keys',
       'max_prepared_transactions', 'row_security', 'search_path', 'session_preload_libraries',
       'session_replication_role', 'shared_preload_libraries', 'standard_conforming_strings',
       'statement_timeout', 'timezone', 'timezone_abbreviations', 'track_commit_timestamp',
       'transform_null_equals', 'wal_level', 'xmlbinary', 'xmloption'))";

constexpr const char *kAncestors = R"(
SELECT n.nspname, c.relname, pn.nspname, p.relname
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind IN ('r', 'p', 'f')
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace)";

std::string text_of(const nlohmann::json &value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Column `name` of one object: a fact, a property, or one property for each key.
void put(Object &object, const std::string &name, const Value &value) {
    if (name.front() == '~') {
        object.facts[name.substr(1)] = value;
        return;
    }
    const auto star = name.find('*');
    if (star == std::string::npos) {
        object.properties[name] = value;
        return;
    }
    if (!value)
        return;
    const auto entries = parse_json(*value);
    for (const auto &[key, entry] : entries.items())
        object.properties[name.substr(0, star) + key + name.substr(star + 1)] = text_of(entry);
}

Value value_of(const pq::Result &rows, int row, int column) {
    constexpr Oid kBoolean = 16;
    if (rows.is_null(row, column) || PQftype(rows.raw(), column) != kBoolean)
        return rows.optional(row, column);
    return rows.boolean(row, column) ? "true" : "false";
}

Object object_of(const pq::Result &rows, int row) {
    Object object;
    object.name = {rows.str(row, 0), rows.str(row, 1), rows.str(row, 2),
                   canonical(rows.text(row, 3))};
    for (int column = kNameColumns; column < rows.columns(); ++column)
        put(object, PQfname(rows.raw(), column), value_of(rows, row, column));
    return object;
}

class Reader {
  public:
    Reader(pq::Connection &connection, std::string side)
        : connection_(connection), side_(std::move(side)) {
        catalog_.version = connection.server_version();
        catalog_.description = connection.description();
    }

    Catalog read() {
        require_version();
        connection_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        if (!attempt("server setting", [&] { add("server setting", kServerSettings); }))
            catalog_.failed.insert("server setting");
        connection_.exec("ROLLBACK");
        connection_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        connection_.exec(kPinned);
        catalog_.user = connection_.exec("SELECT current_user").str(0, 0);
        for (const auto &query : all_queries(catalog_.version))
            if (!attempt(query.kind, [&] { add(query.kind, query.sql); }))
                catalog_.failed.insert(query.kind);
        attempt("table", [&] { read_ancestors(); });
        read_sequence_values();
        note_own();
        connection_.exec("ROLLBACK");
        return std::move(catalog_);
    }

  private:
    void require_version() const {
        if (catalog_.version >= kOldest)
            return;
        const auto seen = fmt::format("PostgreSQL {}", catalog_.version / 10000);
        const char *const hint = "custody works with PostgreSQL 13 and later";
        if (side_ == "source")
            throw Error(Exit::refused, "source-too-old", "the source is too old", seen, hint);
        throw Error(Exit::refused, "target-too-old", "the target is too old", seen, hint);
    }

    template <typename Work> bool attempt(const std::string &kind, Work &&work) {
        throw_if_stopped();
        connection_.exec("SAVEPOINT class");
        try {
            work();
            // Rolled back, so that its locks are gone: a server has room for so many only.
            connection_.exec("ROLLBACK TO class");
            connection_.exec("RELEASE class");
            return true;
        } catch (const pq::SqlError &error) {
            throw_if_stopped();
            if (error.connection_lost())
                throw;
            connection_.exec("ROLLBACK TO class");
            log::debug("{}: {} cannot be read: {}", side_, kind, error.what());
            unread(kind, error.what());
            return false;
        }
    }

    void unread(const std::string &kind, const std::string &reason) {
        Unread entry{kind, side_, reason};
        if (std::find(catalog_.unread.begin(), catalog_.unread.end(), entry) ==
            catalog_.unread.end())
            catalog_.unread.push_back(std::move(entry));
    }

    void add(const std::string &kind, const std::string &sql) {
        const auto rows = connection_.exec(sql);
        auto &objects = catalog_.objects[kind];
        for (int row = 0; row < rows.rows(); ++row) {
            auto object = object_of(rows, row);
            auto name = object.name;
            objects.emplace(std::move(name), std::move(object));
        }
    }

    void read_ancestors() {
        const auto rows = connection_.exec(kAncestors);
        std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>> parents;
        for (int row = 0; row < rows.rows(); ++row)
            parents[{rows.str(row, 0), rows.str(row, 1)}] = {rows.str(row, 2), rows.str(row, 3)};
        for (const auto &[child, parent] : parents) {
            auto &ancestors = catalog_.ancestors[child];
            for (auto at = parents.find(child); at != parents.end(); at = parents.find(at->second))
                ancestors.push_back(at->second);
        }
    }

    std::string select_value(const Name &name, std::size_t number) const {
        return fmt::format("SELECT {}, last_value, is_called FROM {}.{}", number,
                           connection_.identifier(name.schema),
                           connection_.identifier(name.relation));
    }

    void read_values_from(const std::vector<Object *> &sequences, std::size_t begin) {
        std::string sql;
        for (std::size_t i = begin; i < std::min(begin + kSequencesAtOnce, sequences.size()); ++i)
            sql += (sql.empty() ? "" : " UNION ALL ") + select_value(sequences[i]->name, i);
        const auto rows = connection_.exec(sql);
        for (int row = 0; row < rows.rows(); ++row) {
            auto &properties = sequences[rows.number<std::size_t>(row, 0)]->properties;
            properties["last value"] = rows.str(row, 1);
            properties["is called"] = value_of(rows, row, 2);
        }
    }

    void read_sequence_values() {
        std::vector<Object *> readable;
        for (auto &[name, sequence] : catalog_.objects["sequence"])
            if (sequence.facts["readable"] == "true")
                readable.push_back(&sequence);
        for (std::size_t begin = 0; begin < readable.size(); begin += kSequencesAtOnce)
            attempt("sequence", [&] { read_values_from(readable, begin); });
    }

    void note_own() {
        const auto rows = connection_.exec(
            "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
            " WHERE e.extname = 'custody'");
        if (rows.rows() > 0)
            catalog_.notes.push_back(
                fmt::format("not compared: the extension custody on the {}, with all that is in "
                            "its schema \"{}\", its event triggers and its roles",
                            side_, rows.str(0, 0)));
        // Its bytes are judged by custody.verify_ledger() and custody audit verify-bundle.
        if (connection_.exec("SELECT to_regnamespace('custody_ledger') IS NOT NULL").boolean(0, 0))
            catalog_.notes.push_back(
                fmt::format("not compared: the audit ledger on the {}", side_));
    }

    pq::Connection &connection_;
    std::string side_;
    Catalog catalog_;
};

/// How many objects of a kind have this value of a fact.
std::int64_t count_of(const Catalog &catalog, const std::string &kind, const std::string &fact,
                      const std::string &value) {
    const auto found = catalog.objects.find(kind);
    if (found == catalog.objects.end())
        return 0;
    return std::count_if(found->second.begin(), found->second.end(),
                         [&](const auto &entry) { return entry.second.facts.at(fact) == value; });
}

} // namespace

void note_hidden(Catalog &catalog, const std::string &side) {
    const auto note = [&](const char *kind, std::int64_t number, const char *what) {
        if (number > 0)
            catalog.unread.push_back(
                {kind, side, fmt::format("role \"{}\" {}: {}", catalog.user, what, number)});
    };
    note("sequence", count_of(catalog, "sequence", "readable", "false"),
         "may not read the values, number of sequences");
    note("user mapping", count_of(catalog, "user mapping", "hidden", "true"),
         "is not shown the options, number of mappings");
}

Catalog read(pq::Connection &connection, const std::string &side) {
    return Reader(connection, side).read();
}

} // namespace custody::compare
