// A side whose server has the extension: digests and rows come from its scans, no row travels but
// those of wanted buckets. Any profile; evidence only of a whole table (see buckets()).
#pragma once

#include "loader/verify/reading.hpp"
#include "loader/verify/side.hpp"

namespace custody::verify {

class ExtensionSide : public Side {
  public:
    /// In a transaction under the side's snapshot.
    ExtensionSide(pq::Connection &connection, Which which)
        : connection_(connection), which_(which) {}

    Way way() const noexcept override { return Way::extension; }
    /// With the profile evidence: one digest, the table's, whatever the subject's buckets.
    /// Throws Error (refused) "not-by-extension" for what no scan of the extension can do: a cast,
    /// or evidence of selected rows or of partitions put together.
    std::vector<digest::DigestValue> buckets(const Subject &subject) override;
    void rows(const Subject &subject, std::span<const std::uint32_t> wanted,
              const std::function<void(RowId &&)> &each) override;
    std::vector<RowValues> values(const Subject &subject, std::span<const RowId> wanted) override;

  private:
    pq::Connection &connection_;
    Which which_;
};

} // namespace custody::verify
