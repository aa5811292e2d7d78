#include "loader/verify/side_sql.hpp"

#include <stdexcept>

#include "loader/verify/digests.hpp"

namespace custody::verify {

std::vector<digest::DigestValue> SqlSide::buckets(const Subject &subject) {
    if (subject.profile != digest::Profile::sql)
        throw std::logic_error("plain SQL computes the profile sql only");
    std::vector<digest::DigestValue> digests(subject.buckets, empty_digest(subject));
    for (const auto &query : sql_queries(connection_, subject, which_))
        add_rows(digests, connection_.exec(digest::buckets_query(query)));
    return digests;
}

} // namespace custody::verify
