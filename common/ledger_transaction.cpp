#include "common/ledger_transaction.hpp"

#include <algorithm>
#include <cstring>

#include "common/big_endian.hpp"

namespace custody::ledger {

namespace {

/// Takes `size` bytes off the front; nullptr where there are not so many.
const std::byte *take(Bytes &rest, std::size_t size) noexcept {
    if (rest.size() < size) {
        return nullptr;
    }
    const std::byte *bytes = rest.data();
    rest = rest.subspan(size);
    return bytes;
}

bool take_lp(Bytes &rest, Bytes &value) noexcept {
    const std::byte *length = take(rest, 4);
    if (length == nullptr) {
        return false;
    }
    const std::size_t size = wire::get_big<std::uint32_t>(length);
    const std::byte *bytes = take(rest, size);
    value = Bytes(bytes, bytes == nullptr ? 0 : size);
    return bytes != nullptr || size == 0;
}

bool take_count(Bytes &rest, std::uint16_t &count) noexcept {
    const std::byte *bytes = take(rest, 2);
    count = bytes == nullptr ? std::uint16_t{0} : wire::get_big<std::uint16_t>(bytes);
    return bytes != nullptr;
}

} // namespace

bool OrgReader::next(OrgTree &tree) noexcept {
    if (!good_ || rest_.empty()) {
        return false;
    }
    good_ = false;
    if (!take_lp(rest_, tree.org)) {
        return false;
    }
    const std::byte *bytes = take(rest_, 4 + 32);
    if (bytes == nullptr) {
        return false;
    }
    if (!first_ && !std::lexicographical_compare(last_.begin(), last_.end(), tree.org.begin(),
                                                 tree.org.end())) {
        return false;
    }
    tree.events = wire::get_big<std::uint32_t>(bytes);
    std::memcpy(tree.tree.data(), bytes + 4, 32);
    last_ = tree.org;
    first_ = false;
    good_ = true;
    return true;
}

std::optional<std::uint32_t> orgs_number(Bytes orgs) noexcept {
    OrgReader reader(orgs);
    std::uint32_t number = 0;
    for (OrgTree tree; reader.next(tree);) {
        ++number;
    }
    return reader.complete() ? std::optional(number) : std::nullopt;
}

std::byte *put_org_tree(std::byte *out, const OrgTree &tree) noexcept {
    wire::put_u32(out, static_cast<std::uint32_t>(tree.org.size()));
    out += 4;
    if (!tree.org.empty()) { // an empty span may have no address
        std::memcpy(out, tree.org.data(), tree.org.size());
        out += tree.org.size();
    }
    wire::put_u32(out, tree.events);
    std::memcpy(out + 4, tree.tree.data(), tree.tree.size());
    return out + 4 + tree.tree.size();
}

ContextReader::ContextReader(Bytes contexts) noexcept
    : rest_(contexts), good_(take_count(rest_, count_)) {}

bool ContextReader::next(std::array<ContextPart, kContextParts> &parts) noexcept {
    if (!good_ || read_ == count_) {
        return false;
    }
    for (std::uint8_t i = 0; i < kContextParts && good_; ++i) {
        good_ = read_part(i, parts[i]);
    }
    ++read_;
    return good_;
}

bool ContextReader::read_part(std::uint8_t number, ContextPart &part) noexcept {
    const std::byte *form = take(rest_, 1);
    if (form == nullptr || std::to_integer<unsigned>(*form) > 1) {
        return false;
    }
    part.erased = *form == std::byte{0};
    part.bytes = {};
    if (part.erased) {
        const std::byte *commitment = take(rest_, part.commitment.size());
        if (commitment == nullptr) {
            return false;
        }
        std::memcpy(part.commitment.data(), commitment, part.commitment.size());
        part.salt = {};
        return true;
    }
    const std::byte *salt = take(rest_, part.salt.size());
    if (salt == nullptr || !take_lp(rest_, part.bytes)) {
        return false;
    }
    std::memcpy(part.salt.data(), salt, part.salt.size());
    part.commitment = context_part(number, part.salt, part.bytes);
    return true;
}

Hash context_of(const std::array<ContextPart, kContextParts> &parts) noexcept {
    return context_commitment({parts[0].commitment, parts[1].commitment, parts[2].commitment});
}

FieldReader::FieldReader(Bytes part) noexcept : rest_(part), good_(take_count(rest_, count_)) {}

bool FieldReader::next(std::optional<std::string_view> &field) noexcept {
    if (!good_ || read_ == count_) {
        return false;
    }
    ++read_;
    const std::byte *bytes = take(rest_, 4);
    good_ = bytes != nullptr;
    if (!good_) {
        return false;
    }
    const std::int32_t length = wire::get_i32(bytes);
    field.reset();
    if (length == -1) {
        return true;
    }
    const auto size = static_cast<std::size_t>(length);
    bytes = length < 0 ? nullptr : take(rest_, size);
    good_ = length == 0 || bytes != nullptr;
    if (good_) {
        field.emplace(reinterpret_cast<const char *>(bytes), size);
    }
    return good_;
}

} // namespace custody::ledger
