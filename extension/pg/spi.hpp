// SQL from C++. One Spi object is one SPI connection; objects nest like scopes.
// Errors of the statement arrive as ServerError. While an exception unwinds, the connection is
// left to the abort that follows: closing it could close one that a nested function left open.
// Unlike plain SPI, the caller's memory context stays the current one, so that what is made from
// the results may be returned.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::pg {

struct SpiArgument {
    Oid type;
    Datum value;
    bool is_null = false;
};

class Spi {
  public:
    Spi();
    ~Spi();
    Spi(const Spi &) = delete;
    Spi &operator=(const Spi &) = delete;

    /// Runs one statement with arguments $1, $2, ... and keeps its rows until the next one.
    /// Returns the number of rows. `read_only` reads under the caller's snapshot.
    std::uint64_t execute(const char *sql, std::span<const SpiArgument> arguments = {},
                          bool read_only = false);
    /// A value of the rows kept, in its type's output form; nullopt is NULL. Row from 0, column
    /// from 1; std::out_of_range beyond.
    std::optional<std::string> value(std::uint64_t row, int column) const;

  private:
    int unwinding_;
    SPITupleTable *rows_ = nullptr;
};

} // namespace custody::pg
