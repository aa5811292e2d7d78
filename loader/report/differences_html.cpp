#include <fmt/format.h>

#include "loader/report/differences.hpp"
#include "loader/report/html.hpp"

namespace custody::report {
namespace {

using html::escaped;

std::string columns_html(const verify::TableDifferences &of, const verify::Difference &row) {
    std::string text;
    for (const auto &column : row.columns) {
        const auto [source, target] = shown_values(column);
        text += of.redacted ? fmt::format("<code>{}</code><br>", escaped(column.column))
                            : fmt::format("<code>{}</code>: <code>{}</code> → <code>{}</code><br>",
                                          escaped(column.column), escaped(source), escaped(target));
    }
    return text;
}

} // namespace

std::string differences_html(const verify::TableDifferences &differences) {
    if (differences.rows.empty())
        return "";
    std::string text = "<div class=\"wide\"><table><thead><tr><th></th><th>Row</th>"
                       "<th>Column: source → target</th></tr></thead><tbody>\n";
    for (const auto &row : differences.rows)
        text += fmt::format(
            "<tr><td>{}</td><td class=\"mono\" style=\"min-width: 9em\">{}</td><td>{}</td></tr>\n",
            html::chip(kind_name(row.kind)), escaped(row_name(differences, row)),
            columns_html(differences, row));
    text += "</tbody></table></div>\n";
    if (differences.total() > differences.rows.size())
        text += fmt::format("<p class=\"soft\">and {} more rows</p>\n",
                            differences.total() - differences.rows.size());
    return text;
}

} // namespace custody::report
