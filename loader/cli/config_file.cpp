#include "loader/cli/config_file.hpp"

#include <sys/stat.h>

#include <system_error>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <toml++/toml.h>

#include "loader/cli/names.hpp"
#include "loader/cli/parse.hpp"
#include "loader/cli/values.hpp"
#include "loader/core/error.hpp"
#include "loader/core/file.hpp"

namespace custody::cli {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;

class Reader {
  public:
    Reader(std::string path, Options &options) : path_(std::move(path)), options_(options) {}

    void read() {
        const toml::table root = parsed();
        for (const auto &[key, node] : root) {
            const std::string name(key.str());
            // TOML allows a key once: "tables" is for the list beside sections of single tables.
            if (name == "tables" || (name == "table" && (node.is_array() || node.is_string())))
                read_option("table", node);
            else if (name == "table")
                read_tables(node, name);
            else if (name == "map")
                read_map(node, name);
            else if ((name == "source" || name == "target") && node.is_table())
                set(*find_option(name), {conninfo(*node.as_table(), name)}, node);
            else
                read_option(name, node);
        }
    }

  private:
    std::string at(const toml::node &node) const {
        return fmt::format("{} line {}", path_, node.source().begin.line);
    }

    [[noreturn]] void fail(const toml::node &node, const std::string &message,
                           const std::string &hint = {}) const {
        throw Error(Exit::usage, "invalid-config", fmt::format("{}: {}", at(node), message), {},
                    hint);
    }

    std::string whole_text() const {
        std::string why = "it is too large";
        try {
            if (std::string text = read_file(path_); text.size() <= kMostBytes)
                return text;
        } catch (const std::system_error &error) {
            why = error.code().message();
        }
        throw Error(Exit::usage, "invalid-config",
                    fmt::format("could not read the configuration file \"{}\"", path_), why,
                    "name a TOML file that can be read, with --config or CUSTODY_CONFIG");
    }

    toml::table parsed() const {
        const std::string text = whole_text();
        try {
            return toml::parse(text, path_);
        } catch (const toml::parse_error &error) {
            throw Error(Exit::usage, "invalid-config",
                        fmt::format("{} line {}: not valid TOML", path_, error.source().begin.line),
                        std::string(error.description()),
                        "strings need quotes, and a key may stand only once");
        }
    }

    const toml::table &table_of(const toml::node &node, const std::string &name) const {
        if (!node.is_table())
            fail(node, fmt::format("\"{}\" must be a table", name),
                 fmt::format("write [{}]", name));
        return *node.as_table();
    }

    /// The text of a scalar as the command line would have it.
    std::string scalar(const toml::node &node, const std::string &name) const {
        if (const auto text = node.value_exact<std::string>())
            return *text;
        if (const auto flag = node.value_exact<bool>())
            return *flag ? "true" : "false";
        if (const auto number = node.value_exact<std::int64_t>())
            return std::to_string(*number);
        fail(node, fmt::format("\"{}\" must be a string, a whole number or a boolean", name));
    }

    void set(const Option &option, const std::vector<std::string> &values,
             const toml::node &node) const {
        assign(options_, option, values, fmt::format("\"{}\" in {}", option.name, at(node)));
    }

    void read_option(const std::string &name, const toml::node &node) const {
        const Option *option = find_option(name);
        if (option == nullptr || option->from != From::everywhere)
            fail(node, fmt::format("unknown key \"{}\"", name), unknown_hint(name));
        std::vector<std::string> values;
        if (const auto *list = node.as_array(); list != nullptr && option->repeats()) {
            for (const auto &element : *list)
                values.push_back(scalar(element, name));
        } else {
            values.push_back(scalar(node, name));
        }
        set(*option, values, node);
    }

    static std::string unknown_hint(const std::string &name) {
        if (name == "where" || name == "cast")
            return fmt::format("write it under [table.\"schema.table\"], as {}",
                               name == "where" ? "where = \"...\"" : "cast.column = \"type\"");
        const Option *option = find_option(name);
        if (option != nullptr && !option->hidden)
            return fmt::format("--{} can only be given on the command line", name);
        std::vector<std::string> known{"tables", "map"};
        for (const auto &candidate : kOptions)
            if (candidate.from == From::everywhere)
                known.emplace_back(candidate.name);
        const std::string meant = nearest(name, known);
        return meant.empty() ? "the keys are the long names of the options"
                             : fmt::format("did you mean \"{}\"?", meant);
    }

    void read_map(const toml::node &node, const std::string &name) const {
        for (const auto &[from, to] : table_of(node, name))
            set(*find_option("map"), {pair_text(from.str(), scalar(to, "map"))}, to);
    }

    /// The name as a pair's left side. A bare name stays as it is, so that it may be dotted.
    static std::string pair_text(std::string_view name, const std::string &value) {
        return std::string(name) + "=" + value;
    }

    void read_tables(const toml::node &node, const std::string &name) const {
        for (const auto &[table, settings] : table_of(node, name)) {
            for (const auto &[key, value] : table_of(settings, "table." + name_of(table.str()))) {
                if (key == "where")
                    set(*find_option("where"), {pair_text(table.str(), scalar(value, "where"))},
                        value);
                else if (key == "target")
                    set(*find_option("map"), {pair_text(table.str(), scalar(value, "target"))},
                        value);
                else if (key == "cast")
                    read_casts(table.str(), value);
                else
                    fail(value, fmt::format("unknown key \"{}\"", key.str()), table_hint(key));
            }
        }
    }

    static std::string name_of(std::string_view table) { return fmt::format("\"{}\"", table); }

    static std::string table_hint(const toml::key &key) {
        const std::string meant = nearest(key.str(), {"where", "target", "cast"});
        return meant.empty() ? "the keys of a table are where, target and cast"
                             : fmt::format("did you mean \"{}\"?", meant);
    }

    void read_casts(std::string_view table, const toml::node &node) const {
        for (const auto &[column, type] : table_of(node, "cast")) {
            std::string quoted;
            for (const char c : column.str())
                quoted += c == '"' ? "\"\"" : std::string(1, c);
            set(*find_option("cast"),
                {fmt::format("{}.\"{}\"={}", table, quoted, scalar(type, "cast"))}, type);
        }
    }

    /// A conninfo string from libpq's keywords.
    std::string conninfo(const toml::table &table, const std::string &name) const {
        std::string text;
        for (const auto &[key, value] : table) {
            if (key == "password" || key == "sslpassword")
                fail(value, fmt::format("a {} does not belong into this file", key.str()),
                     "use passfile, service, ~/.pgpass or PGPASSWORD");
            check_keyword(std::string(key.str()), value, name);
            std::string quoted;
            for (const char c : scalar(value, std::string(key.str()))) {
                if (c == '\'' || c == '\\')
                    quoted += '\\';
                quoted += c;
            }
            text += fmt::format("{}{}='{}'", text.empty() ? "" : " ", key.str(), quoted);
        }
        return text;
    }

    void check_keyword(const std::string &key, const toml::node &node,
                       const std::string &name) const {
        const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> known(PQconndefaults(),
                                                                                 &PQconninfoFree);
        std::vector<std::string> keywords;
        for (const auto *option = known.get(); option != nullptr && option->keyword; ++option) {
            if (key == option->keyword)
                return;
            keywords.emplace_back(option->keyword);
        }
        const std::string meant = nearest(key, keywords);
        fail(node, fmt::format("unknown key \"{}\" in [{}]", key, name),
             meant.empty() ? "the keys are libpq's connection keywords"
                           : fmt::format("did you mean \"{}\"?", meant));
    }

    std::string path_;
    Options &options_;
};

bool others_can_read(const std::string &path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

} // namespace

void read_config(const std::string &path, Options &options, std::vector<std::string> &warnings) {
    Reader(path, options).read();
    if ((holds_password(options.source) || holds_password(options.target)) && others_can_read(path))
        warnings.push_back(
            fmt::format("the configuration file \"{}\" holds a password and others can read it; "
                        "use ~/.pgpass or a service file",
                        path));
}

} // namespace custody::cli
