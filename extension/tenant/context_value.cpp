#include "extension/tenant/context_value.hpp"

#include <charconv>
#include <cstring>

namespace custody::tenant {

namespace {

// In this order, then the orgs.
enum Field { kType, kSession, kWay, kExpires, kSerial, kUser, kRole, kClaims, kOrgs };

void append(std::string &value, std::string_view field) {
    value += std::to_string(field.size());
    value += ':';
    value += field;
}

/// Takes one field off the front; false where there is none.
bool take(std::string_view &rest, std::string_view &field) noexcept {
    const char *const end = rest.data() + rest.size();
    std::size_t length = 0;
    const auto [colon, error] = std::from_chars(rest.data(), end, length);
    if (error != std::errc() || colon == end || *colon != ':' ||
        length > static_cast<std::size_t>(end - colon - 1)) {
        return false;
    }
    field = {colon + 1, length};
    rest = {colon + 1 + length, static_cast<std::size_t>(end - colon - 1) - length};
    return true;
}

/// How many fields a value has; -1 where it is malformed.
int count_fields(std::string_view rest) noexcept {
    int count = 0;
    for (std::string_view field; !rest.empty(); ++count) {
        if (!take(rest, field)) {
            return -1;
        }
    }
    return count;
}

bool is_org_type(std::string_view type) noexcept {
    return type.size() == 1 && std::strchr("-ubt", type.front()) != nullptr;
}

template <typename Number> bool read_number(std::string_view text, Number &number) noexcept {
    const char *const end = text.data() + text.size();
    return std::from_chars(text.data(), end, number).ptr == end;
}

bool fill(Context &context, const std::string_view (&fields)[kOrgs]) noexcept {
    if (!is_org_type(fields[kType]) || !read_number(fields[kExpires], context.expires) ||
        !read_number(fields[kSerial], context.serial)) {
        return false;
    }
    context.org_type = static_cast<OrgType>(fields[kType].front());
    context.is_session = !fields[kSession].empty();
    context.way = fields[kWay];
    context.user = fields[kUser];
    context.role = fields[kRole];
    context.claims = fields[kClaims];
    return true;
}

} // namespace

std::string encode_context(const ContextValues &values, bool session, std::uint64_t serial) {
    std::string value;
    append(value, std::string(1, static_cast<char>(values.org_type)));
    append(value, session ? "s" : "");
    append(value, values.way);
    append(value, std::to_string(values.expires));
    append(value, std::to_string(serial));
    append(value, values.user);
    append(value, values.role);
    append(value, values.claims);
    for (const std::string &org : values.orgs) {
        append(value, org);
    }
    return value;
}

const Context *decode_context(const char *value) noexcept {
    const std::size_t length = std::strlen(value);
    const bool left = std::strcmp(value, kLeftValue) == 0;
    const int count = left ? 0 : count_fields({value, length});
    if (!left && count < kOrgs) {
        return nullptr;
    }
    const std::size_t orgs = left ? 0 : static_cast<std::size_t>(count - kOrgs);
    const std::size_t head = sizeof(Context) + orgs * sizeof(std::string_view);
    auto *block = static_cast<char *>(custody_guc_malloc(head + length));
    if (block == nullptr) {
        return nullptr;
    }
    auto *context = new (block) Context{};
    auto *org = reinterpret_cast<std::string_view *>(block + sizeof(Context));
    context->is_left = left;
    context->orgs = org;
    context->org_count = static_cast<std::uint32_t>(orgs);
    if (left) {
        return context;
    }
    std::memcpy(block + head, value, length);
    std::string_view rest{block + head, length};
    std::string_view fields[kOrgs];
    for (int i = 0; i < count; ++i) {
        take(rest, i < kOrgs ? fields[i] : org[i - kOrgs]);
    }
    return fill(*context, fields) ? context : nullptr;
}

} // namespace custody::tenant
