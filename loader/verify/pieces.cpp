#include "loader/verify/pieces.hpp"

#include <algorithm>

#include "loader/report/excerpt.hpp"

namespace custody::verify {
namespace {

using Value = std::optional<std::string>;

bool is_long(const Value &value) { return value && value->size() > kWholeValue; }

Piece shorten(Value &value, std::size_t from) {
    if (!value)
        return {};
    auto excerpt = report::excerpt(*value, from);
    value = std::move(excerpt.text);
    value->shrink_to_fit();
    return {excerpt.from, excerpt.bytes};
}

void shorten(ColumnDifference &column) {
    if (!is_long(column.source) && !is_long(column.target))
        return;
    const auto from =
        report::begin_of_difference(column.source.value_or(""), column.target.value_or(""));
    column.source_piece = shorten(column.source, from);
    column.target_piece = shorten(column.target, from);
}

} // namespace

void keep_pieces(Difference &difference) {
    for (auto &column : difference.columns)
        shorten(column);
    // A report tells a row without a key by the values of one side.
    auto &told = difference.source ? difference.source : difference.target;
    if (difference.key.empty() && told &&
        std::any_of(told->values.begin(), told->values.end(), is_long))
        for (auto &value : told->values)
            difference.pieces.push_back(shorten(value, 0));
    for (auto *side : {&difference.source, &difference.target})
        if (*side && (side != &told || !difference.key.empty()))
            (*side)->values = {};
}

} // namespace custody::verify
