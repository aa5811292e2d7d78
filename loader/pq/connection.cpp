#include "loader/pq/connection.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "loader/pq/secrets.hpp"

namespace custody::pq {
namespace {

// Open connections, so that a signal can cancel what they run.
std::mutex registry_mutex;
std::set<PGconn *> registry;

std::string field(const PGresult *result, int code) {
    const char *value = result != nullptr ? PQresultErrorField(result, code) : nullptr;
    return value != nullptr ? value : "";
}

std::string trimmed(std::string text) {
    constexpr const char *kBlank = " \t\n";
    text.erase(text.find_last_not_of(kBlank) + 1);
    text.erase(0, text.find_first_not_of(kBlank));
    return text;
}

bool is_connection_state(const std::string &state) {
    return state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03";
}

} // namespace

SqlError::SqlError(Exit exit, std::string sqlstate, const std::string &message, std::string detail,
                   std::string hint, std::string context, std::string query, bool connection_lost)
    : Error(exit, connection_lost ? "connection-lost" : "server-error", message, std::move(detail),
            std::move(hint)),
      sqlstate_(std::move(sqlstate)), context_(std::move(context)), query_(std::move(query)),
      connection_lost_(connection_lost) {}

bool SqlError::retryable() const {
    return connection_lost_ || is_connection_state(sqlstate_) || sqlstate_ == "53300";
}

void Result::bad_number(std::string_view text) {
    throw Error(Exit::partial, "unexpected-answer",
                fmt::format("expected a number from the server, got \"{}\"", text));
}

int Result::column(const char *name) const {
    const int number = PQfnumber(result_.get(), name);
    if (number < 0)
        throw Error(Exit::partial, "unexpected-answer",
                    fmt::format("the server's answer has no column \"{}\"", name));
    return number;
}

std::int64_t Result::affected() const {
    const std::string_view tuples = PQcmdTuples(result_.get());
    std::int64_t value = 0;
    std::from_chars(tuples.data(), tuples.data() + tuples.size(), value);
    return value;
}

void Connection::Finish::operator()(PGconn *conn) const {
    {
        const std::lock_guard lock(registry_mutex);
        registry.erase(conn);
    }
    PQfinish(conn);
}

Connection::Connection(PGconn *conn) : conn_(conn) {
    const std::lock_guard lock(registry_mutex);
    registry.insert(conn);
}

Connection::Connection(Connection &&) noexcept = default;
Connection &Connection::operator=(Connection &&) noexcept = default;
Connection::~Connection() = default;

void Connection::refuse(const std::string &words, std::string_view side) {
    // What libpq asks on a line of its own goes into the detail.
    const auto end = std::min(words.find('\n'), words.size());
    std::string message = words.substr(0, end);
    if (!side.empty())
        message = fmt::format("could not connect to the {}: {}", side, message);
    throw SqlError(Exit::connection, "", message, trimmed(words.substr(end)),
                   "check host, port, database, user and password (PGPASSWORD, .pgpass or the "
                   "connection string), and the server's pg_hba.conf",
                   "", "", true);
}

Connection Connection::open(const std::string &conninfo, const std::string &application_name,
                            std::string_view side) {
    // expand_dbname lets "dbname" carry the whole URI or conninfo string.
    const char *const keywords[] = {"dbname", "fallback_application_name", "client_encoding",
                                    nullptr};
    const char *const values[] = {conninfo.c_str(), application_name.c_str(), "UTF8", nullptr};
    PGconn *raw = PQconnectdbParams(keywords, values, 1);
    if (raw == nullptr)
        throw std::bad_alloc();
    Connection connection(raw);
    if (PQstatus(raw) != CONNECTION_OK)
        refuse(without_secrets(trimmed(PQerrorMessage(raw)), conninfo), side);
    PQsetNoticeReceiver(
        raw, [](void *, const PGresult *) {}, nullptr);
    return connection;
}

void Connection::fail(const PGresult *result, const std::string &query) const {
    const bool lost = PQstatus(conn_.get()) != CONNECTION_OK;
    std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty())
        message = trimmed(PQerrorMessage(conn_.get()));
    if (message.empty())
        message = "the server closed the connection without a message";
    throw SqlError(lost ? Exit::connection : Exit::partial, field(result, PG_DIAG_SQLSTATE),
                   message, field(result, PG_DIAG_MESSAGE_DETAIL),
                   field(result, PG_DIAG_MESSAGE_HINT), field(result, PG_DIAG_CONTEXT), query,
                   lost);
}

Result Connection::exec(const std::string &sql) {
    Result result(PQexec(conn_.get(), sql.c_str()));
    const auto status = PQresultStatus(result.raw());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
        fail(result.raw(), sql);
    return result;
}

Result Connection::query(const std::string &sql, std::span<const Param> params) {
    std::vector<const char *> values;
    values.reserve(params.size());
    for (const auto &param : params)
        values.push_back(param ? param->c_str() : nullptr);
    Result result(PQexecParams(conn_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                               values.data(), nullptr, nullptr, 0));
    const auto status = PQresultStatus(result.raw());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail(result.raw(), sql);
    return result;
}

void Connection::copy_out(const std::string &sql) {
    const Result result(PQexec(conn_.get(), sql.c_str()));
    if (PQresultStatus(result.raw()) != PGRES_COPY_OUT)
        fail(result.raw(), sql);
}

void Connection::copy_in(const std::string &sql) {
    const Result result(PQexec(conn_.get(), sql.c_str()));
    if (PQresultStatus(result.raw()) != PGRES_COPY_IN)
        fail(result.raw(), sql);
}

std::string Connection::identifier(std::string_view name) const {
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
        PQescapeIdentifier(conn_.get(), name.data(), name.size()), &PQfreemem);
    if (!quoted)
        fail(nullptr, "");
    return quoted.get();
}

std::string Connection::literal(std::string_view value) const {
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
        PQescapeLiteral(conn_.get(), value.data(), value.size()), &PQfreemem);
    if (!quoted)
        fail(nullptr, "");
    return quoted.get();
}

std::string Connection::description() const {
    const auto text = [](const char *value) { return std::string(value != nullptr ? value : ""); };
    return fmt::format("{}:{}/{}", text(PQhost(conn_.get())), text(PQport(conn_.get())),
                       text(PQdb(conn_.get())));
}

void cancel_all() noexcept {
    const std::lock_guard lock(registry_mutex);
    for (PGconn *conn : registry) {
        PGcancel *cancel = PQgetCancel(conn);
        if (cancel == nullptr)
            continue;
        char error[256];
        // A request that fails has nothing to cancel or reports itself on the connection.
        PQcancel(cancel, error, sizeof error);
        PQfreeCancel(cancel);
    }
}

std::string quote_identifier(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"')
            quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string qualified(std::string_view schema, std::string_view name) {
    return quote_identifier(schema) + "." + quote_identifier(name);
}

std::string array_literal(std::span<const std::string> values) {
    std::string text = "{";
    for (const auto &value : values) {
        if (text.size() > 1)
            text += ',';
        text += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\')
                text += '\\';
            text += c;
        }
        text += '"';
    }
    return text + "}";
}

std::vector<std::string> parse_array(std::string_view text) {
    std::vector<std::string> values;
    if (text.size() < 2 || text.front() != '{' || text.back() != '}')
        throw Error(Exit::partial, "unexpected-answer",
                    fmt::format("expected an array from the server, got \"{}\"", text));
    text = text.substr(1, text.size() - 2);
    std::size_t at = 0;
    while (at < text.size()) {
        std::string value;
        if (text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\' && at + 1 < text.size())
                    ++at;
                value += text[at];
            }
            ++at;
        } else {
            for (; at < text.size() && text[at] != ','; ++at)
                value += text[at];
            if (value == "NULL")
                value.clear();
        }
        values.push_back(std::move(value));
        ++at; // the comma
    }
    return values;
}

} // namespace custody::pq
