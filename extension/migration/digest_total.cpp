// What the state tables need to know of bucket digests: their rows, their total, their sum.
#include <stdexcept>

#include "common/digest.hpp"
#include "extension/pg/boundary.hpp"
#include "extension/pg/values.hpp"

namespace custody::migration {

static digest::BucketSet bucket_set(Datum bytes) {
    const std::string value = pg::text_value(bytes);
    try {
        return digest::BucketSet::from_bytes(std::as_bytes(std::span(value)));
    } catch (const std::invalid_argument &) {
        throw pg::Error(ERRCODE_INVALID_BINARY_REPRESENTATION, "invalid bucket digests")
            .detail("they have " + std::to_string(value.size()) + " bytes")
            .hint("bucket digests have 24 bytes for each of 1, 2, 4, ... 65536 buckets");
    }
}

CUSTODY_FUNCTION(custody_migration_digest_rows) {
    const auto set = bucket_set(PG_GETARG_DATUM(0));
    int64 rows = 0;
    for (std::uint32_t bucket = 0; bucket < set.size(); ++bucket) {
        if (__builtin_add_overflow(rows, set.at(bucket).rows, &rows))
            throw pg::Error(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                            "bucket digests have too many rows");
    }
    PG_RETURN_INT64(rows);
}

CUSTODY_FUNCTION(custody_migration_digest_hex) {
    PG_RETURN_DATUM(pg::text_datum(bucket_set(PG_GETARG_DATUM(0)).total().hex()));
}

CUSTODY_FUNCTION(custody_migration_digest_add) {
    auto sum = bucket_set(PG_GETARG_DATUM(0));
    const auto other = bucket_set(PG_GETARG_DATUM(1));
    if (sum.size() != other.size())
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
                        "cannot add bucket digests of different sizes")
            .detail(std::to_string(sum.size()) + " and " + std::to_string(other.size()) +
                    " buckets");
    sum += other;
    PG_RETURN_DATUM(pg::bytea_datum(sum.to_bytes()));
}

} // namespace custody::migration
