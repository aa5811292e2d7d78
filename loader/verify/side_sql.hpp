// A side on which nothing is installed: plain SQL computes the sql profile (common/sql_profile).
#pragma once

#include "loader/verify/reading.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

class SqlSide : public Side {
  public:
    /// In a transaction under the side's snapshot; pinned (pq/session.hpp).
    SqlSide(pq::Connection &connection, Which which) : connection_(connection), which_(which) {}

    Way way() const noexcept override { return Way::sql; }
    /// The subject's profile must be sql: std::logic_error otherwise.
    std::vector<digest::DigestValue> buckets(const Subject &subject) override;
    void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
              const std::function<void(RowId &&)> &each) override;
    std::vector<RowValues> values(const Subject &subject, std::span<const RowId> wanted) override;

  private:
    pq::Connection &connection_;
    Which which_;
};

} // namespace custody::verify
