#include "loader/verify/row_reader.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/core/signals.hpp"

namespace custody::verify {
namespace {

[[noreturn]] void malformed(std::string_view text) {
    throw Error(Exit::unverified, "row-malformed", "a server described a row in an unknown way",
                std::string(text), "report it: this should not happen");
}

template <typename Number> Number number_of(std::string_view text, int base = 10) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size())
        malformed(text);
    return number;
}

/// "(block,line)"
std::uint64_t ctid_of(std::string_view text) {
    const auto comma = text.find(',');
    if (comma == std::string_view::npos || text.front() != '(' || text.back() != ')')
        malformed(text);
    return std::uint64_t{number_of<std::uint32_t>(text.substr(1, comma - 1))} << 16 |
           number_of<std::uint16_t>(text.substr(comma + 1, text.size() - comma - 2));
}

digest::RowHash hash_of(std::string_view hex) {
    constexpr std::size_t kDigits = 16;
    digest::RowHash hash;
    if (hex.size() != 2 * kDigits && hex.size() != hash.words.size() * kDigits)
        malformed(hex);
    for (std::size_t word = 0; word * kDigits < hex.size(); ++word)
        hash.words[word] = number_of<std::uint64_t>(hex.substr(word * kDigits, kDigits), 16);
    return hash;
}

/// A line of COPY's text format without anything to escape.
RowId row_of(std::string_view line) {
    std::array<std::string_view, 5> fields;
    std::string_view rest = line;
    for (auto &field : fields) {
        const auto end = std::min(rest.find('\t'), rest.size());
        field = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!rest.empty() || fields[2].size() < 2)
        malformed(line);
    return {number_of<std::uint32_t>(fields[0]), number_of<std::uint32_t>(fields[1]),
            ctid_of(fields[2]), hash_of(fields[3]), hash_of(fields[4])};
}

std::string place_text(std::uint64_t ctid) {
    return fmt::format("({},{})", ctid >> 16, ctid & 0xffff);
}

using Place = std::pair<std::uint32_t, std::uint64_t>;

void read_values(pq::Connection &connection, const std::string &sql, const std::string &ctids,
                 std::set<Place> &wanted, std::vector<RowValues> &values) {
    const auto rows = connection.query(sql, ctids);
    for (int row = 0; row < rows.rows(); ++row) {
        RowValues found;
        found.id.relation = rows.number<std::uint32_t>(row, 0);
        found.id.ctid = ctid_of(rows.text(row, 1));
        if (wanted.erase({found.id.relation, found.id.ctid}) == 0)
            continue;
        for (int column = 2; column < rows.columns(); ++column)
            found.values.push_back(rows.optional(row, column));
        values.push_back(std::move(found));
    }
}

} // namespace

void copy_rows(pq::Connection &connection, const std::string &query,
               const std::function<void(RowId &&)> &each) {
    constexpr std::uint64_t kLook = 4096; // lines between two looks at a request to stop
    connection.copy_out(fmt::format("COPY ({}) TO STDOUT", query));
    for (std::uint64_t lines = 1;; ++lines) {
        char *raw = nullptr;
        const int size = PQgetCopyData(connection.raw(), &raw, 0);
        const std::unique_ptr<char, decltype(&PQfreemem)> data(raw, &PQfreemem);
        if (size < 0)
            break;
        std::string_view line(raw, static_cast<std::size_t>(size));
        line.remove_suffix(line.ends_with('\n') ? 1 : 0);
        each(row_of(line));
        if (lines % kLook == 0)
            throw_if_stopped();
    }
    const pq::Result end(PQgetResult(connection.raw()));
    while (PGresult *more = connection.alive() ? PQgetResult(connection.raw()) : nullptr)
        PQclear(more);
    if (PQresultStatus(end.raw()) != PGRES_COMMAND_OK)
        connection.fail(end.raw(), query);
}

std::vector<RowValues> values_by_place(pq::Connection &connection, const Subject &subject,
                                       Which which, std::span<const RowId> wanted) {
    std::set<Place> places;
    std::vector<std::string> ctids;
    for (const auto &id : wanted) {
        places.emplace(id.relation, id.ctid);
        ctids.push_back(place_text(id.ctid));
    }
    std::string columns;
    for (const auto &column : subject.table->columns)
        columns += ", " + value_of(column, which);
    std::vector<RowValues> values;
    // A place is one of a relation: where several hold the table, others may have rows there too.
    for (const auto &from : reading_of(subject, which).from)
        read_values(connection,
                    fmt::format("select tableoid, ctid{} from {} where ctid operator(pg_catalog.=) "
                                "any ($1::pg_catalog.tid[])",
                                columns, from),
                    pq::array_literal(ctids), places, values);
    return values;
}

std::string number_array(std::span<const std::uint32_t> numbers) {
    return fmt::format("{{{}}}", fmt::join(numbers, ","));
}

} // namespace custody::verify
