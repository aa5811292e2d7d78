// Attacks before the first statement, and by COPY.
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "loader/probe/login.hpp"
#include "loader/probe/outside.hpp"

namespace custody::probe {
namespace {

/// PGOPTIONS for the connections of a scope: the same words as options= of a connection string.
class ClientOptions {
  public:
    explicit ClientOptions(const std::string &text) {
        if (const char *before = std::getenv("PGOPTIONS"))
            before_ = before;
        setenv("PGOPTIONS", text.c_str(), 1);
    }
    ~ClientOptions() {
        if (before_)
            setenv("PGOPTIONS", before_->c_str(), 1);
        else
            unsetenv("PGOPTIONS");
    }
    ClientOptions(const ClientOptions &) = delete;
    ClientOptions &operator=(const ClientOptions &) = delete;

  private:
    std::optional<std::string> before_;
};

std::string option_word(const std::string &text) {
    std::string word;
    for (const char c : text) {
        if (c == ' ' || c == '\\')
            word += '\\';
        word += c;
    }
    return word;
}

/// A field of COPY's text format.
std::string copied(const std::string &text) {
    std::string field;
    for (const char c : text) {
        if (c == '\\' || c == '\t' || c == '\n')
            field += '\\';
        field += c == '\t' ? 't' : c == '\n' ? 'n' : c;
    }
    return field;
}

/// The lines of a COPY that are not `own`, and all of them; stops at 10000.
std::pair<long, long> lines(PGconn *connection, const std::string &own) {
    long others = 0;
    long all = 0;
    char *data = nullptr;
    int size = 0;
    while ((size = PQgetCopyData(connection, &data, 0)) > 0) {
        std::string_view line(data, static_cast<std::size_t>(size));
        if (!line.empty() && line.back() == '\n')
            line.remove_suffix(1);
        others += line != own;
        ++all;
        PQfreemem(data);
    }
    while (PGresult *result = PQgetResult(connection))
        PQclear(result);
    return {others, all};
}

} // namespace

void Outside::startup(const std::string &attack, const std::string &name, const std::string &value,
                      bool enters) {
    auto &finding = found(attack, fmt::format("PGOPTIONS=-c {}={}", name, value));
    if (seen_.empty()) {
        finding.detail = "no table in which the role sees its own rows";
        return;
    }
    const ClientOptions options("-c custody_probe.reached=yes -c " + name + "=" +
                                option_word(value));
    try {
        auto connection = login();
        const Outcome reached =
            attempt(connection, "select current_setting('custody_probe.reached', true)");
        if (reached.value != "yes") {
            finding.detail = "the options did not reach the server: the connection string has "
                             "others, or something in between drops them";
            return;
        }
        if (enters)
            begin(connection, seen_.front());
        else
            become(connection, "set role ");
        judge(finding, connection, seen_, enters);
    } catch (const pq::SqlError &error) {
        finding.detail = error.what() + (error.detail().empty() ? "" : ": " + error.detail());
        // The same login works without the options: it is them that the server refuses.
        finding.sqlstate = login_sqlstate(options_.role_conninfo);
        finding.verdict = finding.sqlstate == "42501" ? "held" : "inconclusive";
    }
}

void Outside::copies() {
    for (const auto &table : seen_) {
        const std::string statement = fmt::format("COPY (SELECT {} FROM {} LIMIT 10000) TO STDOUT",
                                                  table.exact, table.object);
        auto &to = found("copy_to", statement, table.object);
        auto connection = login();
        begin(connection, table);
        try {
            connection.copy_out(statement);
            const auto [others, all] = lines(connection.raw(), copied(table.own));
            to.verdict = others > 0 ? "leak" : all > 0 ? "held" : "inconclusive";
            to.detail = fmt::format("{} rows, {} of others", all, others);
        } catch (const pq::SqlError &error) {
            judge_error(to, {error.sqlstate(), error.what(), error.context(), 0, ""});
        }
        // Refused as long as row security is active for the role, whatever the rows; none is sent.
        auto &from =
            found("copy_from", fmt::format("COPY {} FROM STDIN", table.object), table.object);
        auto writer = login();
        begin(writer, table);
        try {
            writer.copy_in(from.statement);
            PQputCopyEnd(writer.raw(), "custody probe");
            from.verdict = "leak";
            from.detail = "the server takes rows that row security does not look at";
        } catch (const pq::SqlError &error) {
            judge_error(from, {error.sqlstate(), error.what(), error.context(), 0, ""});
            if (error.sqlstate() == "0A000")
                from.verdict = "held"; // "COPY FROM not supported with row-level security"
        }
    }
}

} // namespace custody::probe
