#include "extension/pg/spi.hpp"

#include <stdexcept>

#include "extension/pg/memory.hpp"

namespace custody::pg {

namespace {

struct Statement {
    const char *sql;
    const SpiArgument *arguments;
    int count;
    bool read_only;
};

struct Executed {
    int code;
    std::uint64_t processed;
    SPITupleTable *rows;
};

Executed run(const Statement *statement) {
    const auto count = static_cast<std::size_t>(statement->count);
    auto *types = static_cast<Oid *>(palloc((count + 1) * sizeof(Oid)));
    auto *values = static_cast<Datum *>(palloc((count + 1) * sizeof(Datum)));
    auto *nulls = static_cast<char *>(palloc(count + 1));
    for (std::size_t i = 0; i < count; ++i) {
        types[i] = statement->arguments[i].type;
        values[i] = statement->arguments[i].value;
        nulls[i] = statement->arguments[i].is_null ? 'n' : ' ';
    }
    const int code = SPI_execute_with_args(statement->sql, statement->count, types, values, nulls,
                                           statement->read_only, 0);
    pfree(types);
    pfree(values);
    pfree(nulls);
    return {code, SPI_processed, SPI_tuptable};
}

char *text_of(SPITupleTable *rows, std::uint64_t row, int column) {
    return SPI_getvalue(rows->vals[row], rows->tupdesc, column);
}

} // namespace

Spi::Spi() : unwinding_(std::uncaught_exceptions()) {
    const ContextSwitch keep(CurrentMemoryContext);
    const int code = call<SPI_connect>();
    if (code != SPI_OK_CONNECT) {
        throw Error(ERRCODE_INTERNAL_ERROR, "cannot connect to the server's SQL interface")
            .detail(SPI_result_code_string(code));
    }
}

Spi::~Spi() {
    if (std::uncaught_exceptions() == unwinding_) {
        const ContextSwitch keep(CurrentMemoryContext);
        SPI_finish();
    }
}

std::uint64_t Spi::execute(const char *sql, std::span<const SpiArgument> arguments,
                           bool read_only) {
    if (rows_ != nullptr) {
        SPI_freetuptable(rows_);
        rows_ = nullptr;
    }
    const Statement statement{sql, arguments.data(), static_cast<int>(arguments.size()), read_only};
    const ContextSwitch keep(CurrentMemoryContext);
    const Executed executed = call<run>(&statement);
    if (executed.code < 0) {
        throw Error(ERRCODE_INTERNAL_ERROR, "cannot run a statement of custody")
            .detail(std::string(SPI_result_code_string(executed.code)) + ": " + sql);
    }
    rows_ = executed.rows;
    return executed.processed;
}

std::optional<std::string> Spi::value(std::uint64_t row, int column) const {
    if (rows_ == nullptr || row >= rows_->numvals || column < 1 || column > rows_->tupdesc->natts) {
        throw std::out_of_range("no such value in the result of a statement");
    }
    char *text = call<text_of>(rows_, row, column);
    if (text == nullptr) {
        return std::nullopt;
    }
    std::string value(text);
    pfree(text);
    return value;
}

} // namespace custody::pg
