// Any bytes as a bundle of evidence, most of them bundles that were changed a little: never out of
// bounds, nothing proven but what is, and lines are JSON where nlohmann's reader says so. The seeds
// are the bundles of test/vectors/ledger.
#include "common/bundle.hpp"
#include "common/json_line.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

using namespace custody::ledger;

extern "C" std::size_t LLVMFuzzerMutate(unsigned char *bytes, std::size_t size, std::size_t most);

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::vector<std::string> lines_of(const std::string &text) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

BundleResult check(const std::string &text, const std::vector<Digest> &digests) {
    BundleCheck check(digests);
    for (std::string &line : lines_of(text)) {
        if (!check.add_line(line)) {
            break;
        }
    }
    return check.finish();
}

/// What is true of the ledger that the vectors are cut from.
struct Truth {
    using What = std::tuple<std::string, std::string, std::uint64_t, std::uint64_t>;
    using Numbers = std::tuple<std::uint64_t, std::uint64_t>;

    std::vector<Digest> digests;
    std::map<What, Numbers> proven; // kind, org, blocks: events, transactions

    static What what(const BundleResult &result) {
        return {result.kind, result.org, result.from_block, result.to_block};
    }
    static Numbers numbers(const BundleResult &result) {
        return {result.events, result.transactions + result.pruned};
    }

    Truth() {
        const std::string folder = "test/vectors/ledger/";
        std::ifstream index(folder + "bundles.tsv");
        must(index.good());
        std::set<Hash> known;
        for (std::string line; std::getline(index, line);) {
            const std::string file = line.substr(0, line.find('\t'));
            if (line.find("\tproven\t") == std::string::npos) {
                continue;
            }
            std::ifstream bundle(folder + "bundles/" + file, std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(bundle), {}};
            const Digest digest = parse_digest(line.substr(line.rfind('\t') + 1));
            if (known.insert(digest.hash).second) {
                digests.push_back(digest);
            }
            const BundleResult result = check(text, {digest});
            if (result.pruned == 0) { // then events are missing
                must(result.verdict == BundleVerdict::proven);
                proven[what(result)] = numbers(result);
            }
        }
        must(proven.size() > 5);
    }
};

const Truth &truth() {
    static const Truth kTruth;
    return kTruth;
}

bool too_deep(const std::string &line) {
    int depth = 0;
    int deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (in_text) {
            i += line[i] == '\\' ? 1 : 0;
            in_text = line[i] != '"';
            continue;
        }
        in_text = line[i] == '"';
        depth += line[i] == '{' || line[i] == '[' ? 1 : 0;
        depth -= line[i] == '}' || line[i] == ']' ? 1 : 0;
        deepest = std::max(deepest, depth);
    }
    return deepest >= static_cast<int>(JsonLine::kDeepest);
}

bool same(const JsonLine &line, std::uint32_t at, const nlohmann::json &other) {
    const JsonValue &value = line.at(at);
    const std::string text(value.text.begin(), value.text.end());
    std::uint32_t inner = at + 1;
    switch (value.kind) {
    case JsonKind::text:
        return other.is_string() && other.get_ref<const std::string &>() == text;
    case JsonKind::literal:
        return other.is_null() || other.is_boolean();
    case JsonKind::number:
        return other.is_number();
    case JsonKind::list:
        for (std::uint32_t i = 0; i < value.size; ++i, inner = line.at(inner).next) {
            if (!same(line, inner, other.at(i))) {
                return false;
            }
        }
        return other.is_array() && other.size() == value.size;
    default:
        break;
    }
    std::set<std::string> names;
    for (std::uint32_t i = 0; i < value.size; ++i) {
        names.emplace(line.at(inner).text.begin(), line.at(inner).text.end());
        inner = line.at(inner + 1).next;
    }
    return other.is_object() && other.size() == names.size();
}

void check_json(const std::string &text) {
    const auto other = nlohmann::json::parse(text, nullptr, false);
    std::string copy = text;
    JsonLine line;
    if (line.parse(copy)) {
        must(same(line, 0, other));
    } else if (!too_deep(text) && text.find('\0') == std::string::npos) {
        // A NUL is the end for nlohmann's reader. What is left is no object.
        must(!other.is_object());
    }
}

/// Changes of whole lines, which mutations of bytes hardly ever make.
std::string other_lines(const std::string &text, std::mt19937 &random) {
    std::vector<std::string> lines = lines_of(text);
    if (lines.empty()) {
        return text;
    }
    const auto any = [&] { return lines.begin() + static_cast<long>(random() % lines.size()); };
    switch (random() % 4) {
    case 0:
        lines.erase(any());
        break;
    case 1: {
        const std::string copy = *any();
        lines.insert(any(), copy);
        break;
    }
    case 2:
        std::iter_swap(any(), any());
        break;
    default: { // one character that stays of its kind
        std::string &line = *any();
        const std::size_t at = line.empty() ? 0 : random() % line.size();
        if (!line.empty() && std::isxdigit(static_cast<unsigned char>(line[at]))) {
            line[at] = "0123456789abcdef"[random() % (std::isdigit(line[at]) ? 10 : 16)];
        }
    }
    }
    std::string changed;
    for (const std::string &line : lines) {
        changed += line + '\n';
    }
    return changed;
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char *bytes, std::size_t size,
                                               std::size_t most, unsigned seed) {
    std::mt19937 random(seed);
    if (random() % 4 == 0) {
        return LLVMFuzzerMutate(bytes, size, most);
    }
    const std::string changed = other_lines({reinterpret_cast<const char *>(bytes), size}, random);
    const std::size_t kept = std::min(changed.size(), most);
    std::memcpy(bytes, changed.data(), kept);
    return kept;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char *>(bytes), size);
    const BundleResult result = check(text, truth().digests);
    must((result.verdict == BundleVerdict::refuted) == (result.reason != Reason::none));
    must(result.line <= result.lines);
    if (result.verdict == BundleVerdict::proven && result.pruned == 0) {
        const auto known = truth().proven.find(Truth::what(result));
        must(known == truth().proven.end() || known->second == Truth::numbers(result));
        must(check(text, {}).verdict == BundleVerdict::unproven);
    }
    const auto lines = lines_of(text);
    if (!lines.empty()) { // one is enough: every line is looked at in some input
        check_json(lines[size % lines.size()]);
    }
    return 0;
}
