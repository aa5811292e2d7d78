// Any bytes as a bundle of evidence, most of them bundles that were changed a little: never out of
// bounds, nothing proven but what is, and lines are JSON where nlohmann's reader says so. The seeds
// are the bundles of test/vectors/ledger.
#include "common/bundle.hpp"
#include "common/json_line.hpp"
#include "test/fuzz/bundle_change.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

using namespace custody::ledger;

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// A copy without a byte more, so that AddressSanitizer sees where it is read past its end.
class Copy {
  public:
    explicit Copy(std::string_view line)
        : size_(line.size()), bytes_(std::make_unique_for_overwrite<char[]>(size_)) {
        line.copy(bytes_.get(), size_);
    }
    std::span<char> span() { return {bytes_.get(), size_}; }

  private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

BundleResult check(const std::vector<std::string_view> &lines, const std::vector<Digest> &digests) {
    BundleCheck check(digests);
    for (const std::string_view line : lines) {
        if (!check.add_line(Copy(line).span())) {
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
    std::vector<std::string> whole; // bundles as exported, the short ones first

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
        std::map<std::uint64_t, Hash> known; // by block
        for (std::string line; std::getline(index, line);) {
            const std::string file = line.substr(0, line.find('\t'));
            if (line.find("\tproven\t") == std::string::npos) {
                continue;
            }
            std::ifstream bundle(folder + "bundles/" + file, std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(bundle), {}};
            const Digest digest = parse_digest(line.substr(line.rfind('\t') + 1));
            const auto [block, is_new] = known.emplace(digest.block, digest.hash);
            if (block->second != digest.hash) {
                continue; // of another ledger: with both, all that has the block were a fork
            }
            if (is_new) {
                digests.push_back(digest);
            }
            const BundleResult result = check(fuzz::lines_of(text), {digest});
            if (result.pruned == 0) { // then events are missing
                must(result.verdict == BundleVerdict::proven);
                proven[what(result)] = numbers(result);
            }
            whole.push_back(text);
        }
        std::sort(whole.begin(), whole.end(),
                  [](const auto &one, const auto &other) { return one.size() < other.size(); });
        must(proven.size() > 5);
        for (const std::string &text : whole) {
            must(check(fuzz::lines_of(text), digests).verdict == BundleVerdict::proven);
        }
    }
};

const Truth &truth() {
    static const Truth kTruth;
    return kTruth;
}

bool too_deep(std::string_view line) {
    int depth = 0;
    int deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (in_text) {
            i += line[i] == '\\' ? 1 : 0;
            in_text = i >= line.size() || line[i] != '"';
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

/// The verifier reads such a number, and then refuses it, for it is not whole.
bool beyond_a_double(std::string_view text) {
    try {
        return nlohmann::json::parse(text).is_discarded();
    } catch (const nlohmann::json::out_of_range &) {
        return true;
    } catch (const nlohmann::json::parse_error &) {
        return false;
    }
}

void check_json(std::string_view text) {
    const auto other = nlohmann::json::parse(text, nullptr, false);
    Copy copy(text);
    JsonLine line;
    if (line.parse(copy.span())) {
        must(same(line, 0, other) || beyond_a_double(text));
    } else if (!too_deep(text) && text.find('\0') == std::string_view::npos &&
               !text.starts_with("\xef\xbb\xbf")) {
        // A NUL is the end for nlohmann's reader, and a byte order mark is skipped. What is left is
        // no object.
        must(!other.is_object());
    }
}

/// Nearly all lines of an input were in one before it.
bool seen_before(std::string_view line) {
    static std::array<std::size_t, 1U << 16> last_hash;
    const std::size_t hash = std::hash<std::string_view>()(line);
    return std::exchange(last_hash[hash % last_hash.size()], hash) == hash;
}

std::size_t put(std::string_view text, unsigned char *bytes, std::size_t most) {
    const std::size_t size = std::min(text.size(), most);
    std::memcpy(bytes, text.data(), size);
    return size;
}

std::string_view text_of(const unsigned char *bytes, std::size_t size) {
    return {reinterpret_cast<const char *>(bytes), size};
}

} // namespace

/// Where memory came from is told in few frames: more take a tenth of the time.
extern "C" const char *__asan_default_options() { return "malloc_context_size=5"; }

extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char *bytes, std::size_t size,
                                               std::size_t most, unsigned seed) {
    if (seed % 16 == 0) {
        return LLVMFuzzerMutate(bytes, size, most);
    }
    // What is wrong early hides what comes late: every fourth change is the first one.
    const auto &whole = truth().whole;
    const std::size_t first = std::min(seed / 16 % whole.size(), seed / 1024 % whole.size());
    const std::string_view base = seed % 4 == 1 ? whole[first] : text_of(bytes, size);
    return put(fuzz::Change(base, seed).make(), bytes, most);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const unsigned char *one, std::size_t one_size,
                                                 const unsigned char *other, std::size_t other_size,
                                                 unsigned char *bytes, std::size_t most,
                                                 unsigned seed) {
    return put(fuzz::cross(text_of(one, one_size), text_of(other, other_size), seed), bytes, most);
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    const auto lines = fuzz::lines_of(text_of(bytes, size));
    const BundleResult result = check(lines, truth().digests);
    must((result.verdict == BundleVerdict::refuted) == (result.reason != Reason::none));
    must(result.line <= result.lines && result.lines <= lines.size());
    if (result.verdict == BundleVerdict::proven && result.pruned == 0) {
        const auto known = truth().proven.find(Truth::what(result));
        must(known == truth().proven.end() || known->second == Truth::numbers(result));
        must(check(lines, {}).verdict == BundleVerdict::unproven);
    }
    for (const std::string_view line : lines) {
        if (!seen_before(line)) {
            check_json(line);
        }
    }
    return 0;
}
