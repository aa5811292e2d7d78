#include "loader/verify/digests.hpp"

namespace custody::verify {

digest::DigestValue empty_digest(const Subject &subject) {
    std::vector<std::string_view> names;
    for (const auto &column : subject.table->columns)
        names.push_back(column.name);
    digest::DigestValue value;
    value.columns = digest::columns_fingerprint(names);
    value.profile = subject.profile;
    value.form = static_cast<std::uint8_t>(subject.form);
    return value;
}

std::vector<digest::DigestValue> described(const digest::BucketSet &digests,
                                           const Subject &subject) {
    std::vector<digest::DigestValue> values(digests.size(), empty_digest(subject));
    for (std::uint32_t bucket = 0; bucket < digests.size(); ++bucket) {
        const auto &digest = digests.at(bucket);
        values[bucket].rows = digest.rows;
        values[bucket].sum[0] = static_cast<std::uint64_t>(digest.sum >> 64);
        values[bucket].sum[1] = static_cast<std::uint64_t>(digest.sum);
    }
    return values;
}

digest::DigestValue like(const digest::DigestValue &found, const digest::DigestValue &expected) {
    if (!found.like(expected))
        throw Error(Exit::unverified, "digests-unlike",
                    "the digest that a server computed is not like the one that was asked for",
                    "asked for " + expected.to_text() + ", got " + found.to_text(),
                    "bring extension and loader to the same version");
    return found;
}

void add_rows(std::vector<digest::DigestValue> &digests, const pq::Result &rows) {
    for (int row = 0; row < rows.rows(); ++row) {
        auto &bucket = digests.at(rows.number<std::uint32_t>(row, 0));
        bucket.plus(like(digest::DigestValue::from_text(rows.text(row, 1)), bucket));
    }
}

digest::DigestValue total_of(const std::vector<digest::DigestValue> &buckets) {
    auto total = buckets.at(0);
    for (std::size_t bucket = 1; bucket < buckets.size(); ++bucket)
        total.plus(buckets[bucket]);
    return total;
}

} // namespace custody::verify
