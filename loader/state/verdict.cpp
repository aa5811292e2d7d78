#include "loader/state/verdict.hpp"

#include <fmt/format.h>

#include "common/protocol.hpp"

namespace custody::state {
namespace {

Judgement different(std::string reason) {
    return {std::string(protocol::verdict::kDifferent), std::move(reason)};
}

Judgement unverified(std::string reason) {
    return {std::string(protocol::verdict::kUnverified), std::move(reason)};
}

} // namespace

// A difference that was seen outweighs what was not looked at.
Judgement judge(std::int64_t source_rows, const digest::BucketSet &source,
                std::optional<std::int64_t> lossy_rows, const Evidence &evidence) {
    if (!evidence.source_changed.empty())
        return different(evidence.source_changed);
    if (evidence.target_rows && *evidence.target_rows != source_rows)
        return different(
            fmt::format("source has {} rows, target {}", source_rows, *evidence.target_rows));
    if (evidence.target_digests && evidence.target_digests->size() == source.size() &&
        *evidence.target_digests != source)
        return different("the same number of rows, but not the same digest");
    if (evidence.source_count && *evidence.source_count != source_rows)
        return different(fmt::format("count(*) on the source is {}, but {} rows were read",
                                     *evidence.source_count, source_rows));
    if (evidence.foreign_rows.value_or(0) > 0)
        return different(fmt::format("{} rows on the target were not written by this migration",
                                     *evidence.foreign_rows));
    if (evidence.generated_wrong.value_or(0) > 0)
        return different(fmt::format("{} rows have a generated column that is not what its "
                                     "expression says",
                                     *evidence.generated_wrong));
    if (lossy_rows.value_or(0) > 0)
        return different(fmt::format("{} rows did not survive a cast", *lossy_rows));

    if (!evidence.error.empty())
        return unverified(evidence.error);
    if (!evidence.target_rows || !evidence.target_digests)
        return unverified("the target was not read");
    if (evidence.target_digests->size() != source.size())
        return unverified("source and target were digested with different numbers of buckets");
    if (!evidence.foreign_rows)
        return unverified("it was not checked who wrote the rows on the target");
    if (!evidence.generated_wrong)
        return unverified("generated columns were not checked");
    if (!lossy_rows)
        return unverified("casts were not checked");
    if (!evidence.source_count && !evidence.count_turned_off)
        return unverified("the source was not counted");
    const auto reason =
        evidence.source_count
            ? std::string()
            : fmt::format("{}: the independent count(*) was turned off", protocol::kNotCounted);
    return {std::string(protocol::verdict::kEqual), reason};
}

} // namespace custody::state
