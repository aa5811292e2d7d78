#include "common/key_lines.hpp"

#include <algorithm>
#include <string>

#include "common/base64url.hpp"
#include "common/own_token.hpp"

namespace custody::token {

namespace {

constexpr std::size_t kLongestSecret = 1024;
constexpr std::string_view kAsText = "text:";

std::string_view take_word(std::string_view &line) {
    const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    const std::string_view word = line.substr(start, end - start);
    line.remove_prefix(std::min(line.find_first_not_of(" \t", end), line.size()));
    return word;
}

Algorithm algorithm_of(std::string_view word) {
    for (const Algorithm one : {Algorithm::hmac_sha256, Algorithm::hs256}) {
        if (word == algorithm_word(one)) {
            return one;
        }
    }
    throw KeyError("the algorithm is none of HMAC-SHA256 and HS256");
}

HmacKey key_of(std::string_view secret) {
    std::array<std::byte, kLongestSecret> bytes;
    std::span<const std::byte> found;
    if (secret.starts_with(kAsText)) {
        found = std::as_bytes(std::span(secret.substr(kAsText.size())));
    } else if (const auto size = decode_base64url(secret, bytes)) {
        found = std::span(bytes).first(*size);
    } else {
        throw KeyError("the secret is no base64url");
    }
    if (found.size() < kShortestSecret) {
        wipe(bytes.data(), bytes.size());
        throw KeyError(found.empty() ? "the secret is empty"
                                     : "the secret is shorter than 32 bytes");
    }
    const HmacKey key(found);
    wipe(bytes.data(), bytes.size());
    return key;
}

void read_line(std::string_view line, FileKey &key) {
    const std::string_view name = take_word(line);
    const std::string_view algorithm = take_word(line);
    if (!is_kid(name)) {
        throw KeyError("the name is not 1 to 64 letters, digits, - and _");
    }
    key = FileKey{};
    std::copy(name.begin(), name.end(), key.name.begin());
    key.name_length = name.size();
    key.algorithm = algorithm_of(algorithm);
    key.key = key_of(line);
}

} // namespace

std::size_t read_key_lines(std::string_view text, std::span<FileKey> keys) {
    std::size_t count = 0;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
        if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with('#')) {
            continue;
        }
        try {
            if (count == keys.size()) {
                throw KeyError("there are too many keys");
            }
            read_line(line, keys[count]);
            const auto same = [&](const FileKey &other) {
                return other.name_text() == keys[count].name_text();
            };
            if (std::any_of(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count),
                            same)) {
                throw KeyError("the name stands in the file twice");
            }
        } catch (const KeyError &error) {
            throw KeyError("line " + std::to_string(number) + ": " + error.what());
        }
        ++count;
    }
    if (count == 0) {
        throw KeyError("the file holds no key");
    }
    return count;
}

} // namespace custody::token
