#include "loader/plan/split.hpp"

#include <algorithm>
#include <bit>

namespace custody::plan {
namespace {

constexpr std::int64_t kRowsPerBucket = 4096;
constexpr std::uint32_t kMaxBuckets = 1024;
constexpr std::size_t kMaxStateBytes = 64 << 20; // of one table's digests
constexpr std::size_t kBucketBytes = 24;

} // namespace

std::int64_t estimate_rows(const Measure &measure, std::size_t columns) {
    const auto blocks = static_cast<double>(measure.heap_bytes / measure.block_size);
    if (measure.reltuples >= 0 && measure.relpages > 0)
        return static_cast<std::int64_t>(measure.reltuples / static_cast<double>(measure.relpages) *
                                         blocks);
    constexpr std::int64_t kTupleOverhead = 28, kColumnWidth = 12;
    return measure.heap_bytes /
           (kTupleOverhead + kColumnWidth * static_cast<std::int64_t>(columns));
}

int wanted_parts(std::int64_t bytes, std::int64_t part_size) {
    if (part_size <= 0 || bytes <= part_size)
        return 1;
    return static_cast<int>(std::min<std::int64_t>((bytes - 1) / part_size + 1, kMaxParts));
}

std::vector<Part> split_blocks(std::int64_t blocks, int parts) {
    return split_keys(0, std::max<std::int64_t>(blocks, 1) - 1, parts);
}

std::vector<Part> split_keys(std::int64_t lowest, std::int64_t highest, int parts) {
    // The width of the whole range of int8 does not fit one.
    __extension__ using Wide = __int128;
    const Wide width = static_cast<Wide>(highest) - lowest + 1;
    const Wide count = std::clamp<Wide>(parts, 1, std::max<Wide>(width, 1));
    std::vector<Part> result;
    for (Wide i = 0; i < count; ++i) {
        Part part;
        part.number = static_cast<int>(i) + 1;
        if (i > 0)
            part.lower = static_cast<std::int64_t>(lowest + width * i / count);
        if (i + 1 < count)
            part.upper = static_cast<std::int64_t>(lowest + width * (i + 1) / count);
        result.push_back(part);
    }
    return result;
}

std::vector<Part> split_sizes(const std::vector<std::int64_t> &sizes, std::int64_t part_size) {
    std::vector<Part> result{Part{}};
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (i > 0 && part_size > 0 && sum + sizes[i] > part_size) {
            const auto at = static_cast<std::int64_t>(i);
            result.back().upper = at;
            result.push_back({result.back().number + 1, at, std::nullopt});
            sum = 0;
        }
        sum += sizes[i];
    }
    return result;
}

std::uint32_t bucket_count(std::int64_t estimated_rows, std::size_t parts) {
    if (estimated_rows < kRowsPerBucket)
        return 1;
    const auto wanted = static_cast<std::uint32_t>(
        std::min<std::int64_t>(estimated_rows / kRowsPerBucket, kMaxBuckets));
    std::uint32_t buckets = std::bit_floor(wanted);
    while (buckets > 1 && buckets * kBucketBytes * parts > kMaxStateBytes)
        buckets /= 2;
    return buckets;
}

} // namespace custody::plan
