// Any bytes as a row in either form, under rules that the first bytes choose: never out of bounds,
// and normalising twice is normalising once.
// FUZZ_SECONDS=600 test/fuzz/run wire_row_fuzz.cpp looks for longer.
#include "common/wire_row.hpp"

#include <cstdlib>

using namespace custody::wire;

namespace {

using Bytes = std::span<const std::byte>;

std::byte take(Bytes &data) {
    if (data.empty()) {
        return {};
    }
    const std::byte first = data.front();
    data = data.subspan(1);
    return first;
}

TypeRule make_rule(Bytes &data, int depth) {
    const auto choice = std::to_integer<unsigned>(take(data));
    TypeRule rule;
    rule.kind = depth == 0 ? static_cast<Kind>(choice % 3) : static_cast<Kind>(choice % 7);
    std::size_t children = 0;
    if (rule.kind == Kind::composite) {
        children = choice / 7 % 4;
    } else if (rule.kind >= Kind::array) {
        children = 1;
    }
    for (std::size_t i = 0; i < children; ++i) {
        rule.children.push_back(make_rule(data, depth - 1));
    }
    return rule;
}

void check_value(const TypeRule &rule, Bytes data) {
    std::vector<std::byte> value(data.begin(), data.end());
    normalise(rule, value);
    const std::vector<std::byte> once = value;
    normalise(rule, value);
    if (value != once) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    Bytes data = std::as_bytes(std::span(bytes, size));
    const auto choice = std::to_integer<unsigned>(take(data));
    std::vector<TypeRule> rules(choice / 4 % 4);
    for (TypeRule &rule : rules) {
        rule = make_rule(data, 3);
    }
    std::vector<std::uint16_t> key;
    if (!rules.empty() && (choice & 2) != 0) {
        key.push_back(static_cast<std::uint16_t>(choice / 16 % rules.size()));
    }
    try {
        StreamHasher hasher((choice & 1) != 0 ? Form::text : Form::binary, rules, key, 16);
        hasher.add(data);
        if (!rules.empty()) {
            check_value(rules.front(), data);
        }
    } catch (const WireError &) {
        return 0;
    }
    return 0;
}
