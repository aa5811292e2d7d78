// A libpq connection and its results, owned and closed by their objects.
// Not thread-safe: one thread uses a Connection at a time; only cancel_all() may come from another.
#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "loader/core/error.hpp"

namespace custody::pq {

/// An error a server (or the connection) reported.
class SqlError : public Error {
  public:
    SqlError(Exit exit, std::string sqlstate, const std::string &message, std::string detail,
             std::string hint, std::string context, std::string query, bool connection_lost);

    /// Five characters; "" when libpq itself failed.
    const std::string &sqlstate() const { return sqlstate_; }
    const std::string &context() const { return context_; }
    const std::string &query() const { return query_; }
    bool connection_lost() const { return connection_lost_; }
    /// There never was a connection: Connection::open() failed.
    bool could_not_connect() const { return connection_lost_ && query_.empty(); }
    /// Worth another try on a new connection: lost, 57P01 to 57P03, 53300, 08xxx.
    bool retryable() const;

  private:
    std::string sqlstate_;
    std::string context_;
    std::string query_;
    bool connection_lost_;
};

/// One result set. Views returned by text() live as long as the Result.
class Result {
  public:
    explicit Result(PGresult *result) : result_(result) {}

    int rows() const { return PQntuples(result_.get()); }
    int columns() const { return PQnfields(result_.get()); }
    bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    /// "" for NULL.
    std::string_view text(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    std::string str(int row, int column) const { return std::string(text(row, column)); }
    std::optional<std::string> optional(int row, int column) const {
        return is_null(row, column) ? std::nullopt : std::optional(str(row, column));
    }
    bool boolean(int row, int column) const { return text(row, column) == "t"; }
    /// 0 for NULL; throws Error when the text is not a number of type T.
    template <typename T = std::int64_t> T number(int row, int column) const {
        T value{};
        const auto s = text(row, column);
        if (s.empty())
            return value;
        const auto [end, err] = std::from_chars(s.data(), s.data() + s.size(), value);
        if (err != std::errc() || end != s.data() + s.size())
            bad_number(s);
        return value;
    }
    /// Number of the result's column of this name; throws Error when there is none.
    int column(const char *name) const;
    /// Rows that an INSERT, UPDATE, DELETE, COPY or SELECT reported.
    std::int64_t affected() const;
    PGresult *raw() const { return result_.get(); }

  private:
    [[noreturn]] static void bad_number(std::string_view text);
    struct Clear {
        void operator()(PGresult *r) const { PQclear(r); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

using Param = std::optional<std::string>;

class Connection {
  public:
    /// Connects with a libpq URI or conninfo string, passed through untouched. The application
    /// name is set as fallback_application_name. Throws SqlError with Exit::connection, whose
    /// message names the `side` ("source", "target") where one is given.
    static Connection open(const std::string &conninfo, const std::string &application_name,
                           std::string_view side = {});

    Connection(Connection &&) noexcept;
    Connection &operator=(Connection &&) noexcept;
    ~Connection();

    /// Simple protocol: one or more statements without parameters; returns the last result.
    Result exec(const std::string &sql);
    /// One statement with text parameters ($1, ...).
    Result query(const std::string &sql, std::span<const Param> params);
    template <typename... Args> Result query(const std::string &sql, Args &&...args) {
        const std::vector<Param> params{Param(std::forward<Args>(args))...};
        return query(sql, std::span<const Param>(params));
    }
    /// Starts a COPY; throws unless the server answers with the expected COPY state.
    void copy_out(const std::string &sql);
    void copy_in(const std::string &sql);

    /// Quoted by libpq under this connection's encoding.
    std::string identifier(std::string_view name) const;
    std::string literal(std::string_view value) const;

    int server_version() const { return PQserverVersion(conn_.get()); }
    int backend_pid() const { return PQbackendPID(conn_.get()); }
    bool alive() const { return PQstatus(conn_.get()) == CONNECTION_OK; }
    bool in_transaction() const { return PQtransactionStatus(conn_.get()) != PQTRANS_IDLE; }
    /// "host:port/database" for messages and reports; never a password.
    std::string description() const;
    /// Bytes of the buffers libpq keeps for good; grows with the longest row.
    PGconn *raw() const { return conn_.get(); }

    /// Throws the connection's or the result's error as SqlError.
    [[noreturn]] void fail(const PGresult *result, const std::string &query) const;

  private:
    explicit Connection(PGconn *conn);
    [[noreturn]] static void refuse(const std::string &words, std::string_view side);
    struct Finish {
        void operator()(PGconn *conn) const;
    };
    std::unique_ptr<PGconn, Finish> conn_;
};

/// Sends a cancel request for whatever every open connection runs. Any thread may call it.
void cancel_all() noexcept;

/// Quoted by the rules of PQescapeIdentifier, without a connection; UTF-8 names only.
std::string quote_identifier(std::string_view name);
/// schema.name, both quoted.
std::string qualified(std::string_view schema, std::string_view name);
/// An array literal in text form, for a parameter of type text[].
std::string array_literal(std::span<const std::string> values);
/// The elements of a one-dimensional array in text form; NULL elements become "".
std::vector<std::string> parse_array(std::string_view text);

} // namespace custody::pq
