#include <fmt/format.h>

#include "loader/verify/row_reader.hpp"
#include "loader/verify/side_extension.hpp"

namespace custody::verify {
namespace {

/// The arguments as a COPY's query, which takes no parameters, needs them.
class Arguments {
  public:
    Arguments(pq::Connection &connection, const Subject &subject)
        : subject_(subject), columns_(array(connection, column_names(*subject.table))),
          key_(array(connection, subject.table->key)),
          kind_(fmt::format("profile => '{}', form => '{}'", digest::profile_name(subject.profile),
                            wire::form_name(subject.form))) {}

    std::string whole(pq::Connection &connection, const std::string &relation,
                      std::span<const std::uint32_t> wanted) const {
        return fmt::format(
            "select bucket, relation::pg_catalog.oid, ctid, pg_catalog.encode(key_hash, 'hex'), "
            "pg_catalog.encode(row_hash, 'hex') from custody.bucket_rows(rel => "
            "{}::pg_catalog.regclass, buckets => {}, wanted => '{}', key => {}, columns => {}, {})",
            connection.literal(relation), subject_.buckets, number_array(wanted), key_, columns_,
            kind_);
    }

    /// Some rows: one call for each row is the price of a condition.
    std::string selected(const Reading &reading, std::size_t relation,
                         std::span<const std::uint32_t> wanted) const {
        const auto &row = reading.row[relation];
        const auto bucket = fmt::format(
            "custody.row_bucket(rec => {}, buckets => {}, key => {}, columns => {}, {})", row,
            subject_.buckets, key_, columns_, kind_);
        return fmt::format("select {}, tableoid, ctid, {}, {} from {} where {} and {} "
                           "operator(pg_catalog.=) any ('{}'::pg_catalog.int4[])",
                           bucket, hash_of(row, subject_.table->key.empty() ? columns_ : key_),
                           hash_of(row, columns_), reading.from[relation], reading.condition,
                           bucket, number_array(wanted));
    }

  private:
    static std::string array(pq::Connection &connection, const std::vector<std::string> &names) {
        return connection.literal(pq::array_literal(names)) + "::pg_catalog.text[]";
    }
    std::string hash_of(const std::string &row, const std::string &columns) const {
        return fmt::format("(custody.digest_info(custody.row_digest(rec => {}, columns => {}, "
                           "{}))).sum",
                           row, columns, kind_);
    }

    const Subject &subject_;
    std::string columns_, key_, kind_;
};

} // namespace

void ExtensionSide::rows(const Subject &subject, std::span<const std::uint32_t> wanted,
                         const std::function<void(RowId &&)> &each) {
    const auto reading = reading_of(subject, which_);
    const Arguments arguments(connection_, subject);
    for (std::size_t i = 0; i < reading.relations.size(); ++i)
        copy_rows(connection_,
                  reading.condition.empty()
                      ? arguments.whole(connection_, reading.relations[i], wanted)
                      : arguments.selected(reading, i, wanted),
                  each);
}

std::vector<RowValues> ExtensionSide::values(const Subject &subject,
                                             std::span<const RowId> wanted) {
    return values_by_place(connection_, subject, which_, wanted);
}

} // namespace custody::verify
