#include "loader/verify/side_stream.hpp"

#include <stdexcept>

#include "loader/copy/hasher.hpp"
#include "loader/verify/digests.hpp"
#include "loader/verify/reading.hpp"

namespace custody::verify {

std::vector<digest::DigestValue> StreamSide::buckets(const Subject &subject) {
    copy::StreamRequest request;
    request.out_sql = copy_out(subject, which_);
    request.form = subject.form;
    request.limiter = limiter_;
    request.progress = progress_;
    auto hasher = copy::make_hasher(*subject.table, subject.form, subject.buckets, subject.profile);
    longest_row_ = copy::stream(connection_, nullptr, request, hasher).longest_row;
    return hasher.digests(empty_digest(subject).columns);
}

void StreamSide::rows(const Subject &, std::span<const std::uint32_t>,
                      const std::function<void(RowId &&)> &) {
    throw std::logic_error("rows are asked of sql or extension");
}

std::vector<RowValues> StreamSide::values(const Subject &, std::span<const RowId>) {
    throw std::logic_error("rows are asked of sql or extension");
}

} // namespace custody::verify
