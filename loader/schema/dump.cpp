#include "loader/schema/dump.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "loader/core/log.hpp"
#include "loader/schema/child.hpp"

namespace custody::schema {
namespace {

namespace fs = std::filesystem;

/// Directories that may hold the programs, without repetition, in order of preference.
std::vector<std::string> directories() {
    if (const char *chosen = std::getenv("CUSTODY_PG_BIN"))
        return {chosen};
    std::vector<std::string> found;
    std::error_code ignored;
    for (const char *root : {"/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt"})
        for (fs::directory_iterator at(root, ignored), end; !ignored && at != end;
             at.increment(ignored))
            found.push_back((at->path() / "bin").string());
    for (fs::directory_iterator at("/usr", ignored), end; !ignored && at != end;
         at.increment(ignored))
        if (at->path().filename().string().starts_with("pgsql-"))
            found.push_back((at->path() / "bin").string());
    std::sort(found.begin(), found.end());
    const char *variable = std::getenv("PATH");
    std::string_view path = variable != nullptr ? variable : "";
    while (!path.empty()) {
        const auto colon = std::min(path.find(':'), path.size());
        if (colon > 0)
            found.emplace_back(path.substr(0, colon));
        path.remove_prefix(std::min(colon + 1, path.size()));
    }
    return found;
}

/// The version in "pg_dump (PostgreSQL) 15.20 (Debian ...)"; "" when it is none.
std::string version_in(std::string_view text) {
    const auto start = text.find(") ");
    if (start == std::string_view::npos)
        return "";
    text.remove_prefix(start + 2);
    return std::string(text.substr(0, text.find_first_of(" \n")));
}

std::vector<Programs> installed(const Stop &stop) {
    std::vector<Programs> all;
    for (const auto &directory : directories()) {
        Programs programs{directory + "/pg_dump", directory + "/pg_restore", 0, ""};
        if (access(programs.dump.c_str(), X_OK) != 0 || access(programs.restore.c_str(), X_OK) != 0)
            continue;
        const auto answer = run_child({programs.dump, "--version"}, {}, "", stop);
        programs.version = version_in(answer.out);
        programs.major = std::atoi(programs.version.c_str());
        if (answer.status == 0 && programs.major > 0)
            all.push_back(std::move(programs));
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto &a, const auto &b) { return a.major < b.major; });
    return all;
}

std::string conninfo_value(std::string_view value) {
    std::string quoted = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

struct Access {
    std::string conninfo;                 // without a secret
    std::vector<std::string> environment; // with it
};

/// What another process needs to reach the very server that the connection is on.
Access access_of(const pq::Connection &connection) {
    PGconn *conn = connection.raw();
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(conn),
                                                                               &PQconninfoFree);
    if (!options)
        throw std::bad_alloc();
    Access access;
    const auto add = [&](std::string_view name, std::string_view value) {
        access.conninfo +=
            fmt::format("{}{}={}", access.conninfo.empty() ? "" : " ", name, conninfo_value(value));
    };
    for (const auto *option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view name = option->keyword;
        std::string_view value = option->val != nullptr ? option->val : "";
        if (name == "sslpassword" && !value.empty())
            throw Error(Exit::usage, "sslpassword-unsupported",
                        "pg_dump cannot be given the password of a client key safely",
                        "the connection uses \"sslpassword\"",
                        "use a client key without a passphrase, readable by you only");
        // A list of hosts was decided when we connected; the service is already expanded.
        if (name == "host")
            value = PQhost(conn);
        else if (name == "port")
            value = PQport(conn);
        else if (name == "hostaddr" && value.find(',') != std::string_view::npos)
            value = PQhostaddr(conn);
        if (value.empty() || (option->compiled != nullptr && value == option->compiled) ||
            name == "password" || name == "service" || name == "client_encoding" ||
            name == "replication" || name == "target_session_attrs" || name == "load_balance_hosts")
            continue;
        add(name, value);
    }
    const char *password = PQpass(conn);
    if (password != nullptr && *password != '\0')
        access.environment.push_back(fmt::format("PGPASSWORD={}", password));
    return access;
}

[[noreturn]] void failed(const std::string &program, const ChildResult &result) {
    auto said = result.err;
    while (!said.empty() && said.back() == '\n')
        said.pop_back();
    throw Error(Exit::refused, "pg-dump-failed",
                fmt::format("\"{}\" ended with status {}", program, result.status), said,
                "the role needs USAGE on every schema and SELECT on every table that is dumped; "
                "leave out the others with --exclude-schema");
}

/// A file in memory for pg_restore's --use-list.
class MemoryFile {
  public:
    explicit MemoryFile(const std::string &content) : fd_(memfd_create("custody", MFD_CLOEXEC)) {
        if (fd_ < 0 ||
            ::write(fd_, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
            throw Error(Exit::refused, "child-failed", "could not write a list for pg_restore");
        lseek(fd_, 0, SEEK_SET);
    }
    MemoryFile(const MemoryFile &) = delete;
    MemoryFile &operator=(const MemoryFile &) = delete;
    ~MemoryFile() { ::close(fd_); }
    int fd() const { return fd_; }
    std::string path() const { return fmt::format("/dev/fd/{}", fd_); }

  private:
    int fd_;
};

std::vector<std::string> restore_command(const Programs &programs, const DumpOptions &options) {
    std::vector<std::string> argv{programs.restore, "-f", "-"};
    if (options.no_owner)
        argv.emplace_back("--no-owner");
    return argv;
}

/// Slow and certain: one call for each entry.
void text_one_by_one(const Programs &programs, const std::string &archive,
                     const DumpOptions &options, std::vector<Entry> &entries, const Stop &stop) {
    for (auto &entry : entries) {
        const MemoryFile list(fmt::format("{};\n", entry.dump_id));
        auto argv = restore_command(programs, options);
        argv.insert(argv.end(), {"-L", list.path()});
        const auto result = run_child(argv, {}, archive, stop, list.fd());
        if (result.status != 0)
            failed(programs.restore, result);
        entry.sql = script_of_one(result.out, entry);
    }
}

} // namespace

Programs find_programs(int source_version, int target_version, const Stop &stop) {
    const auto all = installed(stop);
    const int source = source_version / 10000, target = target_version / 10000;
    for (const auto &programs : all)
        if (programs.major >= std::max(source, target))
            return programs;
    if (!all.empty() && all.back().major >= source)
        return all.back();
    const auto hint = fmt::format("install postgresql-client-{}, or name the directory that holds "
                                  "its programs in CUSTODY_PG_BIN; or make the schema on the "
                                  "target by other means and use --no-schema",
                                  source);
    if (all.empty())
        throw Error(Exit::refused, "pg-dump-missing", "found no pg_dump and pg_restore", "", hint);
    throw Error(
        Exit::refused, "pg-dump-too-old",
        fmt::format("no pg_dump here can read a server of version {}", source),
        fmt::format("the newest is \"{}\", version {}", all.back().dump, all.back().version), hint);
}

std::vector<Entry> dump_entries(const Programs &programs, const pq::Connection &connection,
                                const DumpOptions &options, const Stop &stop) {
    auto access = access_of(connection);
    // A role's timeouts must not end a dump, nor its settings change the text.
    std::vector<std::string> argv{
        programs.dump,     "-Fc",          "-Z0", "--section=pre-data", "--section=post-data",
        "--encoding=UTF8", "--no-password"};
    if (!options.snapshot.empty())
        argv.push_back("--snapshot=" + options.snapshot);
    if (options.quote_all_identifiers)
        argv.emplace_back("--quote-all-identifiers");
    for (const auto &schema : options.exclude_schemas)
        argv.push_back("--exclude-schema=" + schema);
    for (const auto &table : options.exclude_tables)
        argv.push_back("--exclude-table=" + table);
    argv.insert(argv.end(), {"-d", access.conninfo});
    const auto dump = run_child(argv, access.environment, "", stop);
    if (dump.status != 0)
        failed(programs.dump, dump);
    auto entries = read_archive(dump.out);

    auto restore = restore_command(programs, options);
    restore.emplace_back("--verbose");
    const auto script = run_child(restore, {}, dump.out, stop);
    if (script.status != 0)
        failed(programs.restore, script);
    if (!split_script(script.out, entries)) {
        log::debug("the script of pg_restore is ambiguous: asking for each entry by itself");
        text_one_by_one(programs, dump.out, options, entries, stop);
    }
    return entries;
}

} // namespace custody::schema
