// The bundles of test/vectors/ledger, which were made from docs/ledger-format.md by Python that
// shares nothing with common/: verdict, reason and line of each.
#include "common/bundle.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace custody::ledger;

namespace {

const std::string kFolder = CUSTODY_SOURCE_DIR "/test/vectors/ledger/";

BundleResult check(const std::string &text, const std::vector<Digest> &digests) {
    BundleCheck check(digests);
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (!check.add_line(line)) {
            break;
        }
    }
    return check.finish();
}

std::string read(const std::string &file) {
    std::ifstream stream(kFolder + "bundles/" + file, std::ios::binary);
    EXPECT_TRUE(stream) << file;
    return {std::istreambuf_iterator<char>(stream), {}};
}

struct Case {
    std::string file, kind, verdict, reason, line, digest;
};

std::vector<Case> cases() {
    std::ifstream index(kFolder + "bundles.tsv");
    std::vector<Case> all;
    for (std::string line; std::getline(index, line);) {
        Case one;
        std::istringstream fields(line);
        for (std::string *field :
             {&one.file, &one.kind, &one.verdict, &one.reason, &one.line, &one.digest}) {
            std::getline(fields, *field, '\t');
        }
        all.push_back(one);
    }
    return all;
}

std::vector<Digest> digests_of(const Case &one) {
    return one.digest == "-" ? std::vector<Digest>{} : std::vector{parse_digest(one.digest)};
}

TEST(Bundle, EveryVector) {
    const auto all = cases();
    EXPECT_GT(all.size(), 200U);
    for (const Case &one : all) {
        const BundleResult result = check(read(one.file), digests_of(one));
        EXPECT_EQ(verdict_word(result.verdict), one.verdict)
            << one.file << ": line " << result.line << ": " << result.detail;
        if (one.verdict == "refuted") {
            EXPECT_EQ(reason_word(result.reason), one.reason)
                << one.file << ": line " << result.line << ": " << result.detail;
            EXPECT_FALSE(result.detail.empty());
        }
        if (one.line != "-") {
            EXPECT_EQ(std::to_string(result.line), one.line) << one.file << ": " << result.detail;
        }
    }
}

} // namespace
