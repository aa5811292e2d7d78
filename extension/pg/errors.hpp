// The exceptions that cross the boundary, and how C++ raises or reports something in SQL.
//
// From C++ (objects alive, inside CUSTODY_FUNCTION):
//     throw pg::Error(ERRCODE_WRONG_OBJECT_TYPE, "cannot scan " + name)
//         .detail("it is a view")
//         .hint("name its base tables instead");
// The boundary turns it into the server's ERROR after the last destructor ran. Texts are in the
// database encoding. std::bad_alloc becomes ERRCODE_OUT_OF_MEMORY, any other exception XX000.
// From plain C-style code (no object with a destructor alive up to the next guard): raise().
// A caught ServerError may be looked at, but must be thrown on: its transaction is broken.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::pg {

/// Where an error was raised, for log_error_verbosity = verbose. As a default argument it is the
/// caller's place. (Not std::source_location: clang before 15 cannot read the library's.)
struct Place {
    const char *file;
    const char *function;
    int line;

    static constexpr Place here(const char *file = __builtin_FILE(),
                                const char *function = __builtin_FUNCTION(),
                                int line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

/// An error that C++ found. Owns its texts.
class Error : public std::exception {
  public:
    Error(int sqlstate, std::string message, Place where = Place::here())
        : sqlstate_(sqlstate), message_(std::move(message)), where_(where) {}

    Error &&detail(std::string text) && {
        detail_ = std::move(text);
        return std::move(*this);
    }
    /// Goes to the server's log in place of the detail, and to no client.
    Error &&log_detail(std::string text) && {
        log_detail_ = std::move(text);
        return std::move(*this);
    }
    Error &&hint(std::string text) && {
        hint_ = std::move(text);
        return std::move(*this);
    }

    int sqlstate() const noexcept { return sqlstate_; }
    const char *what() const noexcept override { return message_.c_str(); }
    const std::string &detail_text() const noexcept { return detail_; }
    const std::string &log_detail_text() const noexcept { return log_detail_; }
    const std::string &hint_text() const noexcept { return hint_; }
    const Place &where() const noexcept { return where_; }

  private:
    int sqlstate_;
    std::string message_, detail_, log_detail_, hint_;
    Place where_;
};

/// An ERROR of the server, on its way through C++ frames. Holds a full copy of the ErrorData
/// outside all memory contexts, so that contexts may be deleted while it unwinds.
class ServerError : public std::exception {
  public:
    /// `data` was allocated by copy_error_data with malloc.
    explicit ServerError(std::shared_ptr<const ErrorData> data) noexcept : data_(std::move(data)) {}

    int sqlstate() const noexcept { return data_->sqlerrcode; }
    const char *what() const noexcept override { return data_->message ? data_->message : ""; }
    const ErrorData &data() const noexcept { return *data_; }

  private:
    std::shared_ptr<const ErrorData> data_;
};

/// Raises an ERROR from plain C-style code; the texts are copied. Jumps: no object with a
/// destructor may be alive between here and the next guard.
[[noreturn]] void raise(int sqlstate, const char *message, const char *detail = nullptr,
                        const char *hint = nullptr, Place where = Place::here());

/// Reports below ERROR (NOTICE, WARNING, LOG, DEBUG1, ...). Guarded: a report checks for
/// interrupts, so it may throw ServerError.
void report(int level, int sqlstate, const std::string &message, const std::string &detail = {},
            const std::string &hint = {});

/// Takes the error on top of the server's error stack off it and throws it as ServerError.
/// Only the guard calls it.
[[noreturn]] void throw_pending_error();

/// Describes the exception being handled as an ErrorData that needs no destructor, in
/// ErrorContext. Neither throws nor jumps. Only the boundary calls it, inside a catch block.
struct Outcome {
    ErrorData *data;
    bool from_server; // rethrow as it is, do not collect context again
};
Outcome describe_current_exception() noexcept;

/// Raises what describe_current_exception described.
[[noreturn]] void raise(const Outcome &outcome);

} // namespace custody::pg
