#include "loader/verify/side_extension.hpp"

#include <fmt/format.h>

#include "loader/verify/digests.hpp"

namespace custody::verify {
namespace {

using Digests = std::vector<digest::DigestValue>;

[[noreturn]] void cannot(const Subject &subject, const std::string &why) {
    throw Error(Exit::refused, "not-by-extension",
                fmt::format("no scan of the extension can compare {}.{}", subject.table->schema,
                            subject.table->name),
                why, "compare the table with --method=stream or --method=sql");
}

/// $1 columns, $2 key, $3 profile, $4 form, $5 buckets; the caller may add more.
std::vector<pq::Param> arguments(const Subject &subject) {
    return {pq::array_literal(column_names(*subject.table)), pq::array_literal(subject.table->key),
            std::string(digest::profile_name(subject.profile)),
            std::string(wire::form_name(subject.form)), std::to_string(subject.buckets)};
}

pq::Result whole(pq::Connection &connection, const Subject &subject, const std::string &relation) {
    auto params = arguments(subject);
    params.emplace_back(relation);
    return connection.query(
        "select bucket, digest from custody.table_buckets(rel => $6::pg_catalog.regclass, "
        "columns => $1::text[], key => $2::text[], profile => $3, form => $4, "
        "buckets => $5::pg_catalog.int4)",
        std::span<const pq::Param>(params));
}

// One call for each row: the price of a condition.
pq::Result selected(pq::Connection &connection, const Subject &subject, const Reading &reading,
                    std::size_t relation) {
    const auto params = arguments(subject);
    return connection.query(
        fmt::format("select custody.row_bucket(rec => {0}, buckets => $5::pg_catalog.int4, "
                    "key => $2::text[], columns => $1::text[], profile => $3, form => $4), "
                    "custody.sum(custody.row_digest(rec => {0}, columns => $1::text[], "
                    "profile => $3, form => $4)) from {1} where {2} group by 1",
                    reading.row[relation], reading.from[relation], reading.condition),
        std::span<const pq::Param>(params));
}

Digests evidence(pq::Connection &connection, const Subject &subject, const Reading &reading) {
    if (!reading.condition.empty() || reading.relations.size() != 1)
        cannot(subject, "evidence is of a whole table");
    const auto row = connection.query(
        "select custody.table_digest(rel => $1::pg_catalog.regclass, columns => $2::text[], "
        "profile => 'evidence', form => $3)",
        reading.relations.front(), pq::array_literal(column_names(*subject.table)),
        std::string(wire::form_name(subject.form)));
    return {like(digest::DigestValue::from_text(row.text(0, 0)), empty_digest(subject))};
}

} // namespace

Digests ExtensionSide::buckets(const Subject &subject) {
    const auto reading = reading_of(subject, which_);
    if (reading.casts)
        cannot(subject, "a column is cast");
    if (subject.profile == digest::Profile::evidence)
        return evidence(connection_, subject, reading);
    Digests digests(subject.buckets, empty_digest(subject));
    for (std::size_t i = 0; i < reading.relations.size(); ++i)
        add_rows(digests, reading.condition.empty()
                              ? whole(connection_, subject, reading.relations[i])
                              : selected(connection_, subject, reading, i));
    return digests;
}

} // namespace custody::verify
