// A side that is remembered: the digests that a migration stored of what it copied.
#pragma once

#include "loader/verify/side.hpp"

namespace custody::verify {

class StoredSide : public Side {
  public:
    explicit StoredSide(digest::BucketSet digests) : digests_(std::move(digests)) {}

    Way way() const noexcept override { return Way::stored; }
    /// The subject must be what was copied: all rows, the profile fast, as many buckets.
    /// std::logic_error otherwise.
    std::vector<digest::DigestValue> buckets(const Subject &subject) override;
    [[noreturn]] void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
                           const std::function<void(RowId &&)> &each) override;
    [[noreturn]] std::vector<RowValues> values(const Subject &subject,
                                               std::span<const RowId> wanted) override;

  private:
    digest::BucketSet digests_;
};

} // namespace custody::verify
