#include "loader/audit/continuity.hpp"

#include <fmt/format.h>

namespace custody::audit {
namespace {

Break fork(std::string detail) { return {"fork", std::move(detail)}; }

} // namespace

Continuity::Continuity(const ledger::Digest &last, const ledger::Digest &newest)
    : last_(last), newest_(newest), next_(last.block) {}

std::optional<Break> Continuity::begin() const {
    if (newest_.ledger != last_.ledger)
        return fork("the last digest is of another ledger");
    if (newest_.block < last_.block)
        return Break{"old digest", fmt::format("the ledger ends with block {}, and block {} was "
                                               "anchored: an older state of the database, or the "
                                               "last blocks were dropped",
                                               newest_.block, last_.block)};
    return std::nullopt;
}

std::optional<Break> Continuity::add(const ChainBlock &row) {
    const std::uint64_t number = row.block.number;
    if (number != next_)
        return Break{"gap", fmt::format("block {} is missing", next_)};
    const auto hash = ledger::block_hash(row.block);
    if (hash != row.stored)
        return fork(fmt::format("block {} was changed: it does not have its own hash", number));
    if (number == last_.block && hash != last_.hash)
        return fork(fmt::format("block {} is not the one that was anchored", number));
    if (number != last_.block && row.block.before != before_)
        return fork(fmt::format("block {} does not follow block {}", number, number - 1));
    if (number == newest_.block && hash != newest_.hash)
        return fork(fmt::format("block {} is not the one of the new digest", number));
    before_ = hash;
    ++next_;
    return std::nullopt;
}

std::optional<Break> Continuity::end() const {
    if (next_ <= newest_.block)
        return Break{"gap", fmt::format("block {} is missing", next_)};
    return std::nullopt;
}

} // namespace custody::audit
