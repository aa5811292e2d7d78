#include "loader/report/differences.hpp"

#include <fmt/format.h>

#include "loader/core/json.hpp"
#include "loader/report/excerpt.hpp"
#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

using verify::Difference;
using verify::TableDifferences;
using Json = nlohmann::json;
using Value = std::optional<std::string>;

Excerpt excerpt_of(const std::string &value, const verify::Piece &piece, std::size_t from) {
    return piece.bytes == 0 ? excerpt(value, from) : Excerpt{value, piece.from, piece.bytes};
}

std::string shown_of(const Value &value, const verify::Piece &piece, std::size_t from = 0) {
    return value ? excerpt_of(*value, piece, from).shown() : "NULL";
}

verify::Piece piece_at(const std::vector<verify::Piece> &pieces, std::size_t at) {
    return at < pieces.size() ? pieces[at] : verify::Piece{};
}

/// "a = 1, b = 'x'"
std::string assignments(const std::vector<std::string> &names, const std::vector<Value> &values,
                        const std::vector<verify::Piece> &pieces = {}) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", ui::printable(names[i]),
                            shown_of(values[i], piece_at(pieces, i)));
    return text;
}

std::string place(std::string_view side, const std::optional<verify::RowValues> &row) {
    return row ? fmt::format("{} ctid {} of relation {}", side, ctid_text(row->id.ctid),
                             row->id.relation)
               : "";
}

Json place_json(const std::optional<verify::RowValues> &row) {
    if (!row)
        return nullptr;
    return {{"relation", row->id.relation}, {"ctid", ctid_text(row->id.ctid)}};
}

void add_value(Json &object, const std::string &name, const Value &value,
               const verify::Piece &piece, std::size_t from = 0) {
    const auto kept = value ? excerpt_of(*value, piece, from) : Excerpt{};
    object[name] = value ? Json(kept.text) : Json(nullptr);
    object[name + "_bytes"] = value ? Json(kept.bytes) : Json(nullptr);
}

Json values_json(const std::vector<std::string> &names, const std::vector<Value> &values,
                 const std::vector<verify::Piece> &pieces = {}) {
    Json list = Json::array();
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
        Json column = {{"column", names[i]}};
        add_value(column, "value", values[i], piece_at(pieces, i));
        list.push_back(std::move(column));
    }
    return list;
}

std::size_t begin_of(const verify::ColumnDifference &column) {
    for (const auto &piece : {column.source_piece, column.target_piece})
        if (piece.bytes > 0)
            return piece.from;
    return begin_of_difference(column.source.value_or(""), column.target.value_or(""));
}

Json columns_json(const TableDifferences &of, const Difference &row) {
    Json list = Json::array();
    for (const auto &column : row.columns) {
        Json object = {{"column", column.column}};
        if (!of.redacted) {
            const auto from = begin_of(column);
            add_value(object, "source", column.source, column.source_piece, from);
            add_value(object, "target", column.target, column.target_piece, from);
            object["from"] = from;
        }
        list.push_back(std::move(object));
    }
    return list;
}

const std::vector<Value> &values_of(const Difference &row) {
    static const std::vector<Value> none;
    return row.source ? row.source->values : row.target ? row.target->values : none;
}

Json row_json(const TableDifferences &of, const Difference &row) {
    Json object = {{"kind", kind_name(row.kind)},
                   {"age", age_name(row.age)},
                   {"source_place", place_json(row.source)},
                   {"target_place", place_json(row.target)},
                   {"columns", columns_json(of, row)},
                   {"key", nullptr},
                   {"values", nullptr}};
    if (!of.redacted && !of.key.empty())
        object["key"] = values_json(of.key, row.key);
    else if (!of.redacted)
        object["values"] = values_json(of.columns, values_of(row), row.pieces);
    return object;
}

Json looks_json(const TableDifferences &differences) {
    Json looks = Json::array();
    for (const auto &look : differences.looks)
        looks.push_back(
            {{"source_lsn", look.source_lsn}, {"target_lsn", look.target_lsn}, {"at", look.at}});
    return looks;
}

std::string columns_text(const TableDifferences &of, const Difference &row) {
    std::string text;
    for (const auto &column : row.columns) {
        const auto name = ui::printable(column.column);
        const auto [source, target] = shown_values(column);
        text += of.redacted ? fmt::format("      {}\n", name)
                            : fmt::format("      {}: {} -> {}\n", name, source, target);
    }
    if (row.kind == verify::Kind::different && row.source && row.target && row.columns.empty())
        text += "      the texts of all columns agree, their binary forms do not\n";
    return text;
}

} // namespace

std::string_view kind_name(verify::Kind kind) noexcept {
    switch (kind) {
    case verify::Kind::missing:
        return "missing";
    case verify::Kind::extra:
        return "extra";
    default:
        return "different";
    }
}

std::string_view age_name(verify::Age age) noexcept {
    switch (age) {
    case verify::Age::open:
        return "open";
    case verify::Age::persistent:
        return "persistent";
    default:
        return "in_flight";
    }
}

std::pair<std::string, std::string> shown_values(const verify::ColumnDifference &column) {
    const auto from = begin_of(column);
    return {shown_of(column.source, column.source_piece, from),
            shown_of(column.target, column.target_piece, from)};
}

std::string ctid_text(std::uint64_t ctid) {
    return fmt::format("({},{})", ctid >> 16, ctid & 0xffff);
}

std::string row_name(const TableDifferences &of, const Difference &row) {
    if (!of.redacted)
        return of.key.empty() ? assignments(of.columns, values_of(row), row.pieces)
                              : assignments(of.key, row.key);
    const auto source = place("source", row.source);
    const auto target = place("target", row.target);
    return source + (source.empty() || target.empty() ? "" : ", ") + target;
}

std::string differences_text(const TableDifferences &differences) {
    std::string text;
    for (const auto &row : differences.rows)
        text += fmt::format("    {:<9}  {}{}\n{}", kind_name(row.kind), row_name(differences, row),
                            row.age == verify::Age::open && differences.looks.size() > 1
                                ? "  (still changing)"
                                : "",
                            columns_text(differences, row));
    if (!text.empty() && differences.total() > differences.rows.size())
        text +=
            fmt::format("    and {} more rows\n", differences.total() - differences.rows.size());
    return text;
}

Json differences_json(const TableDifferences &differences) {
    Json rows = Json::array();
    for (const auto &row : differences.rows)
        rows.push_back(row_json(differences, row));
    return {{"missing", differences.missing},           {"extra", differences.extra},
            {"different", differences.different},       {"in_flight", differences.in_flight},
            {"persistent", differences.persistent},     {"unsettled", differences.unsettled},
            {"rows_shipped", differences.rows_shipped}, {"redacted", differences.redacted},
            {"looks", looks_json(differences)},         {"rows", std::move(rows)}};
}

} // namespace custody::report
