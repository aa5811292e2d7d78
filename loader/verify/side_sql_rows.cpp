#include <fmt/format.h>

#include "loader/verify/row_reader.hpp"
#include "loader/verify/side_sql.hpp"

namespace custody::verify {

void SqlSide::rows(const Subject &subject, std::span<const std::uint32_t> wanted,
                   const std::function<void(RowId &&)> &each) {
    for (const auto &query : sql_queries(connection_, subject, which_))
        copy_rows(
            connection_,
            fmt::format("select bucket, relation, place, pg_catalog.encode(key_hash, 'hex'), "
                        "pg_catalog.encode(row_hash, 'hex') from ({}) r",
                        digest::rows_query(query, wanted, ", tableoid as relation, ctid as place")),
            each);
}

std::vector<RowValues> SqlSide::values(const Subject &subject, std::span<const RowId> wanted) {
    return values_by_place(connection_, subject, which_, wanted);
}

} // namespace custody::verify
