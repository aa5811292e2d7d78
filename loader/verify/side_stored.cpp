#include "loader/verify/side_stored.hpp"

#include <stdexcept>

#include "loader/verify/digests.hpp"

namespace custody::verify {

std::vector<digest::DigestValue> StoredSide::buckets(const Subject &subject) {
    if (subject.profile != digest::Profile::fast || !subject.condition.empty() ||
        subject.buckets != digests_.size() || subject.form != subject.table->form)
        throw std::logic_error("the stored digests are of something else");
    return described(digests_, subject);
}

void StoredSide::rows(const Subject &, std::span<const std::uint32_t>,
                      const std::function<void(RowId &&)> &) {
    throw std::logic_error("no rows are stored");
}

std::vector<RowValues> StoredSide::values(const Subject &, std::span<const RowId>) {
    throw std::logic_error("no rows are stored");
}

} // namespace custody::verify
