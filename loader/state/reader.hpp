// Reading the state tables' columns by name, and writing values as query parameters. For the
// implementation of this room only; a Reader must not outlive its Result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.hpp"
#include "loader/pq/connection.hpp"

namespace custody::state {

class Reader {
  public:
    Reader(const pq::Result &result, int row) : result_(result), row_(row) {}

    std::string str(const char *name) const { return result_.str(row_, result_.column(name)); }
    bool boolean(const char *name) const { return result_.boolean(row_, result_.column(name)); }
    template <typename T = int> T number(const char *name) const {
        return result_.number<T>(row_, result_.column(name));
    }
    template <typename T> std::optional<T> maybe(const char *name) const {
        const int column = result_.column(name);
        if (result_.is_null(row_, column))
            return std::nullopt;
        return result_.number<T>(row_, column);
    }
    std::vector<std::string> texts(const char *name) const {
        return pq::parse_array(result_.text(row_, result_.column(name)));
    }
    std::vector<int> numbers(const char *name) const;
    /// Of a column that was selected as encode(..., 'hex').
    std::optional<digest::BucketSet> digests(const char *name) const;

  private:
    const pq::Result &result_;
    int row_;
};

/// A parameter for decode($n, 'hex').
std::string hex(const digest::BucketSet &digests);
std::string array_literal(const std::vector<int> &values);

template <typename T> pq::Param param(const std::optional<T> &value) {
    return value ? pq::Param(std::to_string(*value)) : std::nullopt;
}
/// NULL for "".
inline pq::Param param_or_null(const std::string &value) {
    return value.empty() ? std::nullopt : pq::Param(value);
}

/// The Error for an update that met no row in the state it expected.
Error state_moved(const std::string &object, std::string_view expected);

} // namespace custody::state
