// A side whose rows come through COPY and are hashed here. Profiles fast and sql.
#pragma once

#include "loader/copy/stream.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

class StreamSide : public Side {
  public:
    using Progress = std::function<void(std::uint64_t rows, std::uint64_t bytes)>;

    /// In a transaction under the side's snapshot. `limiter` may be null and is not owned.
    StreamSide(pq::Connection &connection, Which which, copy::RateLimiter *limiter,
               Progress progress)
        : connection_(connection), which_(which), limiter_(limiter),
          progress_(std::move(progress)) {}

    Way way() const noexcept override { return Way::stream; }
    std::vector<digest::DigestValue> buckets(const Subject &subject) override;
    [[noreturn]] void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
                           const std::function<void(RowId &&)> &each) override;
    [[noreturn]] std::vector<RowValues> values(const Subject &subject,
                                               std::span<const RowId> wanted) override;

    /// Bytes of the longest row of the last buckets().
    std::uint64_t longest_row() const noexcept { return longest_row_; }

  private:
    pq::Connection &connection_;
    Which which_;
    copy::RateLimiter *limiter_;
    Progress progress_;
    std::uint64_t longest_row_ = 0;
};

} // namespace custody::verify
