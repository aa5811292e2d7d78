#include "extension/pg/errors.hpp"

#include <cstdlib>
#include <cstring>

#include "extension/pg/boundary.hpp"

namespace custody::pg {

namespace {

/// The texts of an ErrorData that need a copy of their own.
constexpr char *ErrorData::*kTexts[] = {
    &ErrorData::message,       &ErrorData::detail,          &ErrorData::detail_log,
    &ErrorData::hint,          &ErrorData::context,         &ErrorData::backtrace,
    &ErrorData::schema_name,   &ErrorData::table_name,      &ErrorData::column_name,
    &ErrorData::datatype_name, &ErrorData::constraint_name, &ErrorData::internalquery,
};

std::size_t flat_size(const ErrorData &data) noexcept {
    std::size_t size = sizeof(ErrorData);
    for (auto text : kTexts) {
        size += data.*text ? std::strlen(data.*text) + 1 : 0;
    }
    return size;
}

/// Copies `data` with its texts into one block of flat_size(data) bytes.
ErrorData *flatten(const ErrorData &data, void *block) noexcept {
    auto *copy = new (block) ErrorData(data);
    char *end = reinterpret_cast<char *>(copy + 1);
    for (auto text : kTexts) {
        if (data.*text != nullptr) {
            const std::size_t length = std::strlen(data.*text) + 1;
            std::memcpy(end, data.*text, length);
            copy->*text = end;
            end += length;
        }
    }
    return copy;
}

/// Where ErrorContext has no room left. The texts are constants: nothing to copy.
ErrorData *out_of_memory() noexcept {
    static ErrorData data;
    data = ErrorData{};
    data.elevel = ERROR;
    data.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
    data.message = const_cast<char *>("out of memory");
    data.filename = __FILE__;
    data.funcname = __func__;
    data.lineno = __LINE__;
    return &data;
}

/// ErrorContext lives until whoever handles the error is done with it, and keeps a reserve.
Outcome keep(const ErrorData &data, bool from_server) noexcept {
    const std::size_t size = flat_size(data);
    void *block = AllocSizeIsValid(size)
                      ? MemoryContextAllocExtended(ErrorContext, size, MCXT_ALLOC_NO_OOM)
                      : nullptr;
    return block ? Outcome{flatten(data, block), from_server} : Outcome{out_of_memory(), false};
}

ErrorData fresh(int level, int sqlstate, const char *message, const char *detail, const char *hint,
                const Place &where) noexcept {
    ErrorData data{};
    data.elevel = level;
    data.sqlerrcode = sqlstate;
    data.message = const_cast<char *>(message);
    data.detail = const_cast<char *>(detail && *detail ? detail : nullptr);
    data.hint = const_cast<char *>(hint && *hint ? hint : nullptr);
    data.filename = where.file;
    data.funcname = where.function;
    data.lineno = where.line;
    return data;
}

void take_pending(void *taken) { *static_cast<ErrorData **>(taken) = CopyErrorData(); }

} // namespace

void throw_pending_error() {
    // Copying may run out of memory and jump once more. The copy is moved out of the memory
    // contexts at once: the current one may be deleted while the exception unwinds.
    ErrorData *pending = nullptr;
    const bool copied = try_guarded(take_pending, &pending);
    FlushErrorState();
    if (!copied) {
        throw std::bad_alloc();
    }
    void *block = std::malloc(flat_size(*pending));
    if (block == nullptr) {
        FreeErrorData(pending);
        throw std::bad_alloc();
    }
    std::shared_ptr<const ErrorData> copy(flatten(*pending, block), [](const ErrorData *data) {
        std::free(const_cast<ErrorData *>(data));
    });
    FreeErrorData(pending);
    throw ServerError(std::move(copy));
}

Outcome describe_current_exception() noexcept {
    const auto here = Place::here();
    try {
        throw;
    } catch (const ServerError &error) {
        return keep(error.data(), true);
    } catch (const Error &error) {
        ErrorData data = fresh(ERROR, error.sqlstate(), error.what(), error.detail_text().c_str(),
                               error.hint_text().c_str(), error.where());
        const std::string &for_log = error.log_detail_text();
        data.detail_log = for_log.empty() ? nullptr : const_cast<char *>(for_log.c_str());
        return keep(data, false);
    } catch (const std::bad_alloc &) {
        return {out_of_memory(), false};
    } catch (const std::exception &error) {
        return keep(fresh(ERROR, ERRCODE_INTERNAL_ERROR, error.what(), nullptr, nullptr, here),
                    false);
    } catch (...) {
        return keep(fresh(ERROR, ERRCODE_INTERNAL_ERROR, "unknown exception in custody",
                          "its type is not derived from std::exception", nullptr, here),
                    false);
    }
}

void raise(const Outcome &outcome) {
    if (outcome.from_server) {
        ReThrowError(outcome.data);
    }
    ThrowErrorData(outcome.data);
    pg_unreachable();
}

void raise(int sqlstate, const char *message, const char *detail, const char *hint, Place where) {
    ErrorData data = fresh(ERROR, sqlstate, message, detail, hint, where);
    ThrowErrorData(&data);
    pg_unreachable();
}

void report(int level, int sqlstate, const std::string &message, const std::string &detail,
            const std::string &hint) {
    ErrorData data =
        fresh(level, sqlstate, message.c_str(), detail.c_str(), hint.c_str(), Place::here());
    call<ThrowErrorData>(&data);
}

} // namespace custody::pg
